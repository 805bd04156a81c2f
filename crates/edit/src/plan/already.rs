//! Edits whose result the file holds already: a reply that is applied twice.

use crate::format::{PatchHunk, PatchLine};
use crate::locate::{MatchLevel, locate};

/// One line alone proves that it is the new one only if it says something:
/// `return 2;` may stand anywhere.
const LEAST_LETTERS: usize = 10;

/// Whether `content`, which does not hold `search`, holds `replace` instead.
pub fn holds(content: &str, search: &str, replace: &str) -> bool {
    let search: Vec<&str> = search.lines().collect();
    let replace: Vec<&str> = replace.lines().collect();
    is_there(content, &replace, brings(&search, &replace))
}

/// The same for the hunks of a patch, all of them.
pub fn patched(content: &str, hunks: &[PatchHunk]) -> bool {
    hunks.iter().all(|hunk| {
        let before: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::before).collect();
        let after: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::after).collect();
        is_there(content, &after, brings(&before, &after))
    })
}

/// Whether a line with words comes that was not searched for. Without one, the
/// file holds what was there before the change as much as what is there after:
/// lines that go, or white space.
fn brings(before: &[&str], after: &[&str]) -> bool {
    let known = |line: &str| before.iter().any(|other| other.trim() == line.trim());
    after.iter().any(|line| is_full(line) && !known(line))
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
    let places = locate(&lines, after, 0..lines.len());
    places.len() == 1 && places[0].level <= MatchLevel::TrailingWhitespace
}

fn is_full(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
}
