//! Puts the hunks of a patch in their places.

use std::borrow::Cow;
use std::ops::Range;

use super::only::{misfit, only, with_line_ends};
use super::{Patched, Placed, finish, shifted};
use crate::format::{BrokenReason, PatchHunk, PatchLine, PatchLines};
use crate::locate::{Found, MatchLevel, Shift, exact};
use crate::plan::draft::Refused;
use crate::plan::weave::{Misfit, Op, Writing};
use crate::refusal::RefusalReason;
use crate::text::{FileLine, FileText};

/// Applies hunks, each below the one before it.
pub fn apply(content: &str, hunks: &[PatchHunk], limit: MatchLevel) -> Result<Patched, Refused> {
    let mut text = FileText::new(content);
    let mut all = Vec::new();
    let mut below = 0;
    // How many lines the hunks so far added: later line numbers move by it.
    let mut moved: isize = 0;
    for hunk in hunks {
        let at = Cursor { below, moved, limit };
        let (placed, range, lines) = if hunk.unspaced.is_empty() {
            place(&text, hunk, at)?
        } else {
            place_unspaced(&text, hunk, at)?
        };
        let first = range.start.saturating_add_signed(-moved);
        all.push(Placed { lines: first..first + range.len(), ..placed });
        moved += lines.len() as isize - range.len() as isize;
        below = range.start + lines.len();
        text.replace(range, lines);
        if (hunk.old_open || hunk.new_open) && below == text.lines().len() {
            text.set_open(hunk.new_open);
        }
    }
    Ok(Patched { text: text.join(), places: all })
}

/// Where the next hunk is looked for.
#[derive(Clone, Copy)]
struct Cursor {
    below: usize,
    moved: isize,
    limit: MatchLevel,
}

fn place<'t>(
    text: &FileText<'t>,
    hunk: &'t PatchHunk,
    at: Cursor,
) -> Result<(Placed, Range<usize>, Vec<FileLine<'t>>), Refused> {
    let Cursor { below, moved, limit } = at;
    let wanted: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::before).collect();
    let end = text.lines().len();
    let label = lines_with(text, &hunk.labels, below);
    let claimed = hunk.first_line.map(|line| (line as isize - 1 + moved).max(0) as usize);
    let found = if wanted.is_empty() {
        // `git diff -U0` inserts below a line that it only names by its number,
        // and its label is the head of a function further up.
        let numbered = match (hunk.first_line, hunk.old_count) {
            (Some(line), Some(0)) => usize::try_from(line as isize + moved).ok(),
            _ => None,
        };
        let at = match (numbered, label) {
            _ if hunk.at_end => end,
            // An empty file leaves no doubt.
            _ if text.lines().is_empty() => 0,
            (Some(at), _) if (below..=end).contains(&at) => at,
            (None, Some(label)) if hunk.first_line.is_none() => label + 1,
            _ => return Err(RefusalReason::NoContext.into()),
        };
        Found::run(at..at, MatchLevel::Exact, Shift::None)
    } else {
        let choose = |places: &[Found]| {
            let by_number = places.iter().position(|found| Some(found.range.start) == claimed);
            let by_end = || {
                let blank = |line: &FileLine<'_>| line.text.trim().is_empty();
                let ends = |found: &Found| text.lines()[found.range.end..].iter().all(blank);
                (hunk.at_end || hunk.old_open).then(|| places.iter().position(ends)).flatten()
            };
            let by_label = || {
                let label = label?;
                places.iter().position(|found| found.range.start >= label)
            };
            by_number.or_else(by_end).or_else(by_label)
        };
        // Where the patch says it is, it is: no other place can be meant more.
        match claimed.and_then(|at| found_at(text, &wanted, at, below)) {
            Some(found) => found,
            None => only(text, &wanted, below..end, limit, choose)?,
        }
    };
    let mut ops = Vec::new();
    let mut number = 0;
    for line in &hunk.lines {
        ops.push(match line {
            PatchLine::Context(_) => Op::Keep(number),
            PatchLine::Removed(_) => Op::Remove(number),
            PatchLine::Added(line) => Op::Add(
                found
                    .shift
                    .apply(line)
                    .ok_or_else(|| misfit(text, &found, &wanted, Misfit::Blanks))?,
            ),
        });
        number += usize::from(line.before().is_some());
    }
    finish(text, &found, &wanted, &shifted(&found, &wanted), &ops, Writing::Hunk)
}

/// The lines at `at`, if they are there, exactly.
fn found_at(text: &FileText<'_>, wanted: &[&str], at: usize, below: usize) -> Option<Found> {
    let range = at..at.checked_add(wanted.len())?;
    let lines = text.lines().get(range.clone()).filter(|_| at >= below)?;
    let same = lines.iter().zip(wanted).all(|(line, wanted)| line.text == *wanted);
    same.then(|| with_line_ends(text, Found::run(range, MatchLevel::Exact, Shift::None)))
}

/// Places a hunk of which context lines lack the space in front. Either only
/// those that begin with no blank lack it, or all do.
fn place_unspaced<'t>(
    text: &FileText<'t>,
    hunk: &'t PatchHunk,
    at: Cursor,
) -> Result<(Placed, Range<usize>, Vec<FileLine<'t>>), Refused> {
    let mut lines = PatchLines::default();
    for (number, line) in hunk.lines.iter().enumerate() {
        match line {
            PatchLine::Context(text) if !hunk.unspaced.contains(&number) && !text.is_empty() => {
                lines.push(PatchLine::Context(&format!(" {text}")));
            }
            line => lines.push(line),
        }
    }
    let all = PatchHunk { lines, ..hunk.clone() };
    let fits = |hunk: &PatchHunk| {
        let wanted: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::before).collect();
        exact(text.texts().get(at.below..).unwrap_or_default(), &wanted).len() == 1
    };
    if fits(hunk) {
        return place(text, hunk, at);
    }
    if fits(&all) {
        let (placed, range, lines) = place(text, &all, at)?;
        let own = |line: FileLine<'_>| FileLine {
            text: Cow::Owned(line.text.into_owned()),
            end: line.end,
        };
        return Ok((placed, range, lines.into_iter().map(own).collect()));
    }
    Err(RefusalReason::Broken(BrokenReason::BadPatchLine).into())
}

/// The line of the last label, each looked for below the one before it.
fn lines_with(text: &FileText<'_>, labels: &[String], from: usize) -> Option<usize> {
    let mut last = None;
    for label in labels {
        last = Some(line_with(text, label, last.map_or(from, |line| line + 1))?);
    }
    last
}

/// The line at or below `from` that holds `label`: whole, or as a part.
fn line_with(text: &FileText<'_>, label: &str, from: usize) -> Option<usize> {
    let lines = text.texts();
    let whole = (from..lines.len()).find(|number| lines[*number].trim() == label.trim());
    whole.or_else(|| (from..lines.len()).find(|number| lines[*number].contains(label.trim())))
}
