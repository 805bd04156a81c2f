//! A part of a change.

use crate::diff::DiffHunk;

/// The text before with those hunks that are taken.
pub fn with_hunks(before: &str, after: &str, hunks: &[DiffHunk], taken: &[bool]) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut text = String::with_capacity(before.len().max(after.len()));
    let mut at = 0;
    for (number, hunk) in hunks.iter().enumerate() {
        let place = range(hunk.old);
        text.extend(old[at..place.start].iter().copied());
        if taken.get(number) == Some(&true) {
            text.extend(new[range(hunk.new)].iter().copied());
        } else {
            text.extend(old[place.clone()].iter().copied());
        }
        at = place.end;
    }
    text.extend(old[at..].iter().copied());
    text
}

/// The lines of a side, from zero. Where there are none, the number is that of
/// the line before.
fn range((first, count): (usize, usize)) -> std::ops::Range<usize> {
    let start = if count == 0 { first } else { first - 1 };
    start..start + count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diff::FileDiff;

    fn with(before: &str, after: &str, taken: &[bool]) -> String {
        let hunks = FileDiff::of_passages(before, after).hunks;
        assert_eq!(hunks.len(), taken.len(), "{before:?} {after:?}");
        with_hunks(before, after, &hunks, taken)
    }

    #[test]
    fn hunks_are_taken_each_for_itself() {
        let before: String = (1..=30).map(|number| format!("{number}\n")).collect();
        let after = before
            .replace("\n3\n", "\nthree\nand\n")
            .replace("\n15\n", "\n")
            .replace("\n30\n", "\n30 and no end");
        let one = with(&before, &after, &[true, false, false]);
        assert_eq!(one, before.replace("\n3\n", "\nthree\nand\n"));
        let two = with(&before, &after, &[false, true, false]);
        assert_eq!(two, before.replace("\n15\n", "\n"));
        let three = with(&before, &after, &[false, false, true]);
        assert_eq!(three, before.replace("\n30\n", "\n30 and no end"));
        assert_eq!(with("", "a\r\nb", &[true]), "a\r\nb");
        assert_eq!(with("a\r\n", "", &[false]), "a\r\n");
        // A carriage return alone ends no line.
        assert_eq!(with("a\rb\nc\n", "a\rb\nd\n", &[true]), "a\rb\nd\n");
    }

    proptest! {
        #[test]
        fn all_hunks_are_the_change_and_none_is_no_change(
            before in "([ab]\r?\n|\r){0,40}[ab]?",
            after in "([ab]\r?\n|\r){0,40}[ab]?",
        ) {
            let hunks = FileDiff::of_passages(&before, &after).hunks;
            let with = |taken| with_hunks(&before, &after, &hunks, &vec![taken; hunks.len()]);
            prop_assert_eq!(with(true), after.clone());
            prop_assert_eq!(with(false), before.clone());
        }
    }
}
