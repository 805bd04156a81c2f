//! A whole file in a fence, under its path.

use super::fence::Fence;
use super::held_file::HeldFile;
use super::quiet::quiet_lines;
use super::{BrokenReason, Line, Naming, Origin, ParsedItem, Step, path_line};

/// A fence that is being read.
#[derive(Clone, Debug)]
pub struct WholeFile {
    fence: Fence,
    /// `None` for a fence that belongs to no file: read over.
    path: Option<String>,
    naming: Naming,
    origin: Origin,
    content: String,
    depth: usize,
    end: usize,
    is_shell: bool,
}

impl WholeFile {
    /// Begins after the opening line.
    pub fn open(fence: Fence, named: Option<(String, Naming)>, origin: Origin) -> Self {
        let (path, naming) = match named {
            Some((path, naming)) => (Some(path), naming),
            None => (None, Naming::Guess),
        };
        let is_shell = path_line::is_shell(&fence.language);
        Self { fence, path, naming, origin, content: String::new(), depth: 0, end: 0, is_shell }
    }

    /// Takes the lines at the beginning of `text` that are kept and nothing
    /// else, since no fence begins like them: how many bytes and lines.
    pub fn quiet(&mut self, text: &str) -> (usize, usize) {
        if self.is_command() || !self.fence.is_flush() {
            return (0, 0);
        }
        let is_quiet = |line: &[u8]| {
            let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
            first.is_none_or(|first| first.is_ascii_graphic() && !self.fence.begins_with(*first))
        };
        let (bytes, lines) = quiet_lines(text, is_quiet);
        if self.path.is_some() {
            self.content.push_str(&text[..bytes]);
        }
        (bytes, lines)
    }

    /// Reads a line.
    pub fn line(&mut self, line: Line<'_>) -> Step {
        // The fence of an example in a docstring.
        let deeper = self.path.is_some() && self.fence.is_deeper(line.text);
        if !deeper && self.fence.closes(line.text) {
            if self.depth == 0 {
                self.end = line.end;
                return Step::Done;
            }
            self.depth -= 1;
        } else if !deeper && self.may_nest() && self.fence.nests(line.text) {
            self.depth += 1;
        }
        // What belongs to no file and is no command is read over.
        if self.path.is_some() || self.is_command() {
            self.content.push_str(self.fence.inner(line.text));
            self.content.push('\n');
        }
        Step::More
    }

    /// Whether the fence holds commands of a shell.
    pub fn is_command(&self) -> bool {
        self.path.is_none() && self.is_shell
    }

    /// The commands, after the last line.
    pub fn command(self) -> Option<ParsedItem> {
        let full = !self.content.trim().is_empty();
        full.then(|| self.origin.command(self.content, self.fence.language, self.end))
    }

    /// The file, after its last line.
    pub fn close(self) -> Option<HeldFile> {
        let is_markdown = self.is_markdown();
        let Self { fence, path, naming, origin, content, end, .. } = self;
        let mut held = HeldFile::new(fence, (path?, naming), origin, content, end);
        held.is_markdown = is_markdown;
        Some(held)
    }

    /// The reply ended inside.
    pub fn cut(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        if let Some(path) = self.path.take() {
            out.push(self.origin.broken(Some(path), BrokenReason::Unterminated, end));
        }
    }

    /// In a file, a fence with a language is one of its own, or the file's own
    /// end is missing. In prose, only Markdown holds fences.
    fn may_nest(&self) -> bool {
        self.path.is_some() || self.is_markdown()
    }

    fn is_markdown(&self) -> bool {
        let ending = self.path.as_deref().and_then(|path| path.rsplit_once('.'));
        ending.is_some_and(|(_, ending)| {
            ["md", "mdx", "markdown"].iter().any(|known| ending.eq_ignore_ascii_case(known))
        }) || matches!(self.fence.language.as_str(), "md" | "mdx" | "markdown")
    }
}
