//! How results look: styles, diffs, progress for people; documents for programs.

pub mod bar;
pub mod diff;
pub mod json;
pub mod progress;
pub mod table;
pub mod time;
mod visible;

use std::fmt::Display;

use anstyle::{AnsiColor, Style as Ansi};

use crate::host::Host;

pub use visible::visible;

/// Colours for one stream, or none.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    on: bool,
}

impl Style {
    /// For the stream of answers.
    pub fn for_output(host: &Host<'_>) -> Self {
        Self { on: host.color }
    }

    /// For the stream of messages.
    pub fn for_messages(host: &Host<'_>) -> Self {
        Self { on: host.color && host.live }
    }

    /// As it is, but for what a terminal would obey.
    #[allow(clippy::unused_self, reason = "one of the styles, which are methods")]
    pub fn plain(self, text: impl Display) -> String {
        visible(text)
    }

    /// Something went wrong.
    pub fn error(self, text: impl Display) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    /// Worth seeing first.
    pub fn strong(self, text: impl Display) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    /// Worth seeing last.
    pub fn dim(self, text: impl Display) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    /// A place in the code.
    pub fn place(self, text: impl Display) -> String {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }

    /// A line that comes.
    pub fn added(self, text: impl Display) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// A line that goes.
    pub fn removed(self, text: impl Display) -> String {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    fn paint(self, style: Ansi, text: impl Display) -> String {
        let text = visible(text);
        if self.on { format!("{style}{text}{style:#}") } else { text }
    }
}

/// Counts something in words: `1 file`, `2 files`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
