//! Search texts that leave the middle out: `...` on a line of its own, in both
//! parts.

use std::ops::Range;

use super::draft::Refused;
use super::elision::is_elision;
use super::patch::{Patched, Placed, replaced_lines};
use crate::locate::{MatchLevel, locate};
use crate::refusal::RefusalReason;
use crate::text::FileText;

/// Whether the search text leaves something out.
pub fn is_elided(search: &str) -> bool {
    search.lines().any(is_elision)
}

/// Puts each part of `replace` in place of the part of `search` between the
/// same dots. Parts that do not change need only be there, below each other; a
/// part that changes has to be the only one of its kind between its neighbours.
pub fn replace(
    content: &str,
    search: &str,
    replace: &str,
    limit: MatchLevel,
) -> Result<Patched, Refused> {
    let (old, new) = (parts(search), parts(replace));
    if old.len() != new.len() {
        return Err(RefusalReason::DotsDiffer.into());
    }
    // Of blank lines beside the dots nobody knows how many the dots stand for.
    if blanks_at_ends(search) != blanks_at_ends(replace) {
        return Err(RefusalReason::WhitespaceDiffers.into());
    }
    // Words are not overlooked here: the dots overlook enough.
    let limit = limit.min(MatchLevel::Punctuation);
    let mut text = FileText::new(content);
    let mut all: Vec<Placed> = Vec::new();
    let mut below = 0;
    // The lowest line that the parts above can end on, as the file was.
    for (wanted, new) in old.iter().zip(&new) {
        let within = below..text.lines().len();
        if wanted.is_empty() {
            if new.is_empty() {
                continue;
            }
            return Err(RefusalReason::NoContext.into());
        }
        if wanted == new {
            below = first_end(&text, wanted, within)?;
            continue;
        }
        let (place, range, lines) = replaced_lines(&text, wanted, new, within, limit)?;
        below = range.start + lines.len();
        text.replace(range, lines);
        all.push(place);
    }
    Ok(Patched { text: text.join(), places: all })
}

/// Where the first place of lines that stay ends.
fn first_end(text: &FileText<'_>, wanted: &[&str], within: Range<usize>) -> Result<usize, Refused> {
    let places = locate(&text.texts(), wanted, within);
    match places.first() {
        Some(first) => Ok(first.range.end),
        None => Err(RefusalReason::NoMatch.into()),
    }
}

/// The lines between the dots, blank ones at the ends left out.
fn parts(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    lines.split(|line| is_elision(line)).map(trimmed).collect()
}

/// How many blank lines each part begins and ends with.
fn blanks_at_ends(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let count = |part: &[&str]| {
        let blank = |line: &&&str| line.trim().is_empty();
        (part.iter().take_while(blank).count(), part.iter().rev().take_while(blank).count())
    };
    lines.split(|line| is_elision(line)).map(count).collect()
}

fn trimmed<'t>(part: &[&'t str]) -> Vec<&'t str> {
    let full = |line: &&str| !line.trim().is_empty();
    let start = part.iter().position(full).unwrap_or(part.len());
    let end = part.iter().rposition(full).map_or(start, |last| last + 1);
    part[start..end].to_vec()
}
