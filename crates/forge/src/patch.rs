//! The lines that a comment can stand on.

use std::collections::BTreeMap;

/// The lines of a file after a change that its hunks show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchLines {
    /// By the line after the change, the line before where it did not change.
    lines: BTreeMap<u64, Option<u64>>,
}

impl PatchLines {
    /// Reads the hunks of one file. What is no hunk is passed over.
    pub fn read(patch: &str) -> Self {
        let mut lines = BTreeMap::new();
        // The next line before and after, and how many of each the hunk has.
        let mut at: Option<[u64; 4]> = None;
        for line in patch.lines() {
            if let Some([old, new, old_left, new_left]) = &mut at
                && (*old_left > 0 || *new_left > 0)
            {
                match line.as_bytes().first() {
                    Some(b'+') => {
                        lines.insert(*new, None);
                        *new += 1;
                        *new_left = new_left.saturating_sub(1);
                    }
                    Some(b'-') => {
                        *old += 1;
                        *old_left = old_left.saturating_sub(1);
                    }
                    Some(b'\\') => {}
                    // An unchanged line; some strip the blank of an empty one.
                    _ => {
                        lines.insert(*new, Some(*old));
                        (*old, *new) = (*old + 1, *new + 1);
                        *old_left = old_left.saturating_sub(1);
                        *new_left = new_left.saturating_sub(1);
                    }
                }
                continue;
            }
            at = header(line);
        }
        Self { lines }
    }

    /// Whether a comment can stand on this line after the change.
    pub fn holds(&self, line: u64) -> bool {
        self.lines.contains_key(&line)
    }

    /// The line before the change, of one that did not change.
    pub fn before(&self, line: u64) -> Option<u64> {
        self.lines.get(&line).copied().flatten()
    }

    /// The lines that the change brings.
    pub fn added(&self) -> impl Iterator<Item = u64> {
        self.lines.iter().filter(|(_, before)| before.is_none()).map(|(line, _)| *line)
    }

    /// The line nearest to this one that a comment can stand on, `within` lines
    /// of it.
    pub fn nearest(&self, line: u64, within: u64) -> Option<u64> {
        let above = self.lines.range(..=line).next_back().map(|(line, _)| *line);
        let below = self.lines.range(line..).next().map(|(line, _)| *line);
        let found = [above, below].into_iter().flatten().min_by_key(|found| found.abs_diff(line));
        found.filter(|found| found.abs_diff(line) <= within)
    }
}

/// `@@ -1,2 +3,4 @@ …` as first lines and counts.
fn header(line: &str) -> Option<[u64; 4]> {
    let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let range = |text: &str| -> Option<(u64, u64)> {
        match text.split_once(',') {
            Some((first, count)) => Some((first.parse().ok()?, count.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        }
    };
    let ((old, old_count), (new, new_count)) = (range(old)?, range(new)?);
    Some([old, new, old_count, new_count])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "@@ -10,3 +10,4 @@ fn a\n one\n-two\n+TWO\n+more\n three\n@@ -30 +31 @@\n-x\n+y\n\\ No newline at end of file";

    #[test]
    fn lines_are_counted_on_both_sides() {
        let lines = PatchLines::read(PATCH);
        assert_eq!(lines.before(10), Some(10));
        assert_eq!((lines.holds(11), lines.before(11)), (true, None));
        assert_eq!(lines.before(13), Some(12));
        assert_eq!(lines.added().collect::<Vec<_>>(), [11, 12, 31]);
        assert!(!lines.holds(14) && !lines.holds(9) && lines.holds(31));
    }

    #[test]
    fn the_nearest_line_is_within_reach() {
        let lines = PatchLines::read(PATCH);
        let check = |line, expect| assert_eq!(lines.nearest(line, 3), expect, "{line}");
        check(8, Some(10));
        check(12, Some(12));
        check(15, Some(13));
        check(20, None);
        check(34, Some(31));
        check(35, None);
        check(u64::MAX, None);
    }

    #[test]
    fn what_is_no_patch_has_no_lines() {
        for text in
            ["", "@@", "@@ -a +b @@", "Binary files differ", "@@ -1,99999999999999999999 +1 @@\n+x"]
        {
            assert_eq!(PatchLines::read(text), PatchLines::default(), "{text}");
        }
    }
}
