//! Where lines stand in a file, though a model may have copied them badly.

mod nearest;

use std::ops::Range;

pub use nearest::nearest;

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
pub fn locate(file: &[&str], wanted: &[&str], within: Range<usize>) -> Vec<Found> {
    if wanted.is_empty() || within.start >= within.end {
        return Vec::new();
    }
    let same_ends = |file: &str, wanted: &str| file.trim_end() == wanted.trim_end();
    let plain = |level, equal: fn(&str, &str) -> bool| -> Vec<Found> {
        windows(file, wanted.len(), within.clone())
            .filter(|range| {
                file[range.clone()].iter().zip(wanted).all(|(file, wanted)| equal(file, wanted))
            })
            .map(|range| Found { range, level, shift: Shift::None })
            .collect()
    };
    let mut found = plain(MatchLevel::Exact, |file, wanted| file == wanted);
    if found.is_empty() {
        found = plain(MatchLevel::TrailingWhitespace, same_ends);
    }
    if found.is_empty() {
        found = windows(file, wanted.len(), within.clone())
            .filter_map(|range| {
                let shift = uniform_shift(&file[range.clone()], wanted)?;
                Some(Found { range, level: MatchLevel::Indentation, shift })
            })
            .collect();
    }
    if found.is_empty() {
        found = without_blanks(file, wanted, within);
    }
    found
}

fn windows(
    file: &[&str],
    length: usize,
    within: Range<usize>,
) -> impl Iterator<Item = Range<usize>> {
    let last = within.end.min(file.len()).checked_sub(length);
    let starts = last.map_or(0..0, |last| within.start..last + 1);
    starts.map(move |start| start..start + length)
}

fn uniform_shift(file: &[&str], wanted: &[&str]) -> Option<Shift> {
    let mut shift: Option<Shift> = None;
    for (file, wanted) in file.iter().zip(wanted) {
        if file.trim().is_empty() && wanted.trim().is_empty() {
            continue;
        }
        let here = Shift::between(file, wanted)?;
        if *shift.get_or_insert_with(|| here.clone()) != here {
            return None;
        }
    }
    shift
}

fn without_blanks(file: &[&str], wanted: &[&str], within: Range<usize>) -> Vec<Found> {
    let end = within.end.min(file.len());
    let full = |line: &&str| !line.trim().is_empty();
    let numbers: Vec<usize> = (within.start..end).filter(|n| full(&file[*n])).collect();
    let lines: Vec<&str> = numbers.iter().map(|number| file[*number]).collect();
    let wanted: Vec<&str> = wanted.iter().copied().filter(full).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    windows(&lines, wanted.len(), 0..lines.len())
        .filter_map(|range| {
            let shift = uniform_shift(&lines[range.clone()], &wanted)?;
            let range = numbers[range.start]..numbers[range.end - 1] + 1;
            Some(Found { range, level: MatchLevel::BlankLines, shift })
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
}
