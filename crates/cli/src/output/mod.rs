//! How results look: styles, diffs, progress for people; documents for programs.

pub mod bar;
pub mod diff;
pub mod json;
pub mod progress;
pub mod table;
pub mod time;
mod visible;

use std::fmt::Display;

use mlxcode_terminal::{ColorDepth, Role, Style as TextStyle, Theme, ThemeChoice};

use crate::host::Host;

pub use visible::visible;

/// Colours for one stream, or none.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    depth: ColorDepth,
    error: TextStyle,
    strong: TextStyle,
    dim: TextStyle,
    place: TextStyle,
    added: TextStyle,
    removed: TextStyle,
}

impl Style {
    /// For the stream of answers.
    pub fn for_output(host: &Host<'_>) -> Self {
        Self::of(host, host.color)
    }

    /// For the stream of messages.
    pub fn for_messages(host: &Host<'_>) -> Self {
        Self::of(host, host.color && host.live)
    }

    fn of(host: &Host<'_>, on: bool) -> Self {
        let capabilities = host.terminal.capabilities();
        let usual = || Theme::new(&ThemeChoice::Auto, &capabilities);
        let theme = host.theme.clone().unwrap_or_else(usual);
        let error = TextStyle { bold: true, ..theme.style(Role::Error) };
        Self {
            depth: if on { capabilities.colors } else { ColorDepth::None },
            error,
            strong: theme.style(Role::Strong),
            dim: theme.style(Role::Faint),
            place: theme.style(Role::Attribute),
            added: theme.style(Role::Added),
            removed: theme.style(Role::Removed),
        }
    }

    /// As it is, but for what a terminal would obey.
    #[allow(clippy::unused_self, reason = "one of the styles, which are methods")]
    pub fn plain(self, text: impl Display) -> String {
        visible(text)
    }

    /// Something went wrong.
    pub fn error(self, text: impl Display) -> String {
        self.paint(self.error, text)
    }

    /// Worth seeing first.
    pub fn strong(self, text: impl Display) -> String {
        self.paint(self.strong, text)
    }

    /// Worth seeing last.
    pub fn dim(self, text: impl Display) -> String {
        self.paint(self.dim, text)
    }

    /// A place in the code.
    pub fn place(self, text: impl Display) -> String {
        self.paint(self.place, text)
    }

    /// A line that comes.
    pub fn added(self, text: impl Display) -> String {
        self.paint(self.added, text)
    }

    /// A line that goes.
    pub fn removed(self, text: impl Display) -> String {
        self.paint(self.removed, text)
    }

    fn paint(self, style: TextStyle, text: impl Display) -> String {
        let text = visible(text);
        // Without colours nothing is emphasised either: a file reads it.
        match self.depth {
            ColorDepth::None => text,
            depth => style.paint(&text, depth).into_owned(),
        }
    }
}

/// Counts something in words: `1 file`, `2 files`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
