//! Where lines stand in a file, though a model may have copied them badly.

mod align;
mod hits;
mod level;
mod likeness;
mod nearest;
mod punctuation;
mod runs;
mod scored;
mod shift;

use std::ops::Range;

pub use level::MatchLevel;
pub use nearest::nearest;
pub use punctuation::plain;
use runs::runs;
use scored::Scored;
pub use scored::same_words;
pub use shift::{Shift, indent};

/// More comparisons of two lines than this, for the indentation, take longer
/// than a person waits for one edit.
const MOST_COMPARISONS: usize = 2_000_000;

/// Lines with fewer letters and digits than this, together, stand anywhere.
const TELLING_LETTERS: usize = 12;

/// One place where lines stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Lines of the file, from zero.
    pub range: Range<usize>,
    pub level: MatchLevel,
    pub shift: Shift,
    /// For each wanted line, the line of the file; `None` where it has none.
    pub pairs: Vec<Option<usize>>,
    /// From 0, nothing alike, to 1, the same.
    pub similarity: f32,
}

impl Found {
    /// A place of which every line has its pair.
    pub fn run(range: Range<usize>, level: MatchLevel, shift: Shift) -> Self {
        let pairs = range.clone().map(Some).collect();
        Self { range, level, shift, pairs, similarity: 1.0 }
    }
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// All places at the first level that has any.
    Places(Vec<Found>),
    /// Several places are like it, and none by a distance: their first lines.
    Alike(Vec<usize>),
}

/// Looks for `wanted` in `file`, the strictest level first.
///
/// Only lines in `within` are looked at. An empty `wanted` stands nowhere.
pub fn search(file: &[&str], wanted: &[&str], within: Range<usize>) -> Search {
    let within = within.start..within.end.min(file.len());
    let places = locate(file, wanted, within.clone());
    if !places.is_empty() || wanted.is_empty() || within.is_empty() {
        return Search::Places(places);
    }
    match scored::scored(file, wanted, within) {
        Scored::Nothing => Search::Places(Vec::new()),
        Scored::Several(lines) => Search::Alike(lines),
        Scored::One { alignment, similarity } => {
            let Some(range) = alignment.range() else { return Search::Places(Vec::new()) };
            let pairs = wanted.iter().zip(&alignment.pairs);
            let (file_lines, lines): (Vec<&str>, Vec<&str>) = pairs
                .filter_map(|(line, pair)| Some((file[(*pair)?], *line)))
                .filter(|(file, line)| same_words(file, line))
                .unzip();
            let (shift, _) = Shift::between(&file_lines, &lines);
            Search::Places(vec![Found {
                range,
                level: MatchLevel::Scored,
                shift: shift.unwrap_or(Shift::None),
                pairs: alignment.pairs,
                similarity,
            }])
        }
    }
}

/// All places where `wanted` stands in `file` at the first level that has any,
/// but for [`MatchLevel::Scored`].
pub fn locate(file: &[&str], wanted: &[&str], within: Range<usize>) -> Vec<Found> {
    let within = within.start..within.end.min(file.len());
    if wanted.is_empty() || within.start >= within.end {
        return Vec::new();
    }
    let part = &file[within.clone()];
    if may_stand(part, wanted) {
        let same = |level, same: fn(&str, &str) -> bool| -> Vec<Found> {
            let place = |start: usize| within.start + start..within.start + start + wanted.len();
            let starts = runs(part.iter().copied(), wanted, same).into_iter();
            starts.map(|start| Found::run(place(start), level, Shift::None)).collect()
        };
        let mut found = same(MatchLevel::Exact, |a, b| a == b);
        if found.is_empty() {
            found = same(MatchLevel::TrailingWhitespace, |a, b| a.trim_end() == b.trim_end());
        }
        if found.is_empty() {
            found = shifted(part, wanted)
                .into_iter()
                .map(|(range, shift)| {
                    let range = within.start + range.start..within.start + range.end;
                    Found::run(range, MatchLevel::Indentation, shift)
                })
                .collect();
        }
        if found.is_empty() {
            found = without_blanks(file, wanted, within.clone(), MatchLevel::BlankLines);
        }
        if !found.is_empty() {
            return found;
        }
    }
    if all_ascii(part) && all_ascii(wanted) {
        return Vec::new();
    }
    let plain_file: Vec<_> = file.iter().map(|line| plain(line)).collect();
    let plain_wanted: Vec<_> = wanted.iter().map(|line| plain(line)).collect();
    let file: Vec<&str> = plain_file.iter().map(AsRef::as_ref).collect();
    let wanted: Vec<&str> = plain_wanted.iter().map(AsRef::as_ref).collect();
    without_blanks(&file, &wanted, within, MatchLevel::Punctuation)
}

/// The first lines of all places where `wanted` stands byte for byte.
pub fn exact(file: &[&str], wanted: &[&str]) -> Vec<usize> {
    runs(file.iter().copied(), wanted, |a, b| a == b)
}

/// Whether the lines with words stand below each other, white space
/// overlooked: the levels that know nothing of signs or words all need that.
fn may_stand(part: &[&str], wanted: &[&str]) -> bool {
    let full = |line: &&str| !line.trim().is_empty();
    let words: Vec<&str> =
        wanted.iter().filter(|line| full(line)).map(|line| line.trim()).collect();
    let lines = part.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    words.is_empty() || !runs(lines, &words, |a, b| a == b).is_empty()
}

/// Where lines that say little stand, white space overlooked: one that is the
/// same byte for byte may be another than the one that is meant.
pub fn places_of_few_words(file: &[&str], wanted: &[&str], within: Range<usize>) -> Vec<usize> {
    if !wanted.iter().all(|line| says_little(line)) || !says_little(&wanted.concat()) {
        return Vec::new();
    }
    let full = |line: &&str| !line.trim().is_empty();
    let end = within.end.min(file.len());
    let numbers: Vec<usize> = (within.start..end).filter(|n| full(&file[*n])).collect();
    let wanted: Vec<&str> = wanted.iter().copied().filter(full).collect();
    let starts = runs(numbers.iter().map(|number| file[*number]), &wanted, same_letters);
    starts.into_iter().map(|start| numbers[start]).collect()
}

/// Whether two lines are the same but for white space anywhere.
fn same_letters(a: &str, b: &str) -> bool {
    a.chars().filter(|c| !c.is_whitespace()).eq(b.chars().filter(|c| !c.is_whitespace()))
}

/// Whether a text has so few letters and digits that it may stand anywhere.
pub fn says_little(text: &str) -> bool {
    let letters = text.bytes().filter(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    letters.take(TELLING_LETTERS).count() < TELLING_LETTERS
}

fn all_ascii(lines: &[&str]) -> bool {
    lines.iter().all(|line| line.is_ascii())
}

/// All runs that are `wanted` but for one indentation that is missing or too
/// much. None where finding out would take too long.
fn shifted(file: &[&str], wanted: &[&str]) -> Vec<(Range<usize>, Shift)> {
    let words = file.iter().map(|line| line.trim());
    let wanted_words: Vec<&str> = wanted.iter().map(|line| line.trim()).collect();
    let mut found = Vec::new();
    let mut compared = 0;
    for start in runs(words, &wanted_words, |a, b| a == b) {
        let range = start..start + wanted.len();
        let (shift, lines) = Shift::between(&file[range.clone()], wanted);
        compared += lines;
        if compared > MOST_COMPARISONS {
            // Two are enough to know that the place is not unique.
            return if found.len() > 1 { found } else { Vec::new() };
        }
        found.extend(shift.map(|shift| (range, shift)));
    }
    found
}

fn without_blanks(
    file: &[&str],
    wanted: &[&str],
    within: Range<usize>,
    level: MatchLevel,
) -> Vec<Found> {
    let full = |line: &str| !line.trim().is_empty();
    let numbers: Vec<usize> = within.filter(|n| full(file[*n])).collect();
    let lines: Vec<&str> = numbers.iter().map(|number| file[*number]).collect();
    let full_wanted: Vec<&str> = wanted.iter().copied().filter(|line| full(line)).collect();
    shifted(&lines, &full_wanted)
        .into_iter()
        .map(|(places, shift)| {
            let range = numbers[places.start]..numbers[places.end - 1] + 1;
            let mut next = places.start;
            // The next wanted line that is paired stands below the blank ones
            // that both sides have.
            let mut above = None;
            let pairs = wanted
                .iter()
                .map(|line| {
                    let at = if full(line) {
                        next += 1;
                        Some(numbers[next - 1])
                    } else {
                        let below = above.map(|above: usize| above + 1);
                        below.filter(|at| next < places.end && !full(file[*at]))
                    };
                    above = at.or(above);
                    at
                })
                .collect();
            Found { range, level, shift, pairs, similarity: 1.0 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use MatchLevel::{BlankLines, Exact, Indentation, Punctuation, TrailingWhitespace};

    fn check(file: &str, wanted: &str, expect: &[(Range<usize>, MatchLevel)]) {
        let file: Vec<&str> = file.split('|').collect();
        let wanted: Vec<&str> = wanted.split('|').collect();
        let found = locate(&file, &wanted, 0..file.len());
        let found: Vec<_> = found.into_iter().map(|found| (found.range, found.level)).collect();
        assert_eq!(found, expect, "{wanted:?} in {file:?}");
    }

    #[test]
    fn the_strictest_level_that_matches_wins() {
        check("a|b|c", "b", &[(1..2, Exact)]);
        check("a|b |c", "b", &[(1..2, TrailingWhitespace)]);
        check("a|b |b", "b", &[(2..3, Exact)]);
        check("a|  b|    c|d", "b|  c", &[(1..3, Indentation)]);
        check("a|b|  c|d", "    b|      c", &[(1..3, Indentation)]);
        check("  b|  c", "\tb|\tc", &[(0..2, Indentation)]);
        check("a||b|c", "a|b", &[(0..3, BlankLines)]);
        check("a|b|c", "a||b", &[(0..2, BlankLines)]);
        check("  a||  b|c", "a|b", &[(0..3, BlankLines)]);
        check("a|\u{201c}b\u{201d}|c", "a|\"b\"", &[(0..2, Punctuation)]);
        check("  a||  \u{201c}b\u{201d}|c", "a|\"b\"", &[(0..3, Punctuation)]);
    }

    #[test]
    fn an_uneven_shift_is_no_match() {
        check("  b|   c", "b|c", &[]);
        check("ab|c", "b|c", &[]);
    }

    #[test]
    fn every_place_is_found() {
        check("a|b|a|b", "a|b", &[(0..2, Exact), (2..4, Exact)]);
        check("a", "a|b", &[]);
    }

    #[test]
    fn blank_lines_of_both_sides_are_pairs() {
        let found = locate(&["a", "", "b", "", "", "c"], &["a", "b", "", "c"], 0..6);
        assert_eq!(found[0].pairs, [Some(0), Some(2), Some(3), Some(5)]);
    }

    #[test]
    fn a_long_search_in_a_file_that_repeats_itself_ends() {
        let line = |text: &str| format!("    {text}");
        let (same, last) = (line("same"), line("last"));
        let file = vec![same.as_str(); 200_000];
        let mut wanted = vec![same.as_str(); 3_000];
        wanted.push(&last);
        assert_eq!(locate(&file, &wanted, 0..file.len()), []);
        let wanted = vec!["same"; 3_000];
        assert!(locate(&file, &wanted, 0..file.len()).len() > 1);
    }
}
