//! Where lines stand in a file, though a model may have copied them badly.

mod nearest;
mod runs;

use std::ops::Range;

pub use nearest::nearest;
use runs::runs;

/// More comparisons of two lines than this, for the indentation, take longer
/// than a person waits for one edit.
const MOST_COMPARISONS: usize = 5_000_000;

/// What had to be overlooked for the lines to match, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchLevel {
    /// Nothing but the line endings, which the reply does not carry.
    Exact,
    /// Spaces at the ends of lines.
    TrailingWhitespace,
    /// The same indentation missing from, or too much on, every line.
    Indentation,
    /// Blank lines, and the above.
    BlankLines,
}

/// One place where lines stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Lines of the file, from zero.
    pub range: Range<usize>,
    pub level: MatchLevel,
    pub shift: Shift,
}

/// What turns the reply's indentation into the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shift {
    None,
    Add(String),
    Remove(String),
}

impl Shift {
    /// Indents a new line as its neighbours are.
    pub fn apply(&self, line: &str) -> String {
        match self {
            _ if line.trim().is_empty() => line.to_owned(),
            Self::None => line.to_owned(),
            Self::Add(extra) => format!("{extra}{line}"),
            Self::Remove(extra) => line.strip_prefix(extra.as_str()).unwrap_or(line).to_owned(),
        }
    }

    /// The shift that makes `wanted` the line `file`, which has the same words.
    fn between(file: &str, wanted: &str) -> Option<Self> {
        let (file, wanted) = (file.trim_end(), wanted.trim_end());
        if file.trim_start() != wanted.trim_start() {
            None
        } else if file.len() >= wanted.len() {
            let extra = file.strip_suffix(wanted)?;
            Some(if extra.is_empty() { Self::None } else { Self::Add(extra.to_owned()) })
        } else {
            wanted.strip_suffix(file).map(|extra| Self::Remove(extra.to_owned()))
        }
    }
}

/// All places where `wanted` stands in `file`, at the first level that has any.
///
/// Only lines in `within` are looked at. An empty `wanted` stands nowhere.
pub fn locate<'t>(file: &[&'t str], wanted: &[&'t str], within: Range<usize>) -> Vec<Found> {
    if wanted.is_empty() || within.start >= within.end {
        return Vec::new();
    }
    let end = within.end.min(file.len());
    let (Some(part), first) = (file.get(within.start..end), within.start) else {
        return Vec::new();
    };
    let plain = |level, key: fn(&str) -> &str| -> Vec<Found> {
        let keys = |lines: &[&'t str]| lines.iter().map(|line| key(line)).collect::<Vec<_>>();
        let place = |start: usize| first + start..first + start + wanted.len();
        let runs = runs(&keys(part), &keys(wanted)).into_iter().map(place);
        runs.map(|range| Found { range, level, shift: Shift::None }).collect()
    };
    let mut found = plain(MatchLevel::Exact, |line| line);
    if found.is_empty() {
        found = plain(MatchLevel::TrailingWhitespace, str::trim_end);
    }
    if found.is_empty() {
        let places = shifted(part, wanted).into_iter();
        found = places
            .map(|(range, shift)| {
                let range = first + range.start..first + range.end;
                Found { range, level: MatchLevel::Indentation, shift }
            })
            .collect();
    }
    if found.is_empty() {
        found = without_blanks(file, wanted, within);
    }
    found
}

/// All runs that are `wanted` but for one indentation that is missing or too
/// much. None where finding out would take too long.
fn shifted(file: &[&str], wanted: &[&str]) -> Vec<(Range<usize>, Shift)> {
    let words: Vec<&str> = file.iter().map(|line| line.trim()).collect();
    let wanted_words: Vec<&str> = wanted.iter().map(|line| line.trim()).collect();
    let mut found = Vec::new();
    let mut compared = 0;
    for start in runs(&words, &wanted_words) {
        let range = start..start + wanted.len();
        let (shift, lines) = uniform_shift(&file[range.clone()], wanted);
        compared += lines;
        if compared > MOST_COMPARISONS {
            // Two are enough to know that the place is not unique.
            return if found.len() > 1 { found } else { Vec::new() };
        }
        found.extend(shift.map(|shift| (range, shift)));
    }
    found
}

/// The shift between two runs of lines, and how many lines it took to tell.
fn uniform_shift(file: &[&str], wanted: &[&str]) -> (Option<Shift>, usize) {
    let mut shift: Option<Shift> = None;
    for (number, (file, wanted)) in file.iter().zip(wanted).enumerate() {
        if file.trim().is_empty() && wanted.trim().is_empty() {
            continue;
        }
        let Some(here) = Shift::between(file, wanted) else { return (None, number + 1) };
        if *shift.get_or_insert_with(|| here.clone()) != here {
            return (None, number + 1);
        }
    }
    (shift, wanted.len())
}

fn without_blanks(file: &[&str], wanted: &[&str], within: Range<usize>) -> Vec<Found> {
    let end = within.end.min(file.len());
    let full = |line: &&str| !line.trim().is_empty();
    let numbers: Vec<usize> = (within.start..end).filter(|n| full(&file[*n])).collect();
    let lines: Vec<&str> = numbers.iter().map(|number| file[*number]).collect();
    let wanted: Vec<&str> = wanted.iter().copied().filter(full).collect();
    shifted(&lines, &wanted)
        .into_iter()
        .map(|(range, shift)| {
            let range = numbers[range.start]..numbers[range.end - 1] + 1;
            Found { range, level: MatchLevel::BlankLines, shift }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use MatchLevel::{BlankLines, Exact, Indentation, TrailingWhitespace};

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
        check("a||b|c", "a|b", &[(0..3, BlankLines)]);
        check("a|b|c", "a||b", &[(0..2, BlankLines)]);
        check("  a||  b|c", "a|b", &[(0..3, BlankLines)]);
    }

    #[test]
    fn an_uneven_shift_is_no_match() {
        check("  b|   c", "b|c", &[]);
        check("  b|  c", "\tb|\tc", &[]);
        check("ab|c", "b|c", &[]);
    }

    #[test]
    fn every_place_is_found() {
        check("a|b|a|b", "a|b", &[(0..2, Exact), (2..4, Exact)]);
        check("a", "a|b", &[]);
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
