//! The part of a file around a cursor that fits.

use crate::pack::ledger::Counter;

/// No token of a text is longer on average: longer texts need not be counted
/// to be known not to fit.
const MOST_BYTES_PER_TOKEN: usize = 16;

/// What is behind the cursor may take this part of the room, where what is
/// before it needs the rest.
const BEHIND_SHARE: usize = 3;

/// Bytes of a file around a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub start: usize,
    pub at: usize,
    pub end: usize,
}

impl Window {
    /// The window around a byte: all of the file where that fits into `most`
    /// tokens, else as many whole lines as fit into `room`.
    pub fn around(text: &str, at: usize, most: usize, room: usize, counter: Counter<'_>) -> Self {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (before, behind) = text.split_at(at);
        let fits = |text: &str, room: usize| {
            text.len() / MOST_BYTES_PER_TOKEN <= room && counter.part(text) <= room
        };
        if fits(before, most)
            && fits(behind, most)
            && counter.part(before) + counter.part(behind) <= room
        {
            return Self { start: 0, at, end: text.len() };
        }
        let last = |room: usize| last_lines(before, |text| fits(text, room));
        let first = |room: usize| first_lines(behind, |text| fits(text, room));
        let end = first(room / BEHIND_SHARE);
        let start = last(room.saturating_sub(counter.part(&behind[..end])));
        // What is before the cursor may need less.
        let end = end.max(first(room.saturating_sub(counter.part(&before[start..]))));
        Self { start, at, end: at + end }
    }

    /// The text before and behind the cursor.
    pub fn text(self, text: &str) -> (&str, &str) {
        (&text[self.start..self.at], &text[self.at..self.end])
    }

    /// Gives up a line at one end, the later one first; `false` where nothing
    /// is left.
    pub fn shrink(&mut self, text: &str) -> bool {
        let (before, behind) = self.text(text);
        if !behind.is_empty() {
            let cut = behind.trim_end_matches('\n').rfind('\n').map_or(0, |end| end + 1);
            self.end = self.at + cut;
        } else if !before.is_empty() {
            let next = before.find('\n').map_or(before.len(), |end| end + 1);
            self.start += next;
        } else {
            return false;
        }
        true
    }
}

/// Where the longest end of a text that fits begins: at a line, or within the
/// last one where that alone does not fit.
fn last_lines(text: &str, fits: impl Fn(&str) -> bool) -> usize {
    let mut starts: Vec<usize> = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    // More of the text takes more tokens, so that halving finds it.
    let place = starts.partition_point(|start| !fits(&text[*start..]));
    if let Some(start) = starts.get(place).filter(|start| **start < text.len()) {
        return *start;
    }
    let line = text.rfind('\n').map_or(0, |end| end + 1);
    let chars: Vec<usize> = text[line..].char_indices().map(|(at, _)| line + at).collect();
    let place = chars.partition_point(|start| !fits(&text[*start..]));
    chars.get(place).copied().unwrap_or(text.len())
}

/// The length of the longest beginning of a text that fits: whole lines, or a
/// part of the first one.
fn first_lines(text: &str, fits: impl Fn(&str) -> bool) -> usize {
    let mut ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    ends.push(text.len());
    let count = ends.partition_point(|end| fits(&text[..*end]));
    if let Some(place) = count.checked_sub(1) {
        return ends[place];
    }
    let line = ends[0];
    let chars: Vec<usize> = text[..line].char_indices().map(|(at, _)| at).collect();
    let count = chars.partition_point(|end| fits(&text[..*end]));
    count.checked_sub(1).map_or(0, |place| chars[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Budget;
    use proptest::prelude::*;

    #[test]
    fn lines_around_the_cursor_are_kept() {
        let text = "aaaa\nbbbb\ncccc\ndddd\neeee\n";
        let bytes = |text: &str| text.len();
        let budget = Budget::new(0, &bytes);
        let window = |at, room| {
            let window = Window::around(text, at, room, room, Counter::new(&budget));
            window.text(text)
        };
        assert_eq!(window(12, 25), ("aaaa\nbbbb\ncc", "cc\ndddd\neeee\n"));
        assert_eq!(window(12, 13), ("bbbb\ncc", "cc\n"));
        // At the end, all of the room is for what is before.
        assert_eq!(window(25, 13), ("dddd\neeee\n", ""));
        assert_eq!(window(0, 13), ("", "aaaa\nbbbb\n"));
        assert_eq!(window(12, 3), ("cc", "c"));
        assert_eq!(window(12, 0), ("", ""));
        assert_eq!(window(99, 5), ("eeee\n", ""));
    }

    proptest! {
        #[test]
        fn windows_fit_and_stay_in_bounds(
            text in "[a-cé\n]{0,60}",
            at in 0..80_usize,
            room in 0..70_usize,
        ) {
            let bytes = |text: &str| text.len();
            let budget = Budget::new(0, &bytes);
            let mut window = Window::around(&text, at, room, room, Counter::new(&budget));
            let (before, behind) = window.text(&text);
            prop_assert!(before.len() + behind.len() <= room);
            while window.shrink(&text) {}
            prop_assert_eq!(window.text(&text), ("", ""));
        }
    }
}
