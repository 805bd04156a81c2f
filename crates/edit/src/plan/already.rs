//! Edits whose result the file holds already: a reply that is applied twice.

use super::rival::is_telling;
use crate::format::{EditAction, PatchHunk, PatchLine};
use crate::locate::exact;

/// One line alone proves that it is the new one only if it says something:
/// `return 2;` may stand anywhere.
const LEAST_LETTERS: usize = 10;

/// Whether `content`, which does not hold `search`, holds `replace` instead.
pub fn holds(content: &str, search: &str, replace: &str) -> bool {
    let search: Vec<&str> = search.lines().collect();
    let replace: Vec<&str> = replace.lines().collect();
    !still_holds(content, &search, &replace)
        && is_there(content, &replace, brings(&search, &replace))
}

/// The same for the hunks of a patch, all of them.
pub fn patched(content: &str, hunks: &[PatchHunk]) -> bool {
    hunks.iter().all(|hunk| {
        let before: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::before).collect();
        let after: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::after).collect();
        !still_holds(content, &before, &after) && is_there(content, &after, brings(&before, &after))
    })
}

/// Whether a line with words comes that was not searched for. Without one, the
/// file holds what was there before the change as much as what is there after:
/// lines that go, or white space.
fn brings(before: &[&str], after: &[&str]) -> bool {
    let known = |line: &str| before.iter().any(|other| other.trim() == line.trim());
    after.iter().any(|line| is_full(line) && !known(line))
}

/// Whether a line that is to go is in the file.
fn still_holds(content: &str, before: &[&str], after: &[&str]) -> bool {
    let goes =
        |line: &str| is_telling(line) && !after.iter().any(|other| other.trim() == line.trim());
    let gone: Vec<&str> = before.iter().filter(|line| goes(line)).map(|line| line.trim()).collect();
    !gone.is_empty() && content.lines().any(|line| gone.contains(&line.trim()))
}

fn is_there(content: &str, after: &[&str], brings: bool) -> bool {
    let full: Vec<&&str> = after.iter().filter(|line| is_full(line)).collect();
    let letters = |line: &str| line.chars().filter(|c| c.is_alphanumeric()).count();
    let telling = match full.as_slice() {
        [] => false,
        [only] => letters(only) >= LEAST_LETTERS,
        _ => true,
    };
    if !telling || !brings {
        return false;
    }
    let lines: Vec<&str> = content.lines().collect();
    // White space may be all that is to change.
    exact(&lines, after).len() == 1
}

/// Whether an edit that changes nothing changes nothing because its result
/// stands there, and not because what it changes was overlooked.
pub fn is_made(content: &str, action: &EditAction) -> bool {
    let lines: Vec<&str> = content.lines().collect();
    let stands = |after: &[&str]| !exact(&lines, after).is_empty();
    match action {
        EditAction::Replace { search, replace } => {
            search == replace || stands(&replace.lines().collect::<Vec<_>>())
        }
        EditAction::Substitute { old, new, .. } => {
            old == new || stands(&new.lines().collect::<Vec<_>>())
        }
        EditAction::Patch { hunks } => hunks.iter().all(|hunk| {
            let changes = hunk.lines.iter().any(|line| !matches!(line, PatchLine::Context(_)));
            let after: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::after).collect();
            !changes || stands(&after)
        }),
        _ => true,
    }
}

fn is_full(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
}
