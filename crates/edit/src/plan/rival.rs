//! Another place that the search text may have been copied from.
//!
//! A model that leaves out the line that tells two passages apart copies, word
//! for word, the other passage. What gives it away is the replacement: it holds
//! the line that was left out, beside what it really changes.

use super::weave::Op;
use crate::locate::Found;

/// A line with fewer letters than this stands anywhere.
const TELLING_LETTERS: usize = 8;

/// More comparisons of lines than this are not worth the wait.
const MOST_COMPARISONS: usize = 20_000_000;

/// Whether a line tells one place from another.
pub fn is_telling(line: &str) -> bool {
    let letters = line.chars().filter(|c| c.is_alphanumeric());
    letters.take(TELLING_LETTERS).count() == TELLING_LETTERS
}

/// The first line of another place that is `wanted` and one more line, which
/// the change would bring to the place found.
pub fn rival(file: &[&str], found: &Found, wanted: &[&str], ops: &[Op<'_>]) -> Option<usize> {
    let adds = ops.iter().filter(|op| matches!(op, Op::Add(_))).count();
    let gone_count = ops.iter().filter(|op| matches!(op, Op::Remove(_))).count();
    // To become like the other place is a change as good as any.
    if adds + gone_count < 2 || adds.saturating_mul(file.len()) > MOST_COMPARISONS {
        return None;
    }
    let wanted: Vec<&str> = wanted.iter().map(|line| line.trim()).collect();
    let mut above = 0;
    for (first, op) in ops.iter().enumerate() {
        let Op::Add(line) = op else {
            above += 1;
            continue;
        };
        let line = line.trim();
        if !is_telling(line) || wanted.contains(&line) {
            continue;
        }
        // Between lines that go, it may stand at any of them.
        let gone = |op: &&Op<'_>| !matches!(op, Op::Keep(_));
        let removed = |op: &&Op<'_>| matches!(op, Op::Remove(_));
        let before = ops[..first].iter().rev().take_while(gone).filter(removed).count();
        let below = ops[first..].iter().take_while(gone).filter(removed).count();
        for (at, _) in file.iter().enumerate().filter(|(_, other)| other.trim() == line) {
            if found.range.contains(&at) {
                continue;
            }
            for gap in above - before..=above + below {
                let Some(start) = at.checked_sub(gap) else { continue };
                let end = at + 1 + wanted.len() - gap;
                let Some(place) = file.get(start..end) else { continue };
                let trimmed = |line: &&str| -> String { line.trim().to_owned() };
                let same = place[..gap].iter().map(trimmed).eq(wanted[..gap].iter().map(trimmed))
                    && place[gap + 1..].iter().map(trimmed).eq(wanted[gap..].iter().map(trimmed));
                if same {
                    return Some(start);
                }
            }
        }
    }
    None
}
