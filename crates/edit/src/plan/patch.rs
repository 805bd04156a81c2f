//! Puts new lines in the place of old ones.

use std::borrow::Cow;
use std::ops::Range;

use mlxcode_base::LineRange;

use super::draft::Refused;
use super::frame::framed;
use super::rival;
use super::weave::{Misfit, Op, Writing, weave};
use crate::diff::{FileDiff, steps};
use crate::format::{BrokenReason, PatchHunk, PatchLine};
use crate::locate::{
    Found, MatchLevel, Search, Shift, exact, nearest, places_of_few_words, says_little, search,
};
use crate::refusal::{NearestMatch, RefusalReason};
use crate::text::{FileLine, FileText, LineEnd};

/// Larger texts are not searched for other places that may be meant.
const MOST_SEARCHED_BYTES: usize = 8 << 20;

/// A text after an edit, and where the edit fell.
#[derive(Clone, Debug)]
pub struct Patched {
    pub text: String,
    pub places: Vec<Placed>,
}

/// One place of an edit.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The lines that it took, from zero, as the file was before the edit.
    pub lines: Range<usize>,
    pub level: MatchLevel,
    pub similarity: f32,
}

impl Placed {
    fn of(found: &Found) -> Self {
        let Found { range, level, similarity, .. } = found;
        Self { lines: range.clone(), level: *level, similarity: *similarity }
    }

    pub fn exact(lines: Range<usize>) -> Self {
        Self { lines, level: MatchLevel::Exact, similarity: 1.0 }
    }
}

/// Puts `replace` in place of `search`. Lines on both sides stay as the file
/// has them. `limit` is the most that may be overlooked.
pub fn replace(
    content: &str,
    search: &str,
    replace: &str,
    limit: MatchLevel,
) -> Result<Patched, Refused> {
    match replaced_verbatim(content, search, replace) {
        Some(patched) => Ok(patched),
        None => replace_lines(content, search, replace, limit),
    }
}

/// The usual case, at the speed of copying: the lines stand in the file once,
/// byte for byte. `None` for all others, and where line ends, or other places
/// that are much alike, need care.
fn replaced_verbatim(content: &str, search: &str, replace: &str) -> Option<Patched> {
    let whole_lines = |text: &str| text.ends_with('\n') && !text.contains('\r');
    if !whole_lines(search) || !(replace.is_empty() || whole_lines(replace)) {
        return None;
    }
    let begins = |at: usize| at == 0 || content[..at].ends_with('\n');
    // From line to line, since places may overlap.
    let mut found = None;
    let mut from = 0;
    while let Some(at) = content[from..].find(search).map(|at| from + at) {
        if begins(at) && found.replace(at).is_some() {
            return None;
        }
        from = at + content[at..].find('\n')? + 1;
    }
    let at = found?;
    // The last line need not have an end to be the same line.
    let last = content.strip_suffix(&search[..search.len() - 1]);
    if last.is_some_and(|before| begins(before.len())) || content.contains('\r') {
        return None;
    }
    let rest = (&content[..at], &content[at + search.len()..]);
    // A file that large is not searched once for each line.
    let searched = content.len() <= MOST_SEARCHED_BYTES;
    let elsewhere = |line: &str| rest.0.contains(line) || rest.1.contains(line);
    let mut new = replace.lines().map(str::trim).filter(|line| rival::is_telling(line));
    let repeated = |line: &str| searched && !search.contains(line) && elsewhere(line);
    let doubtful = says_little(search) || new.any(repeated);
    if doubtful {
        return None;
    }
    let first = rest.0.bytes().filter(|b| *b == b'\n').count();
    let lines = first..first + search.lines().count();
    let text = [rest.0, replace, rest.1].concat();
    Some(Patched { text, places: vec![Placed::exact(lines)] })
}

fn replace_lines(
    content: &str,
    search: &str,
    replace: &str,
    limit: MatchLevel,
) -> Result<Patched, Refused> {
    let mut text = FileText::new(content);
    let wanted: Vec<&str> = search.lines().collect();
    let new: Vec<&str> = replace.lines().collect();
    let end = text.lines().len();
    let (placed, range, lines) = replaced_lines(&text, &wanted, &new, 0..end, limit)?;
    text.replace(range, lines);
    Ok(Patched { text: text.join(), places: vec![placed] })
}

/// The one place of `wanted` below `within`, and the lines that `new` makes of
/// it.
pub fn replaced_lines<'t>(
    text: &FileText<'t>,
    wanted: &[&str],
    new: &[&'t str],
    within: Range<usize>,
    limit: MatchLevel,
) -> Result<(Placed, Range<usize>, Vec<FileLine<'t>>), Refused> {
    let found = only(text, wanted, within, limit, |_| None)?;
    let texts = text.texts();
    let Some(new) = framed(&texts, &found, wanted, new) else {
        return Err(misfit(text, &found, wanted, Misfit::Blanks));
    };
    let shifted = shifted(&found, wanted);
    let old: Vec<&str> = shifted.iter().map(AsRef::as_ref).collect();
    let lines: Vec<&str> = new.iter().map(AsRef::as_ref).collect();
    let mut ops = Vec::new();
    for step in steps(&old, &lines) {
        if step.equal {
            ops.extend(step.old.map(Op::Keep));
        } else {
            ops.extend(step.old.map(Op::Remove));
            ops.extend(new[step.new].iter().cloned().map(Op::Add));
        }
    }
    finish(text, &found, wanted, &shifted, &ops, Writing::Passages)
}

/// Brings the steps into the place, if no other place is as likely.
fn finish<'t>(
    text: &FileText<'t>,
    found: &Found,
    wanted: &[&str],
    shifted: &[Cow<'_, str>],
    ops: &[Op<'t>],
    writing: Writing,
) -> Result<(Placed, Range<usize>, Vec<FileLine<'t>>), Refused> {
    if repeats(text, found, ops) {
        return Err(RefusalReason::Repeated.into());
    }
    if let Some(other) = rival::rival(&text.texts(), found, wanted, ops) {
        let mut lines = vec![found.range.start + 1, other + 1];
        lines.sort_unstable();
        return Err(RefusalReason::Alike { lines }.into());
    }
    let lines = weave(text, found, shifted, ops, writing)
        .map_err(|reason| misfit(text, found, wanted, reason))?;
    Ok((Placed::of(found), found.range.clone(), lines))
}

/// Whether the file holds the result of the change already, around the place
/// found: the lines that are added stand beside some that are the same as those
/// searched for, which may be what was found.
fn repeats(text: &FileText<'_>, found: &Found, ops: &[Op<'_>]) -> bool {
    let mut new = Vec::new();
    let mut telling = false;
    let mut line = found.range.start;
    let mut adds = 0;
    for op in ops {
        match op {
            Op::Keep(number) => {
                if found.pairs[*number] != Some(line) {
                    return false;
                }
                new.push(text.lines()[line].text.trim());
                line += 1;
            }
            Op::Remove(_) => return false,
            Op::Add(add) => {
                adds += 1;
                telling |= rival::is_telling(add);
                new.push(add.trim());
            }
        }
    }
    let stands = |start: usize| {
        let there = text.lines().get(start..start + new.len());
        there.is_some_and(|there| there.iter().map(|line| line.text.trim()).eq(new.iter().copied()))
    };
    let first = found.range.start.saturating_sub(adds);
    telling && line > found.range.start && (first..=found.range.start).any(stands)
}

/// The wanted lines as the file indents them.
fn shifted<'w>(found: &Found, wanted: &[&'w str]) -> Vec<Cow<'w, str>> {
    let shift = |line: &&'w str| found.shift.apply(line).unwrap_or(Cow::Borrowed(line));
    wanted.iter().map(shift).collect()
}

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
    let mut all = hunk.clone();
    for (number, line) in all.lines.iter_mut().enumerate() {
        if let PatchLine::Context(line) = line
            && !hunk.unspaced.contains(&number)
            && !line.is_empty()
        {
            line.insert(0, ' ');
        }
    }
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

/// The one place of `wanted`; among several, the one that `choose` takes.
fn only(
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
fn with_line_ends(text: &FileText<'_>, found: Found) -> Found {
    let crlf = text.lines()[found.range.clone()].iter().any(|line| line.end == LineEnd::CrLf);
    let level = if crlf { found.level.max(MatchLevel::LineEndings) } else { found.level };
    Found { level, ..found }
}

fn misfit(text: &FileText<'_>, found: &Found, wanted: &[&str], reason: Misfit) -> Refused {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The short way gives what the long way gives.
        #[test]
        fn verbatim_is_what_lines_give(
            content in "([ab]{0,2}\r?\n){0,8}[ab]{0,2}",
            search in "([ab]{0,2}\n){1,3}",
            replace in "([abc]{0,2}\n){0,3}",
        ) {
            if let Some(text) = replaced_verbatim(&content, &search, &replace) {
                let lines = replace_lines(&content, &search, &replace, MatchLevel::Exact);
                prop_assert_eq!(lines.ok().map(|lines| (lines.text, lines.places)), Some((text.text, text.places)));
            }
        }
    }
}
