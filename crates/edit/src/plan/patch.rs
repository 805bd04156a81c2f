//! Puts new lines in the place of old ones.

mod hunks;
mod only;

use std::borrow::Cow;
use std::ops::Range;

use super::draft::Refused;
use super::frame::framed;
use super::rival;
use super::weave::{Misfit, Op, Writing, weave};
use crate::diff::steps;
use crate::locate::{Found, MatchLevel, says_little};
use crate::refusal::RefusalReason;
use crate::text::{FileLine, FileText};

pub use hunks::apply;
pub use only::refuse_other_content;
use only::{misfit, only};

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
