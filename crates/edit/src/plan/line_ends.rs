//! How new lines end in a file that mixes line ends.

use std::borrow::Cow;
use std::ops::Range;

use crate::text::{FileLine, FileText, LineEnd};

/// The endings that new lines take: those of the lines that they replace, or
/// of the line above them.
pub struct LineEnds {
    /// Of the lines that went last, in order.
    gone: Vec<LineEnd>,
    /// How many of them new lines took already.
    taken: usize,
    /// Of the line above.
    above: LineEnd,
}

impl LineEnds {
    /// Begins at the top of a place.
    pub fn at(text: &FileText<'_>, range: &Range<usize>) -> Self {
        let lines = text.lines();
        let above = lines[..range.start].last();
        let neighbour = above.or_else(|| lines.first()).map(|line| line.end);
        let known = neighbour.filter(|end| *end != LineEnd::None);
        let above = known.unwrap_or_else(|| text.usual_end());
        Self { gone: Vec::new(), taken: 0, above }
    }

    /// Takes note of a line that stays.
    pub fn stays(&mut self, line: Option<&FileLine<'_>>) {
        self.gone.clear();
        self.taken = 0;
        self.above = ending(line).unwrap_or(self.above);
    }

    /// Takes note of a line that goes.
    pub fn goes(&mut self, line: Option<&FileLine<'_>>) {
        if self.taken > 0 {
            self.stays(None);
        }
        self.gone.extend(ending(line));
    }

    /// A new line.
    pub fn new_line<'t>(&mut self, text: Cow<'t, str>) -> FileLine<'t> {
        let replaced = self.gone.get(self.taken).or(self.gone.last());
        self.taken += 1;
        FileLine { text, end: replaced.copied().unwrap_or(self.above) }
    }
}

fn ending(line: Option<&FileLine<'_>>) -> Option<LineEnd> {
    line.map(|line| line.end).filter(|end| *end != LineEnd::None)
}
