//! Changes of files, beside or below one another.

mod inline;
mod row;
mod side_by_side;
mod words;

use std::io::{self, Write};

use crate::visible::visible;
use crate::{Role, Screen};

/// Two sides need this width at least, unless the caller says otherwise.
const SIDE_BY_SIDE_COLUMNS: usize = 120;

/// A file's change, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileView {
    /// What happens to the file, such as `edit` or `create`.
    pub action: String,
    /// Where the file is.
    pub path: String,
    /// Where it is moved to.
    pub moved_to: Option<String>,
    /// What else there is to say, such as `becomes executable`.
    pub notes: Vec<String>,
    /// The places that differ.
    pub hunks: Vec<HunkView>,
}

/// One place of a file that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HunkView {
    /// The number of the first line, before; counted from one.
    pub old_line: usize,
    /// The number of the first line, after.
    pub new_line: usize,
    /// The lines in order.
    pub lines: Vec<LineView>,
}

/// A line of a change, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineView {
    /// On both sides.
    Context(String),
    /// Only before.
    Removed(String),
    /// Only after.
    Added(String),
    /// Something about the line above, such as a missing line end.
    Note(String),
}

/// How changes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiffView {
    /// Whether the sides stand beside each other; where the terminal is wide
    /// enough without.
    pub side_by_side: Option<bool>,
}

impl DiffView {
    /// Shows a file's change: a heading, then its hunks.
    pub fn file(self, out: &mut dyn Write, file: &FileView, screen: &Screen) -> io::Result<()> {
        let (added, removed) = file.counts();
        let mut heading = visible(&format!("{} {}", file.action, file.path)).into_owned();
        if let Some(to) = &file.moved_to {
            heading.push_str(screen.glyph(" → ", " -> "));
            heading.push_str(&visible(to));
        }
        let mut heading = screen.paint(Role::Strong, heading.trim_start());
        if screen.capabilities.plain {
            heading.push_str(&format!(", {added} added, {removed} removed"));
        } else if added + removed > 0 {
            let plus = screen.paint(Role::Added, &format!("+{added}"));
            let minus = screen.paint(Role::Removed, &format!("-{removed}"));
            heading.push_str(&format!(" {plus} {minus}"));
        }
        for note in &file.notes {
            heading.push_str(&screen.paint(Role::Faint, &visible(&format!(" ({note})"))));
        }
        writeln!(out, "{heading}")?;
        self.hunks(out, &file.path, &file.hunks, screen)
    }

    /// Shows hunks of a file; `path` tells which language it is.
    pub fn hunks(
        self,
        out: &mut dyn Write,
        path: &str,
        hunks: &[HunkView],
        screen: &Screen,
    ) -> io::Result<()> {
        let wide = screen.columns() >= SIDE_BY_SIDE_COLUMNS;
        let beside = self.side_by_side.unwrap_or(wide) && !screen.capabilities.plain;
        for hunk in hunks {
            if beside {
                side_by_side::hunk(out, path, hunk, screen)?;
            } else {
                inline::hunk(out, path, hunk, screen)?;
            }
        }
        Ok(())
    }
}

impl FileView {
    /// How many lines are added and removed.
    pub fn counts(&self) -> (usize, usize) {
        let lines = || self.hunks.iter().flat_map(|hunk| &hunk.lines);
        let added = lines().filter(|line| matches!(line, LineView::Added(_))).count();
        let removed = lines().filter(|line| matches!(line, LineView::Removed(_))).count();
        (added, removed)
    }
}
