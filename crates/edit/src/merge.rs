//! Three-way merge by lines.
//!
//! After Khanna, Kunal and Pierce, "A Formal Investigation of Diff3" (2007):
//! regions that only one side changed take that side; regions that both
//! changed differently are a conflict.

use std::ops::Range;

use crate::diff::{Step, steps};

/// Both sides changed the same lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeConflict {
    pub ours: String,
    pub theirs: String,
    /// Lines of the base above and below them, a few.
    pub above: String,
    pub below: String,
}

/// Lines of the base that are shown around a conflict.
const CONTEXT_LINES: usize = 3;

/// Joins the changes from `base` to `ours` with those from `base` to `theirs`.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Result<String, MergeConflict> {
    let base: Vec<&str> = base.split_inclusive('\n').collect();
    let ours = Side::new(&base, ours);
    let theirs = Side::new(&base, theirs);
    let (mut i, mut j, mut at) = (0, 0, 0);
    let mut merged = String::new();
    while i < ours.changes.len() || j < theirs.changes.len() {
        let next = |side: &Side<'_>, n: usize| side.changes.get(n).map(|change| change.old.clone());
        let mut region = match (next(&ours, i), next(&theirs, j)) {
            (Some(a), Some(b)) => {
                if (b.start, b.end) < (a.start, a.end) {
                    b
                } else {
                    a
                }
            }
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => break,
        };
        let (first_i, first_j) = (i, j);
        loop {
            let before = (i, j);
            i += usize::from(next(&ours, i).is_some_and(|range| grow(&mut region, &range)));
            j += usize::from(next(&theirs, j).is_some_and(|range| grow(&mut region, &range)));
            if (i, j) == before {
                break;
            }
        }
        merged.extend(base[at..region.start].iter().copied());
        let our_text = ours.text(&base, first_i..i, region.clone());
        let their_text = theirs.text(&base, first_j..j, region.clone());
        if first_i == i {
            merged.push_str(&their_text);
        } else if first_j == j || our_text == their_text {
            merged.push_str(&our_text);
        } else {
            let Range { start, end } = region;
            return Err(MergeConflict {
                ours: our_text,
                theirs: their_text,
                above: base[start.saturating_sub(CONTEXT_LINES).max(at)..start].concat(),
                below: base[end..base.len().min(end + CONTEXT_LINES)].concat(),
            });
        }
        at = region.end;
    }
    merged.extend(base[at..].iter().copied());
    Ok(merged)
}

/// Widens `region` by `range` if they meet. Two insertions in the same place
/// meet; a change and its neighbour do not.
fn grow(region: &mut Range<usize>, range: &Range<usize>) -> bool {
    let empty = region.start == region.end || range.start == range.end;
    let meet = if empty {
        range.start <= region.end && region.start <= range.end
    } else {
        range.start < region.end && region.start < range.end
    };
    if meet {
        *region = region.start.min(range.start)..region.end.max(range.end);
    }
    meet
}

struct Side<'t> {
    lines: Vec<&'t str>,
    changes: Vec<Step>,
}

impl<'t> Side<'t> {
    fn new(base: &[&str], text: &'t str) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let changes = steps(base, &lines).into_iter().filter(|step| !step.equal).collect();
        Self { lines, changes }
    }

    /// This side's version of `region`, in which its changes `numbers` lie.
    fn text(&self, base: &[&str], numbers: Range<usize>, region: Range<usize>) -> String {
        let mut text = String::new();
        let mut at = region.start;
        for change in &self.changes[numbers] {
            text.extend(base[at..change.old.start].iter().copied());
            text.extend(self.lines[change.new.clone()].iter().copied());
            at = change.old.end;
        }
        text.extend(base[at..region.end].iter().copied());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn joins_what_does_not_meet() {
        for (base, ours, theirs, expect) in [
            ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", Ok("A\nb\nC\n")),
            ("a\nb\nc\n", "a\nb\nc\nd\n", "c\n", Ok("c\nd\n")),
            ("a\nb\n", "A\nb\n", "a\nB\n", Ok("A\nB\n")),
            ("a\n", "b\n", "b\n", Ok("b\n")),
            ("a\n", "b\n", "c\n", Err(("b\n", "c\n"))),
            ("a\nb\n", "a\nx\nb\n", "a\ny\nb\n", Err(("x\n", "y\n"))),
        ] {
            let merged = merge(base, ours, theirs);
            let merged = merged.as_deref().map_err(|c| (c.ours.as_str(), c.theirs.as_str()));
            assert_eq!(merged, expect, "{base:?} {ours:?} {theirs:?}");
        }
    }

    proptest! {
        #[test]
        fn an_unchanged_side_takes_the_other(base in "[ab\n]{0,20}", other in "[ab\n]{0,20}") {
            prop_assert_eq!(merge(&base, &base, &other).unwrap(), other.clone());
            prop_assert_eq!(merge(&base, &other, &base).unwrap(), other);
        }

        #[test]
        fn the_sides_are_equal(
            base in "[ab\n]{0,20}", ours in "[ab\n]{0,20}", theirs in "[ab\n]{0,20}",
        ) {
            let one = merge(&base, &ours, &theirs).map_err(|c| (c.ours, c.theirs));
            let two = merge(&base, &theirs, &ours).map_err(|c| (c.theirs, c.ours));
            prop_assert_eq!(one, two);
        }
    }
}
