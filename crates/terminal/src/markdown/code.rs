//! Code between fences.

use crate::highlight::{Highlighter, highlighted};
use crate::visible::visible;
use crate::width::expand_tabs;
use crate::{ColorDepth, Role, Screen, Style};

/// Code that is being read.
pub(super) struct Code {
    byte: u8,
    count: usize,
    indent: usize,
    highlighter: Highlighter,
    /// Whether the beginning of the current line is shown already.
    pub begun: bool,
}

impl Code {
    /// Code after a fence, and the line that shows the fence.
    pub fn new(
        (byte, count, indent): (u8, usize, usize),
        info: &str,
        screen: &Screen,
        base: Style,
    ) -> (Self, String) {
        let info = visible(info.trim()).into_owned();
        let language = info
            .trim_start_matches(['{', '.'])
            .split([' ', ',', '}', '{', ':', ';', '['])
            .next()
            .unwrap_or_default();
        let highlighter = if screen.depth() == ColorDepth::None {
            Highlighter::plain()
        } else {
            Highlighter::for_language(language)
        };
        let line = if screen.capabilities.plain {
            if language.is_empty() { "Code:".to_owned() } else { format!("Code, {language}:") }
        } else {
            faint(&format!("{}{info}", fence(byte, count)), screen, base)
        };
        (Self { byte, count, indent, highlighter, begun: false }, line)
    }

    /// Whether a line ends the code.
    pub fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim_start_matches(' ');
        let fence = text.trim_end();
        line.len() - text.len() < 4
            && fence.len() >= self.count
            && fence.bytes().all(|byte| byte == self.byte)
    }

    /// A line as it is shown.
    pub fn line(&mut self, line: &str, screen: &Screen, base: Style) -> String {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let line = if self.begun { line } else { &line[spaces.min(self.indent)..] };
        let line = expand_tabs(line, 0);
        highlighted(&visible(&line), &mut self.highlighter, screen, base)
    }

    /// The line below the code.
    pub fn end(&self, screen: &Screen, base: Style) -> String {
        if screen.capabilities.plain {
            return "End of code.".to_owned();
        }
        faint(&fence(self.byte, self.count), screen, base)
    }
}

fn fence(byte: u8, count: usize) -> String {
    // A longer one than anybody reads is as good as a short one.
    char::from(byte).to_string().repeat(count.min(10))
}

fn faint(text: &str, screen: &Screen, base: Style) -> String {
    screen.paint_style(screen.theme.style(Role::Mark).over(base), text)
}
