use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A half-open range of UTF-8 byte offsets.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct TextRange {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl TextRange {
    /// Makes a range; an `end` before `start` becomes an empty range.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Tells whether no byte is inside.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Tells whether at least one byte is inside both.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl From<Range<usize>> for TextRange {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

impl From<TextRange> for Range<usize> {
    fn from(range: TextRange) -> Self {
        range.start..range.end
    }
}

/// An inclusive range of line numbers, counted from one, shown as `12-40`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineRange {
    /// The first line.
    pub first: usize,
    /// The last line, itself inside the range.
    pub last: usize,
}

impl LineRange {
    /// Makes a range; `first` is at least 1 and `last` at least `first`.
    pub fn new(first: usize, last: usize) -> Self {
        let first = first.max(1);
        Self { first, last: last.max(first) }
    }

    /// How many lines are inside: at least one.
    pub fn count(self) -> usize {
        self.last - self.first + 1
    }
}

impl fmt::Display for LineRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Where each line of a text begins: translates bytes to lines and back.
///
/// A line ends after `\n`; a final `\n` does not open another line.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
    len: usize,
}

impl LineIndex {
    /// Reads `text` once.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        if starts.len() > 1 && starts.last() == Some(&text.len()) {
            starts.pop();
        }
        Self { starts, len: text.len() }
    }

    /// How many lines the text has; an empty text has one.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The line, from one, that holds byte `offset`; past the end, the last.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The lines that `range` touches.
    pub fn lines_of(&self, range: TextRange) -> LineRange {
        let last_byte = if range.is_empty() { range.start } else { range.end - 1 };
        LineRange::new(self.line_of(range.start), self.line_of(last_byte))
    }

    /// The bytes of `lines`, line ends included, cut at the end of the text.
    pub fn bytes_of(&self, lines: LineRange) -> TextRange {
        let start = self.starts.get(lines.first - 1).copied().unwrap_or(self.len);
        let end = self.starts.get(lines.last).copied().unwrap_or(self.len);
        TextRange::new(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_lines_as_an_editor_does() {
        for (text, count) in
            [("", 1), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2), ("a\r\nb\r\n", 2)]
        {
            assert_eq!(LineIndex::new(text).line_count(), count, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn lines_and_bytes_agree(text in "[a\n\r\u{e9}]{0,40}") {
            let index = LineIndex::new(&text);
            let mut joined = String::new();
            for line in 1..=index.line_count() {
                let bytes = index.bytes_of(LineRange::new(line, line));
                joined.push_str(&text[Range::from(bytes)]);
                if !bytes.is_empty() {
                    prop_assert_eq!(index.lines_of(bytes), LineRange::new(line, line));
                }
            }
            prop_assert_eq!(joined, text);
        }
    }
}
