//! What an unfinished paragraph showed, to lay it out anew for another width.

use super::flow::{Word, plain};
use crate::screen::LEAST_COLUMNS;
use crate::width::split_at_width;
use crate::{CursorPlace, Size, display_width};

/// More is not kept of a paragraph: it is taller than a screen.
const MOST_BYTES: usize = 16 * 1024;

/// A part of a paragraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Word(Word),
    /// A line end that the text asked for.
    Break,
}

/// What was shown since the paragraph began, or since it became too long.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The parts, each with the place in `written` where it begins.
    parts: Vec<(Part, usize)>,
    /// As it was written, with its line ends.
    written: String,
    /// What its first line begins with, such as the mark of an item.
    pub first: Option<String>,
    /// The narrowest width that it was written for.
    narrowest: Option<usize>,
    /// It became too long, and what is kept begins somewhere in it.
    is_cut: bool,
}

/// What is to be laid out anew.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// The rows above the one of the cursor that it takes now.
    pub above: usize,
    /// Its parts.
    pub parts: Vec<Part>,
    /// How it was written.
    pub written: String,
}

impl Kept {
    /// Whether something of the paragraph was shown.
    pub fn is_begun(&self) -> bool {
        self.is_cut || !self.written.is_empty()
    }

    /// Adds a part, and what was written of it.
    pub fn push(&mut self, part: Part, written: &str, columns: usize) {
        if self.written.len() + written.len() > MOST_BYTES {
            *self = Self { is_cut: true, first: self.first.take(), ..Self::default() };
        }
        self.parts.push((part, self.written.len()));
        self.written.push_str(written);
        self.narrowest = Some(self.narrowest.map_or(columns, |narrowest| narrowest.min(columns)));
    }

    /// What was written from a place on.
    pub fn written_from(&self, begin: usize) -> &str {
        self.written.get(begin..).unwrap_or_default()
    }

    /// How much is written.
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Takes out the lines that are on a screen which took another size, as far
    /// as it is certain which rows they take. The others stay as they are.
    pub fn take_lines(
        &mut self,
        size: Size,
        rewraps: bool,
        cursor: impl FnOnce() -> Option<CursorPlace>,
    ) -> Option<Again> {
        // For less nothing is laid out, so that lines may be wider than it.
        let is_known = |columns: &usize| *columns > LEAST_COLUMNS;
        let narrowest = self.narrowest.filter(is_known).filter(|_| is_known(&size.columns))?;
        let begin = match self.written.rfind('\n') {
            Some(end) => end + 1,
            None if self.is_cut => return None,
            None => 0,
        };
        let (_, column) = wrapped(&plain(&self.written[begin..]), size.columns);
        // Behind a full row terminals do not agree about where the cursor is.
        if column == size.columns {
            return None;
        }
        let cursor = cursor().filter(|cursor| cursor.column == column)?;
        let least = narrowest.min(size.columns);
        for (index, begin) in self.line_begins() {
            let text = plain(&self.written[begin..]);
            let rows = if text.split('\n').all(|line| display_width(line) <= least) {
                text.split('\n').count()
            } else if rewraps {
                text.split('\n').map(|line| wrapped(line, size.columns).0).sum()
            } else {
                continue;
            };
            if rows <= size.rows && rows <= cursor.row + 1 {
                let written = self.written.split_off(begin);
                let parts = self.parts.split_off(index);
                if self.parts.is_empty() {
                    self.narrowest = None;
                }
                let parts = parts.into_iter().map(|(part, _)| part).collect();
                return Some(Again { above: rows - 1, parts, written });
            }
        }
        None
    }

    /// The first part of each line, and where the line begins.
    fn line_begins(&self) -> Vec<(usize, usize)> {
        let begin = |(index, (part, at)): (usize, &(Part, usize))| {
            let (before, after) = self.written.split_at(*at);
            let is_first = (before.is_empty() && !self.is_cut) || before.ends_with('\n');
            match part {
                Part::Word(_) if is_first => Some((index, *at)),
                Part::Word(_) if after.starts_with('\n') => Some((index, at + 1)),
                _ => None,
            }
        };
        self.parts.iter().enumerate().filter_map(begin).collect()
    }
}

/// The rows that a terminal of this width shows a line in, and how wide the
/// last of them is.
fn wrapped(line: &str, columns: usize) -> (usize, usize) {
    let mut rows = 1;
    let mut rest = line;
    loop {
        let (row, later) = split_at_width(rest, columns);
        if later.is_empty() || row.is_empty() {
            return (rows, display_width(rest));
        }
        rows += 1;
        rest = later;
    }
}

#[cfg(test)]
mod tests {
    use super::super::flow::Piece;
    use super::*;
    use crate::Style;

    fn word(text: &str) -> Part {
        let piece = Piece { text: text.to_owned(), style: Style::plain(), address: None };
        Part::Word(Word { spaced: true, pieces: vec![piece], is_address: false })
    }

    /// Three lines, of 75, 70 and 30 columns, of one word each.
    fn three() -> Kept {
        let mut kept = Kept::default();
        for (text, count) in [("a", 75), ("\nb", 70), ("\nc", 30)] {
            let written = format!("{}{}", text, text[text.len() - 1..].repeat(count - 1));
            kept.push(word("x"), &written, 80);
        }
        kept
    }

    #[test]
    fn lines_are_taken_where_their_rows_are_certain() {
        let check = |columns, rows, rewraps, cursor: (usize, usize), expect| {
            let size = Size { columns, rows };
            let (column, row) = cursor;
            let again = three().take_lines(size, rewraps, || Some(CursorPlace { column, row }));
            let found = again.map(|again| (again.above, again.parts.len()));
            assert_eq!(found, expect, "{size:?} {rewraps} {cursor:?}");
        };
        // A wider terminal leaves the lines as they are.
        check(120, 24, false, (30, 9), Some((2, 3)));
        // A narrower one wraps them, or cuts them off: who knows?
        check(60, 24, false, (30, 9), Some((0, 1)));
        check(60, 24, true, (30, 9), Some((4, 3)));
        check(25, 24, true, (5, 9), Some((7, 3)));
        // What left the screen stays as it is.
        check(60, 24, true, (30, 3), Some((2, 2)));
        check(60, 4, true, (30, 3), Some((2, 2)));
        check(120, 1, true, (30, 0), Some((0, 1)));
        // The cursor is elsewhere, or behind a full row, or too little is seen.
        check(60, 24, true, (31, 9), None);
        check(30, 24, true, (0, 9), None);
        check(20, 24, true, (10, 9), None);
    }

    #[test]
    fn who_is_not_told_where_the_cursor_is_takes_nothing() {
        let mut kept = three();
        assert_eq!(kept.take_lines(Size { columns: 120, rows: 24 }, true, || None), None);
        assert_eq!(kept.len(), 177);
    }

    #[test]
    fn a_wide_character_is_not_split_between_rows() {
        let wide = "日本語日本語";
        assert_eq!(wrapped(wide, 12), (1, 12));
        assert_eq!(wrapped(wide, 5), (3, 4));
        assert_eq!(wrapped("", 5), (1, 0));
    }

    #[test]
    fn of_what_is_too_long_the_end_is_kept() {
        let mut kept = three();
        kept.push(word("x"), &format!("\n{}", "b ".repeat(MOST_BYTES / 2 - 10)), 80);
        kept.push(word("x"), "c", 80);
        let size = Size { columns: 100, rows: 9999 };
        let cursor = CursorPlace { column: 0, row: 9999 };
        assert!(kept.is_begun() && kept.len() <= MOST_BYTES);
        // Where its first line begins is not known any more.
        let mut long = Kept::default();
        long.push(word("x"), &"d".repeat(MOST_BYTES), 80);
        long.push(word("x"), " e", 80);
        assert!(long.is_begun());
        assert_eq!(long.take_lines(size, true, || Some(cursor)), None);
        long.push(word("x"), "\nfff", 80);
        let cursor = CursorPlace { column: 3, row: 9999 };
        let again = long.take_lines(size, true, || Some(cursor)).unwrap();
        assert_eq!((again.above, again.written.as_str()), (0, "fff"));
    }
}
