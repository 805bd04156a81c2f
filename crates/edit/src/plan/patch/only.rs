//! The one place of lines, or why there is none.

use std::ops::Range;

use mlxcode_base::LineRange;

use crate::diff::FileDiff;
use crate::locate::{Found, MatchLevel, Search, nearest, places_of_few_words, search};
use crate::plan::draft::Refused;
use crate::plan::weave::Misfit;
use crate::refusal::{NearestMatch, RefusalReason};
use crate::text::{FileText, LineEnd};

/// The one place of `wanted`; among several, the one that `choose` takes.
pub fn only(
    text: &FileText<'_>,
    wanted: &[&str],
    within: Range<usize>,
    limit: MatchLevel,
    choose: impl Fn(&[Found]) -> Option<usize>,
) -> Result<Found, Refused> {
    let lines = text.texts();
    let ambiguous = |lines: Vec<usize>| Refused::from(RefusalReason::Ambiguous { lines });
    let mut places = match search(&lines, wanted, within.clone()) {
        Search::Places(places) => places,
        Search::Alike(lines) => {
            let lines = lines.into_iter().map(|line| line + 1).collect();
            let Refused { nearest, .. } = no_match(text, wanted);
            return Err(Refused { reason: RefusalReason::Alike { lines }, nearest });
        }
    };
    let found = match places.len() {
        0 => return Err(no_match(text, wanted)),
        1 => {
            let others = places_of_few_words(&lines, wanted, within);
            if others.len() > 1 {
                return Err(ambiguous(others.into_iter().map(|line| line + 1).collect()));
            }
            places.swap_remove(0)
        }
        _ => match choose(&places) {
            Some(chosen) => places.swap_remove(chosen),
            None => {
                return Err(ambiguous(places.iter().map(|found| found.range.start + 1).collect()));
            }
        },
    };
    let found = with_line_ends(text, found);
    if found.level > limit {
        let nearest =
            Some(Box::new(nearest_of(text, wanted, found.range.clone(), found.similarity)));
        return Err(Refused {
            reason: RefusalReason::LevelLimited { level: found.level },
            nearest,
        });
    }
    Ok(found)
}

/// The lines of a reply are read without their ends.
pub fn with_line_ends(text: &FileText<'_>, found: Found) -> Found {
    let crlf = text.lines()[found.range.clone()].iter().any(|line| line.end == LineEnd::CrLf);
    let level = if crlf { found.level.max(MatchLevel::LineEndings) } else { found.level };
    Found { level, ..found }
}

/// The refusal of a hunk whose only place does not fit well enough.
pub fn misfit(text: &FileText<'_>, found: &Found, wanted: &[&str], reason: Misfit) -> Refused {
    let reason = match reason {
        Misfit::Poor => RefusalReason::PoorMatch,
        Misfit::Blanks => RefusalReason::WhitespaceDiffers,
    };
    let similarity = found.similarity.min(0.99);
    Refused {
        reason,
        nearest: Some(Box::new(nearest_of(text, wanted, found.range.clone(), similarity))),
    }
}

/// Refuses to remove a file that holds more, or something else, than the diff
/// that removes it shows.
pub fn refuse_other_content(content: &str, shown: &str) -> Result<(), Refused> {
    let text = FileText::new(content);
    let wanted: Vec<&str> = shown.lines().collect();
    if text.texts() == wanted {
        return Ok(());
    }
    let Refused { nearest, .. } = no_match(&text, &wanted);
    Err(Refused { reason: RefusalReason::OtherContent, nearest })
}

fn no_match(text: &FileText<'_>, wanted: &[&str]) -> Refused {
    let lines = text.texts();
    let nearest = nearest(&lines, wanted);
    let words = |lines: &[&str]| -> Vec<String> {
        lines.iter().map(|line| line.split_whitespace().collect::<String>()).collect()
    };
    let only_space =
        nearest.as_ref().is_some_and(|(range, _)| words(&lines[range.clone()]) == words(wanted));
    let reason = if only_space { RefusalReason::WhitespaceDiffers } else { RefusalReason::NoMatch };
    let nearest =
        nearest.map(|(range, similarity)| Box::new(nearest_of(text, wanted, range, similarity)));
    Refused { reason, nearest }
}

fn nearest_of(
    text: &FileText<'_>,
    wanted: &[&str],
    range: Range<usize>,
    similarity: f32,
) -> NearestMatch {
    let lines = text.texts();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    NearestMatch {
        range: LineRange::new(range.start + 1, range.end),
        similarity,
        diff: FileDiff::of_passages(&joined(wanted), &joined(&lines[range])),
    }
}
