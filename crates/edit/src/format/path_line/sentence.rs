//! Sentences that name a file.

use super::name::{is_known, is_without_ending, looks_like_path};
use super::{PathLine, Says, list_item};
use crate::format::Naming;

/// Words that may stand around a path where a sentence gives a file whole, such
/// as "Here is the full content of `a.py`:".
const FILLERS: [&str; 22] = [
    "a",
    "an",
    "the",
    "file",
    "files",
    "here",
    "is",
    "here's",
    "this",
    "of",
    "called",
    "named",
    "version",
    "with",
    "following",
    "as",
    "now",
    "and",
    "its",
    "to",
    "code",
    "source",
];

/// Of these one stands there as well.
const WHOLE: [&str; 17] = [
    "create",
    "creating",
    "created",
    "new",
    "updated",
    "full",
    "complete",
    "entire",
    "whole",
    "rewritten",
    "rewrite",
    "write",
    "save",
    "final",
    "content",
    "contents",
    "add",
];

/// Words before a path that say to change that file.
const DIRECTIONS: [&str; 7] = ["in", "edit", "update", "change", "modify", "patch", "for"];

/// Reads a sentence that ends in a colon and names one file.
pub fn sentence(line: &str) -> Option<PathLine> {
    let text = list_item(line.trim().trim_start_matches('#').trim());
    let text = text.trim_end_matches('*').strip_suffix(':')?;
    let (before, path, after) = quoted_path(text).or_else(|| last_word(text))?;
    let words = |text: &str| -> Vec<String> {
        let trim = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        text.split_whitespace().map(trim).filter(|word| !word.is_empty()).collect()
    };
    let (above, below) = (words(before), words(after));
    let around = || above.iter().chain(&below).map(String::as_str);
    let gives_whole = around().any(|word| WHOLE.contains(&word))
        && around().all(|word| WHOLE.contains(&word) || FILLERS.contains(&word));
    let directs = |word: &String| DIRECTIONS.contains(&word.as_str());
    let says = if gives_whole {
        Says::File
    } else if above.iter().all(directs) {
        Says::Change
    } else {
        Says::Something
    };
    Some(PathLine { path: path.to_owned(), naming: Naming::Clear, says })
}

/// The one path between backticks, and what stands around it.
fn quoted_path(text: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = text.split('`').collect();
    let mut named = (1..parts.len().saturating_sub(1)).step_by(2).filter(|n| {
        let part = parts[*n];
        let spaced = part.contains(' ') && part.contains('/') && is_known(part);
        looks_like_path(part) && (is_known(part) || is_without_ending(part)) || spaced
    });
    let (number, None) = (named.next()?, named.next()) else { return None };
    let start = parts[..number].iter().map(|part| part.len() + 1).sum::<usize>();
    let end = start + parts[number].len();
    Some((&text[..start - 1], parts[number], &text[end + 1..]))
}

/// `Updated file srv.py`: a path without any dress stands at the end.
fn last_word(text: &str) -> Option<(&str, &str, &str)> {
    let (before, path) = text.rsplit_once(' ')?;
    let says_file = before.split_whitespace().any(|word| word.eq_ignore_ascii_case("file"));
    (says_file && looks_like_path(path) && is_known(path)).then_some((before, path, ""))
}
