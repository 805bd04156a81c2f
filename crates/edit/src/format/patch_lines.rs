//! The lines of a hunk, kept as one text.

use std::fmt;

/// One line of a hunk, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchLine<'a> {
    /// Stays.
    Context(&'a str),
    /// Goes.
    Removed(&'a str),
    /// Comes.
    Added(&'a str),
}

impl<'a> PatchLine<'a> {
    /// The line as it is before the change, if it is there.
    pub fn before(self) -> Option<&'a str> {
        match self {
            Self::Context(text) | Self::Removed(text) => Some(text),
            Self::Added(_) => None,
        }
    }

    /// The line as it is after the change, if it is there.
    pub fn after(self) -> Option<&'a str> {
        match self {
            Self::Context(text) | Self::Added(text) => Some(text),
            Self::Removed(_) => None,
        }
    }
}

/// The lines of a hunk in order.
///
/// ```
/// use mlxcode_edit::{PatchLine, PatchLines};
///
/// let lines: PatchLines = [PatchLine::Removed("a"), PatchLine::Added("b")].into_iter().collect();
/// assert_eq!(lines.to_string(), "-a\n+b\n");
/// assert_eq!(lines.iter().filter_map(PatchLine::after).collect::<Vec<_>>(), ["b"]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PatchLines {
    /// As a diff writes them: each with its sign in front and `\n` behind.
    text: String,
    count: usize,
}

impl PatchLines {
    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lines from the first to the last.
    pub fn iter(&self) -> PatchLinesIter<'_> {
        PatchLinesIter { rest: &self.text, left: self.count }
    }

    /// The last line.
    pub fn last(&self) -> Option<PatchLine<'_>> {
        let text = self.text.strip_suffix('\n')?;
        let start = memchr::memrchr(b'\n', text.as_bytes()).map_or(0, |at| at + 1);
        Some(signed(&text[start..]))
    }

    /// Adds a line below the others; a text of several lines adds several.
    pub fn push(&mut self, line: PatchLine<'_>) {
        let (sign, text) = match line {
            PatchLine::Context(text) => (' ', text),
            PatchLine::Removed(text) => ('-', text),
            PatchLine::Added(text) => ('+', text),
        };
        for text in text.split('\n') {
            self.text.push(sign);
            self.text.push_str(text);
            self.text.push('\n');
            self.count += 1;
        }
    }

    /// Adds lines as a diff writes them, `count` of them, each with a sign in
    /// front and `\n` behind.
    pub(super) fn push_written(&mut self, text: &str, count: usize) {
        debug_assert_eq!(memchr::memchr_iter(b'\n', text.as_bytes()).count(), count);
        self.text.push_str(text);
        self.count += count;
    }
}

/// A line by its sign.
fn signed(line: &str) -> PatchLine<'_> {
    let text = line.get(1..).unwrap_or_default();
    match line.as_bytes().first() {
        Some(b'-') => PatchLine::Removed(text),
        Some(b'+') => PatchLine::Added(text),
        _ => PatchLine::Context(text),
    }
}

/// As a diff writes them.
impl fmt::Display for PatchLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PatchLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a> FromIterator<PatchLine<'a>> for PatchLines {
    fn from_iter<T: IntoIterator<Item = PatchLine<'a>>>(lines: T) -> Self {
        let mut all = Self::default();
        all.extend(lines);
        all
    }
}

impl<'a> Extend<PatchLine<'a>> for PatchLines {
    fn extend<T: IntoIterator<Item = PatchLine<'a>>>(&mut self, lines: T) {
        lines.into_iter().for_each(|line| self.push(line));
    }
}

impl<'a> IntoIterator for &'a PatchLines {
    type Item = PatchLine<'a>;
    type IntoIter = PatchLinesIter<'a>;

    fn into_iter(self) -> PatchLinesIter<'a> {
        self.iter()
    }
}

/// The lines of a hunk, one by one.
#[derive(Clone, Debug)]
pub struct PatchLinesIter<'a> {
    rest: &'a str,
    left: usize,
}

impl<'a> Iterator for PatchLinesIter<'a> {
    type Item = PatchLine<'a>;

    fn next(&mut self) -> Option<PatchLine<'a>> {
        let end = memchr::memchr(b'\n', self.rest.as_bytes())?;
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        self.left -= 1;
        Some(signed(line))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for PatchLinesIter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_was_pushed() {
        let given = [PatchLine::Context(""), PatchLine::Removed("-- a\r"), PatchLine::Added("é")];
        let lines: PatchLines = given.into_iter().collect();
        assert_eq!(lines.iter().collect::<Vec<_>>(), given);
        assert_eq!((lines.len(), lines.iter().len(), lines.last()), (3, 3, Some(given[2])));
        let empty = PatchLines::default();
        assert_eq!((empty.is_empty(), empty.last(), empty.iter().next()), (true, None, None));
    }

    #[test]
    fn a_text_of_several_lines_is_several_lines() {
        let lines: PatchLines = [PatchLine::Added("a\n-b")].into_iter().collect();
        let expected = [PatchLine::Added("a"), PatchLine::Added("-b")];
        assert_eq!(lines.iter().collect::<Vec<_>>(), expected);
        assert_eq!(lines.len(), 2);
    }
}
