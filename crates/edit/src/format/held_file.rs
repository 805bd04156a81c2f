//! A whole file whose closing fence may have been a line of its content.
//!
//! A bare line of backticks closes the fence around a file, and as well opens
//! a fence inside of it. What follows tells: the end of such an inner fence
//! reads like a new bare fence that opens soon after.

use super::fence::Fence;
use super::{BrokenReason, EditAction, Naming, Origin, ParsedItem};

/// A file that is complete, unless what follows says otherwise.
#[derive(Clone, Debug)]
pub struct HeldFile {
    pub fence: Fence,
    pub path: String,
    pub naming: Naming,
    pub origin: Origin,
    pub content: String,
    pub end: usize,
    pub is_markdown: bool,
    below: Below,
}

/// What stands below the closing line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    Nothing,
    Blank,
    /// Lines of text, so many.
    Text(usize),
}

/// What the next fence says of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is complete.
    Whole,
    /// Its content goes on, or does not: nobody can tell.
    CutShort,
    /// The next fence has to be closed.
    Unclear,
}

impl HeldFile {
    /// Begins at the line that closed the fence; `end` is where it ends.
    pub fn new(
        fence: Fence,
        (path, naming): (String, Naming),
        origin: Origin,
        content: String,
        end: usize,
    ) -> Self {
        let (is_markdown, below) = (false, Below::Nothing);
        Self { fence, path, naming, origin, content, end, is_markdown, below }
    }

    /// Takes note of a line between the file and the next fence.
    pub fn text(&mut self, line: &str) {
        self.below = match self.below {
            Below::Nothing if line.trim().is_empty() => Below::Blank,
            Below::Nothing => Below::Text(1),
            Below::Text(lines) if !line.trim().is_empty() => Below::Text(lines + 1),
            below => below,
        };
    }

    /// Judges by the next fence; `named` says whether a path stands above it.
    pub fn judge(&self, next: &Fence, named: bool) -> Verdict {
        if !next.is_bare() || !self.fence.closes(&next.marks()) {
            return Verdict::Whole;
        }
        match self.below {
            Below::Blank if named => Verdict::Whole,
            Below::Blank => Verdict::Unclear,
            // The next file follows at once.
            Below::Text(1) if named && !self.is_markdown => Verdict::Whole,
            Below::Nothing | Below::Text(_) => Verdict::CutShort,
        }
    }

    /// The file as an edit.
    pub fn whole(self) -> ParsedItem {
        self.origin.edit(
            self.path,
            EditAction::Write { content: self.content, naming: self.naming },
            self.end,
        )
    }

    /// The file as a block that may lack its end.
    pub fn cut_short(self) -> ParsedItem {
        self.origin.broken(Some(self.path), BrokenReason::FenceInContent, self.end)
    }
}
