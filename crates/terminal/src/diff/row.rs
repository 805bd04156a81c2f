//! Lines of a hunk as rows: which stand beside each other, and how a line
//! looks.

use std::ops::Range;

use super::words::differences;
use super::{HunkView, LineView};
use crate::highlight::Highlighter;
use crate::visible::visible;
use crate::width::{display_width, expand_tabs, split_at_width};
use crate::{ColorDepth, Role, Screen, Style};

/// One side of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub number: usize,
    /// The line, made visible.
    pub text: String,
    pub kind: Kind,
    /// The parts in the colours of the code.
    roles: Vec<(Range<usize>, Role)>,
    /// The words that differ from the other side.
    differs: Vec<Range<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Context,
    Removed,
    Added,
}

/// Lines that stand beside each other, or a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Lines(Option<Cell>, Option<Cell>),
    Note(String),
}

/// The rows of a hunk. A removed line stands beside the added one that took
/// its place.
pub(super) fn rows(path: &str, hunk: &HunkView) -> Vec<Row> {
    let (mut old_code, mut new_code) = (Highlighter::for_path(path), Highlighter::for_path(path));
    let (mut old_line, mut new_line) = (hunk.old_line, hunk.new_line);
    let mut rows = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for line in &hunk.lines {
        match line {
            LineView::Removed(text) => {
                if !added.is_empty() {
                    pair(&mut rows, &mut removed, &mut added);
                }
                removed.push(cell(old_line, text, Kind::Removed, &mut old_code));
                old_line += 1;
            }
            LineView::Added(text) => {
                added.push(cell(new_line, text, Kind::Added, &mut new_code));
                new_line += 1;
            }
            LineView::Context(text) => {
                pair(&mut rows, &mut removed, &mut added);
                let old = cell(old_line, text, Kind::Context, &mut old_code);
                let new = cell(new_line, text, Kind::Context, &mut new_code);
                rows.push(Row::Lines(Some(old), Some(new)));
                old_line += 1;
                new_line += 1;
            }
            LineView::Note(text) => {
                pair(&mut rows, &mut removed, &mut added);
                rows.push(Row::Note(visible(text).into_owned()));
            }
        }
    }
    pair(&mut rows, &mut removed, &mut added);
    rows
}

fn cell(number: usize, text: &str, kind: Kind, code: &mut Highlighter) -> Cell {
    let text = expand_tabs(text.trim_end_matches('\r'), 0);
    let text = visible(&text).into_owned();
    let roles = code.line(&text);
    Cell { number, text, kind, roles, differs: Vec::new() }
}

fn pair(rows: &mut Vec<Row>, removed: &mut Vec<Cell>, added: &mut Vec<Cell>) {
    for (old, new) in removed.iter_mut().zip(added.iter_mut()) {
        if let Some((before, after)) = differences(&old.text, &new.text) {
            (old.differs, new.differs) = (before, after);
        }
    }
    let (mut olds, mut news) = (removed.drain(..), added.drain(..));
    loop {
        match (olds.next(), news.next()) {
            (None, None) => return,
            (old, new) => rows.push(Row::Lines(old, new)),
        }
    }
}

/// The digits that the numbers of a hunk's lines take.
pub(super) fn digits(hunk: &HunkView) -> usize {
    let last = hunk.old_line.max(hunk.new_line) + hunk.lines.len();
    last.to_string().len().max(3)
}

impl Cell {
    /// The text in lines of at most `columns`, in its styles, each with its
    /// width.
    pub fn wrapped(&self, columns: usize, screen: &Screen) -> Vec<(String, usize)> {
        let mut lines = Vec::new();
        let mut from = 0;
        loop {
            let (mut now, rest) = split_at_width(&self.text[from..], columns);
            if now.is_empty() && !rest.is_empty() {
                // A character that is wider than the column.
                now = &rest[..rest.chars().next().map_or(1, char::len_utf8)];
            }
            let to = from + now.len();
            lines.push((self.painted(from..to, screen), display_width(now)));
            if to >= self.text.len() {
                return lines;
            }
            from = to;
        }
    }

    fn painted(&self, range: Range<usize>, screen: &Screen) -> String {
        let mut ends: Vec<usize> = vec![range.start, range.end];
        let parts = self.roles.iter().map(|(part, _)| part).chain(&self.differs);
        ends.extend(
            parts.flat_map(|part| [part.start, part.end]).filter(|end| range.contains(end)),
        );
        ends.sort_unstable();
        ends.dedup();
        let mut painted = String::new();
        let mut from = range.start;
        for ends in ends.windows(2) {
            let same = self.style(ends[0], screen) == self.style(from, screen);
            if !same {
                let text = &self.text[from..ends[0]];
                painted.push_str(&screen.paint_style(self.style(from, screen), text));
                from = ends[0];
            }
        }
        if from < range.end {
            let text = &self.text[from..range.end];
            painted.push_str(&screen.paint_style(self.style(from, screen), text));
        }
        painted
    }

    /// The style of a character. With true colour, what changed is told by the
    /// background and the code keeps its colours.
    fn style(&self, at: usize, screen: &Screen) -> Style {
        let theme = &screen.theme;
        let role = self.roles.iter().find(|(range, _)| range.contains(&at)).map(|(_, role)| *role);
        let code = role.map_or(Style::plain(), |role| theme.style(role));
        let (line, behind, word) = match self.kind {
            Kind::Context => return code,
            Kind::Removed => (Role::Removed, Role::RemovedLine, Role::RemovedWord),
            Kind::Added => (Role::Added, Role::AddedLine, Role::AddedWord),
        };
        let differs = self.differs.iter().any(|range| range.contains(&at));
        let behind = theme.style(behind);
        if screen.depth() == ColorDepth::True && behind.background.is_some() {
            return if differs { theme.style(word).over(code) } else { behind.over(code) };
        }
        let line = theme.style(line);
        if differs { theme.style(word).over(line) } else { line }
    }
}
