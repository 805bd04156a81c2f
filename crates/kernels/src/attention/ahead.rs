//! What attention asks the memory for while it computes.

use crate::cache::{HeadPage, Rows};
use crate::prefetch::prefetch_far;

/// Bytes that the machine reads at once.
const LINE: usize = 64;

/// Pages that are used next, in `PARTS` parts: the keys of one, its values, and
/// so on. The machine waits for some sixteen lines at once, and who asks for
/// more stands still, so they are asked for bit by bit.
pub struct Ahead<'a, const PARTS: usize> {
    /// Keys and values of each page.
    parts: [&'a [u16]; PARTS],
    /// Lines of each of them.
    lines: usize,
    /// Those that were asked for.
    asked: usize,
}

impl<'a, const PARTS: usize> Ahead<'a, PARTS> {
    pub fn new(pages: impl Iterator<Item = HeadPage<'a>>) -> Self {
        let mut ahead = Self { parts: [&[]; PARTS], lines: 0, asked: 0 };
        for (parts, page) in ahead.parts.as_chunks_mut::<2>().0.iter_mut().zip(pages) {
            if let (Rows::Bf16(keys), Rows::Bf16(values)) = (page.keys, page.values) {
                *parts = [keys, values];
                ahead.lines = size_of_val(keys) / LINE;
            }
        }
        ahead
    }

    /// Asks for the next lines, one of `SHARE` shares of a part.
    #[inline(always)]
    pub fn ask<const SHARE: usize>(&mut self) {
        let count = self.lines / SHARE;
        let Some(part) = self.asked.checked_div(self.lines).and_then(|i| self.parts.get(i)) else {
            return;
        };
        let at = self.asked % self.lines * LINE;
        prefetch_far(part.as_ptr().cast::<u8>().wrapping_add(at), count * LINE);
        self.asked += count;
    }
}
