//! A whole file in a fence, under its path.

use super::fence::Fence;
use super::{BrokenReason, EditAction, Line, Origin, ParsedItem, Step};

/// A fence that is being read.
#[derive(Clone, Debug)]
pub struct WholeFile {
    fence: Fence,
    /// `None` for a fence that belongs to no file: read over.
    path: Option<String>,
    origin: Origin,
    content: String,
    depth: usize,
}

impl WholeFile {
    /// Begins after the opening line.
    pub fn open(fence: Fence, path: Option<String>, origin: Origin) -> Self {
        Self { fence, path, origin, content: String::new(), depth: 0 }
    }

    /// Reads a line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> Step {
        if self.fence.closes(line.text) {
            if self.depth == 0 {
                if let Some(path) = self.path.take() {
                    let content = std::mem::take(&mut self.content);
                    out.push(self.origin.edit(path, EditAction::Write { content }, line.end));
                }
                return Step::Done;
            }
            self.depth -= 1;
        } else if self.is_markdown() && self.fence.nests(line.text) {
            self.depth += 1;
        }
        self.content.push_str(self.fence.inner(line.text));
        self.content.push('\n');
        Step::More
    }

    /// The reply ended inside.
    pub fn cut(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        if let Some(path) = self.path.take() {
            out.push(self.origin.broken(Some(path), BrokenReason::Unterminated, end));
        }
    }

    /// Only a Markdown file holds fences of its own.
    fn is_markdown(&self) -> bool {
        let ending = self.path.as_deref().and_then(|path| path.rsplit_once('.'));
        ending.is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("md"))
            || matches!(self.fence.language.as_str(), "md" | "markdown")
    }
}
