//! The words in which two lines differ.

use std::ops::Range;

use similar::{Algorithm, ChangeTag, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation;

/// Longer lines are shown without: nobody reads them word by word.
const LONGEST_BYTES: usize = 1000;
/// Where less than this share is the same, other lines were written.
const LEAST_SAME_PERCENT: usize = 35;

/// Parts of a line.
pub(super) type Ranges = Vec<Range<usize>>;

/// The parts of a removed and an added line that are not in the other; `None`
/// where the lines have little in common.
pub(super) fn differences(old: &str, new: &str) -> Option<(Ranges, Ranges)> {
    if old.len().max(new.len()) > LONGEST_BYTES {
        return None;
    }
    let olds: Vec<(usize, &str)> = old.split_word_bound_indices().collect();
    let news: Vec<(usize, &str)> = new.split_word_bound_indices().collect();
    let texts = |words: &[(usize, &str)]| -> Vec<String> {
        words.iter().map(|(_, word)| (*word).to_owned()).collect()
    };
    let (old_texts, new_texts) = (texts(&olds), texts(&news));
    let ops = capture_diff_slices(Algorithm::Myers, &old_texts, &new_texts);
    let (mut removed, mut added, mut same) = (Vec::new(), Vec::new(), 0);
    for change in ops.iter().flat_map(|op| op.iter_changes(&old_texts, &new_texts)) {
        let range = |words: &[(usize, &str)], index: Option<usize>| {
            index.and_then(|index| words.get(index)).map(|(at, word)| *at..*at + word.len())
        };
        match change.tag() {
            ChangeTag::Equal => {
                same += if change.value().trim().is_empty() { 0 } else { change.value().len() };
            }
            ChangeTag::Delete => join(&mut removed, range(&olds, change.old_index())),
            ChangeTag::Insert => join(&mut added, range(&news, change.new_index())),
        }
    }
    let letters =
        |text: &str| text.chars().filter(|c| !c.is_whitespace()).map(char::len_utf8).sum();
    let shorter: usize = usize::min(letters(old), letters(new));
    (shorter > 0 && same * 100 >= shorter * LEAST_SAME_PERCENT).then_some((removed, added))
}

fn join(ranges: &mut Vec<Range<usize>>, range: Option<Range<usize>>) {
    let Some(range) = range else { return };
    match ranges.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_differ_are_found() {
        let (removed, added) =
            differences("let total = sum(a);", "let total = sum(a, b);").unwrap();
        assert!(removed.is_empty());
        assert_eq!(
            added.iter().map(|at| &"let total = sum(a, b);"[at.clone()]).collect::<String>(),
            ", b"
        );
        assert_eq!(differences("return 1", "fn other() {"), None);
        assert_eq!(differences("", "x"), None);
    }
}
