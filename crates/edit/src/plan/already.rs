//! Edits whose result the file holds already: a reply that is applied twice.

use crate::diff::steps;
use crate::format::{PatchHunk, PatchLine};
use crate::locate::{MatchLevel, locate};

/// One line alone proves that it is the new one only if it says something:
/// `return 2;` may stand anywhere.
const LEAST_LETTERS: usize = 10;

/// Whether `content`, which does not hold `search`, holds `replace` instead.
pub fn holds(content: &str, search: &str, replace: &str) -> bool {
    let search: Vec<&str> = search.lines().collect();
    let replace: Vec<&str> = replace.lines().collect();
    let steps = steps(&search, &replace);
    let new = steps.iter().filter(|step| !step.equal).flat_map(|step| &replace[step.new.clone()]);
    is_there(content, &replace, new.copied().any(is_full))
}

/// The same for the hunks of a patch, all of them.
pub fn patched(content: &str, hunks: &[PatchHunk]) -> bool {
    hunks.iter().all(|hunk| {
        let after: Vec<&str> = hunk.lines.iter().filter_map(PatchLine::after).collect();
        let adds = hunk.lines.iter().any(|line| match line {
            PatchLine::Added(text) => is_full(text),
            _ => false,
        });
        is_there(content, &after, adds)
    })
}

/// One line that was there before proves nothing.
fn is_there(content: &str, after: &[&str], adds: bool) -> bool {
    let full: Vec<&&str> = after.iter().filter(|line| is_full(line)).collect();
    let letters = |line: &str| line.chars().filter(|c| c.is_alphanumeric()).count();
    let telling = match full.as_slice() {
        [] => false,
        [only] => adds && letters(only) >= LEAST_LETTERS,
        _ => true,
    };
    if !telling {
        return false;
    }
    let lines: Vec<&str> = content.lines().collect();
    let places = locate(&lines, after, 0..lines.len());
    places.len() == 1 && places[0].level <= MatchLevel::TrailingWhitespace
}

fn is_full(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
}
