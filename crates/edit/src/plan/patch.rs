//! Puts new lines in the place of old ones.

use std::ops::Range;

use mlxcode_base::LineRange;

use super::draft::Refused;
use super::line_ends::LineEnds;
use crate::diff::{FileDiff, steps};
use crate::format::{BrokenReason, PatchHunk, PatchLine};
use crate::locate::{Found, MatchLevel, Shift, locate, nearest};
use crate::refusal::{NearestMatch, RefusalReason};
use crate::text::{FileLine, FileText};

/// Puts `replace` in place of `search`. Lines on both sides stay as the file
/// has them.
pub fn replace(content: &str, search: &str, replace: &str) -> Result<String, Refused> {
    match replaced_verbatim(content, search, replace) {
        Some(text) => Ok(text),
        None => replace_lines(content, search, replace),
    }
}

/// The usual case, at the speed of copying: the lines stand in the file once,
/// byte for byte. `None` for all others, and where line ends need care.
fn replaced_verbatim(content: &str, search: &str, replace: &str) -> Option<String> {
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
    Some([&content[..at], replace, &content[at + search.len()..]].concat())
}

fn replace_lines(content: &str, search: &str, replace: &str) -> Result<String, Refused> {
    let mut text = FileText::new(content);
    let wanted: Vec<&str> = search.lines().collect();
    let new: Vec<&str> = replace.lines().collect();
    let found = only(&text, &wanted, 0..text.lines().len(), |_| None)?;
    let lines = if found.level == MatchLevel::BlankLines {
        // The lines do not pair up, so the new ones stand as they are.
        let mut ends = LineEnds::at(&text, &found);
        text.lines()[found.range.clone()].iter().for_each(|line| ends.goes(Some(line)));
        new.iter().map(|line| ends.new_line(&found, line)).collect()
    } else {
        let mut hunk = Vec::new();
        for step in steps(&wanted, &new) {
            let old = wanted[step.old].iter().map(|line| (*line).to_owned());
            if step.equal {
                hunk.extend(old.map(PatchLine::Context));
            } else {
                hunk.extend(old.map(PatchLine::Removed));
                hunk.extend(new[step.new].iter().map(|line| PatchLine::Added((*line).to_owned())));
            }
        }
        rewritten(&text, &found, &hunk)
    };
    text.replace(found.range, lines);
    Ok(text.join())
}

/// Applies hunks, each below the one before it.
pub fn apply(content: &str, hunks: &[PatchHunk]) -> Result<String, Refused> {
    let mut text = FileText::new(content);
    let mut below = 0;
    // How many lines the hunks so far added: later line numbers move by it.
    let mut moved: isize = 0;
    for hunk in hunks {
        let (found, lines) = if hunk.unspaced.is_empty() {
            place(&text, hunk, below, moved)?
        } else {
            place_unspaced(&text, hunk, below, moved)?
        };
        moved += lines.len() as isize - found.range.len() as isize;
        below = found.range.start + lines.len();
        text.replace(found.range, lines);
        if (hunk.old_open || hunk.new_open) && below == text.lines().len() {
            text.set_open(hunk.new_open);
        }
    }
    Ok(text.join())
}

fn place(
    text: &FileText,
    hunk: &PatchHunk,
    below: usize,
    moved: isize,
) -> Result<(Found, Vec<FileLine>), Refused> {
    let wanted: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::before).collect();
    let end = text.lines().len();
    let label = lines_with(text, &hunk.labels, below);
    let claimed = hunk.first_line.map(|line| (line as isize - 1 + moved).max(0) as usize);
    if wanted.is_empty() {
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
        let found = Found { range: at..at, level: MatchLevel::Exact, shift: Shift::None };
        let lines = rewritten(text, &found, &hunk.lines);
        return Ok((found, lines));
    }
    let choose = |places: &[Found]| {
        let by_number = places.iter().position(|found| Some(found.range.start) == claimed);
        let by_end = || {
            let blank = |line: &FileLine| line.text.trim().is_empty();
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
    let found = match claimed.and_then(|at| found_at(text, &wanted, at, below)) {
        Some(found) => found,
        None => only(text, &wanted, below..end, choose)?,
    };
    let lines = if found.level == MatchLevel::BlankLines {
        rewritten_around_blanks(text, &found, &hunk.lines)
    } else {
        rewritten(text, &found, &hunk.lines)
    };
    Ok((found, lines))
}

/// The lines at `at`, if they are there, exactly.
fn found_at(text: &FileText, wanted: &[&str], at: usize, below: usize) -> Option<Found> {
    let range = at..at.checked_add(wanted.len())?;
    let lines = text.lines().get(range.clone()).filter(|_| at >= below)?;
    let same = lines.iter().zip(wanted).all(|(line, wanted)| line.text == *wanted);
    same.then_some(Found { range, level: MatchLevel::Exact, shift: Shift::None })
}

/// Places a hunk of which context lines lack the space in front. Either only
/// those that begin with no blank lack it, or all do.
fn place_unspaced(
    text: &FileText,
    hunk: &PatchHunk,
    below: usize,
    moved: isize,
) -> Result<(Found, Vec<FileLine>), Refused> {
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
        let places = locate(&text.texts(), &wanted, below..text.lines().len());
        places.len() == 1 && places[0].level == MatchLevel::Exact
    };
    match [hunk, &all].into_iter().find(|hunk| fits(hunk)) {
        Some(hunk) => place(text, hunk, below, moved),
        None => Err(RefusalReason::Broken(BrokenReason::BadPatchLine).into()),
    }
}

/// The line of the last label, each looked for below the one before it.
fn lines_with(text: &FileText, labels: &[String], from: usize) -> Option<usize> {
    let mut last = None;
    for label in labels {
        last = Some(line_with(text, label, last.map_or(from, |line| line + 1))?);
    }
    last
}

/// The line at or below `from` that holds `label`: whole, or as a part.
fn line_with(text: &FileText, label: &str, from: usize) -> Option<usize> {
    let lines = text.texts();
    let whole = (from..lines.len()).find(|number| lines[*number].trim() == label.trim());
    whole.or_else(|| (from..lines.len()).find(|number| lines[*number].contains(label.trim())))
}

/// The one place of `wanted`; among several, the one that `choose` takes.
fn only(
    text: &FileText,
    wanted: &[&str],
    within: Range<usize>,
    choose: impl Fn(&[Found]) -> Option<usize>,
) -> Result<Found, Refused> {
    let lines = text.texts();
    let mut places = locate(&lines, wanted, within);
    match places.len() {
        0 => Err(no_match(text, wanted)),
        1 => Ok(places.swap_remove(0)),
        _ => {
            if let Some(chosen) = choose(&places) {
                return Ok(places.swap_remove(chosen));
            }
            let lines = places.iter().map(|found| found.range.start + 1).collect();
            Err(RefusalReason::Ambiguous { lines }.into())
        }
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

fn no_match(text: &FileText, wanted: &[&str]) -> Refused {
    let lines = text.texts();
    let nearest = nearest(&lines, wanted);
    let words = |lines: &[&str]| -> Vec<String> {
        lines.iter().map(|line| line.split_whitespace().collect::<String>()).collect()
    };
    let only_space =
        nearest.as_ref().is_some_and(|(range, _)| words(&lines[range.clone()]) == words(wanted));
    let reason = if only_space { RefusalReason::WhitespaceDiffers } else { RefusalReason::NoMatch };
    let nearest = nearest.map(|(range, similarity)| {
        let joined = |lines: &[&str]| lines.join("\n") + "\n";
        Box::new(NearestMatch {
            range: LineRange::new(range.start + 1, range.end),
            similarity,
            diff: FileDiff::of_passages(&joined(wanted), &joined(&lines[range])),
        })
    });
    Refused { reason, nearest }
}

/// The file's lines at `found` after the hunk.
fn rewritten(text: &FileText, found: &Found, hunk: &[PatchLine]) -> Vec<FileLine> {
    let mut old = text.lines()[found.range.clone()].iter();
    let mut ends = LineEnds::at(text, found);
    let mut new = Vec::new();
    for line in hunk {
        match line {
            PatchLine::Context(_) => {
                let kept = old.next();
                ends.stays(kept);
                new.extend(kept.cloned());
            }
            PatchLine::Removed(_) => ends.goes(old.next()),
            PatchLine::Added(line) => new.push(ends.new_line(found, line)),
        }
    }
    new
}

/// The same where hunk and file have different blank lines: the file's own
/// stay, but for those between two lines that go.
fn rewritten_around_blanks(text: &FileText, found: &Found, hunk: &[PatchLine]) -> Vec<FileLine> {
    let mut old = text.lines()[found.range.clone()].iter().peekable();
    let mut ends = LineEnds::at(text, found);
    let mut new = Vec::new();
    let mut goes_above = false;
    for line in hunk {
        let (wanted, goes) = match line {
            PatchLine::Added(line) => {
                new.push(ends.new_line(found, line));
                continue;
            }
            PatchLine::Context(line) => (line, false),
            PatchLine::Removed(line) => (line, true),
        };
        if wanted.trim().is_empty() {
            continue;
        }
        while let Some(blank) = old.next_if(|line| line.text.trim().is_empty()) {
            if !(goes && goes_above) {
                new.push(blank.clone());
            }
        }
        let next = old.next();
        if goes {
            ends.goes(next);
        } else {
            ends.stays(next);
            new.extend(next.cloned());
        }
        goes_above = goes;
    }
    new
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
                let lines = replace_lines(&content, &search, &replace);
                prop_assert_eq!(lines.ok(), Some(text));
            }
        }
    }
}
