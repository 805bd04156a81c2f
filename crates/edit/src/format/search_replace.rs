//! `<<<<<<< SEARCH`, `=======`, `>>>>>>> REPLACE`, and the same with
//! `------- SEARCH` and `+++++++ REPLACE`.

use std::ops::RangeInclusive;

use super::quiet::quiet_lines;
use super::{
    BrokenReason, EditAction, Line, Origin, ParsedItem, PatchHunk, PatchLine, Step, path_line,
};
use crate::diff::steps;

/// Markers have at least this many signs; longer ones may enclose shorter.
const SHORTEST: usize = 5;

/// Markers have seven signs, and models miscount by one. Longer markers are
/// meant to enclose these and are taken at their exact length.
const NEARLY_SEVEN: RangeInclusive<usize> = 6..=8;

/// A block that is being read.
#[derive(Clone, Debug)]
pub struct SearchReplace {
    path: Option<String>,
    /// The line of the file that the search text begins on, as the block says.
    first_line: Option<usize>,
    /// Whether lines such as `:start_line:12` may still stand there.
    hints: Hints,
    origin: Origin,
    indent: String,
    signs: Signs,
    length: usize,
    search: String,
    replace: Option<String>,
    dividers: usize,
    /// Where lines that are nearly a divider stand in `search`: one of them
    /// counts if no better one comes.
    nearly: Vec<(usize, usize)>,
}

/// Lines above the search text that tell where it stands:
/// `:start_line:12`, `:end_line:14`, `-------`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hints {
    Maybe,
    Seen,
    Over,
}

/// What a block's first and last line begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signs {
    open: char,
    close: char,
}

const ANGLES: Signs = Signs { open: '<', close: '>' };
const DASHES: Signs = Signs { open: '-', close: '+' };

/// Whether `line` opens a block.
pub fn opens(line: &str) -> bool {
    opening(line.trim_start()).is_some()
}

/// The signs of an opening line, and how many there are.
fn opening(line: &str) -> Option<(Signs, usize)> {
    match line.as_bytes().first()? {
        b'<' => marker(line, '<', &["SEARCH", "ORIGINAL"])
            .or_else(|| opening_path(line).map(|(length, _)| length))
            .map(|length| (ANGLES, length)),
        b'-' => marker(line, '-', &["SEARCH"]).map(|length| (DASHES, length)),
        _ => None,
    }
}

/// Reads `<<<<<<< SEARCH src/a.rs`.
fn opening_path(line: &str) -> Option<(usize, &str)> {
    let length = line.bytes().take_while(|b| *b == b'<').count();
    let path = line[length..].trim().strip_prefix("SEARCH")?.strip_prefix(' ')?.trim();
    let path = path.trim_matches(['`', '"']);
    (length >= SHORTEST && path_line::looks_like_path(path)).then_some((length, path))
}

/// The number of signs of a marker line with one of `words` behind it.
fn marker(line: &str, sign: char, words: &[&str]) -> Option<usize> {
    let length = line.bytes().take_while(|b| *b == sign as u8).count();
    if length < SHORTEST {
        return None;
    }
    let word = line[length..].trim();
    // `<<<<<<< SEARCH>` is seen as well.
    let word = word.strip_suffix(['<', '>']).unwrap_or(word).trim_end();
    let known = (words.is_empty() && word.is_empty())
        || words.iter().any(|known| word.eq_ignore_ascii_case(known));
    known.then_some(length)
}

impl SearchReplace {
    /// Begins at an opening line.
    pub fn open(line: Line<'_>, path: Option<String>) -> Self {
        let body = line.text.trim_start();
        let (signs, length) = opening(body).unwrap_or((ANGLES, 0));
        let own = opening_path(body).map(|(_, path)| path.to_owned());
        Self {
            path: own.or(path),
            first_line: None,
            hints: Hints::Maybe,
            origin: Origin::of(line),
            indent: line.text[..line.text.len() - body.len()].to_owned(),
            signs,
            length,
            search: String::new(),
            replace: None,
            dividers: 0,
            nearly: Vec::new(),
        }
    }

    /// Takes the lines at the beginning of `text` that are kept and nothing
    /// else, since no marker begins like them: how many bytes and lines.
    pub fn quiet(&mut self, text: &str) -> (usize, usize) {
        if self.hints != Hints::Over || !self.indent.is_empty() {
            return (0, 0);
        }
        let is_quiet =
            |line: &[u8]| !matches!(line.first(), Some(b'<' | b'-' | b'=' | b'>' | b'+'));
        let (bytes, lines) = quiet_lines(text, is_quiet);
        self.replace.as_mut().unwrap_or(&mut self.search).push_str(&text[..bytes]);
        (bytes, lines)
    }

    /// Reads a line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> Step {
        let text = line.text.strip_prefix(self.indent.as_str()).unwrap_or(line.text);
        if self.hints != Hints::Over && self.hint(text) {
            return Step::More;
        }
        if opening(text) == Some((self.signs, self.length)) {
            self.cut(line.start, out);
            return Step::NotMine;
        }
        let divides = marker(text, '=', &[]);
        if divides == Some(self.length) {
            self.dividers += 1;
            if self.dividers == 1 {
                self.replace = Some(String::new());
                return Step::More;
            }
        }
        let Signs { close, .. } = self.signs;
        let exact = marker(text, close, &["REPLACE", "UPDATED", ""]) == Some(self.length);
        let worded = marker(text, close, &["REPLACE", "UPDATED"]);
        let worded = worded == Some(self.length) || self.is_nearly(worded);
        if worded || (exact && self.replace.is_some()) {
            self.close(line.end, out);
            return Step::Done;
        }
        if let Some(part) = &mut self.replace {
            push_line(part, text);
            return Step::More;
        }
        let start = self.search.len();
        push_line(&mut self.search, text);
        if self.is_nearly(divides) {
            self.nearly.push((start, self.search.len()));
        }
        Step::More
    }

    /// Reads a line that tells where the search text stands.
    fn hint(&mut self, text: &str) -> bool {
        let number = |name| text.trim().strip_prefix(name).and_then(|n| n.trim().parse().ok());
        if let Some(line) = number(":start_line:") {
            self.first_line = Some(line);
            self.hints = Hints::Seen;
            return true;
        }
        if number(":end_line:").is_some() {
            self.hints = Hints::Seen;
            return true;
        }
        let rule = self.hints == Hints::Seen && text.trim() == "-------";
        self.hints = Hints::Over;
        rule
    }

    fn is_nearly(&self, length: Option<usize>) -> bool {
        let near = |length| NEARLY_SEVEN.contains(&length);
        near(self.length) && length.is_some_and(near)
    }

    fn close(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        let mut search = std::mem::take(&mut self.search);
        if let (None, [(start, below)]) = (&self.replace, self.nearly.as_slice()) {
            self.replace = Some(search[*below..].to_owned());
            search.truncate(*start);
        }
        let Some(replace) = self.replace.take() else {
            let reason = match self.nearly.len() {
                0 => BrokenReason::NoDivider,
                _ => BrokenReason::AmbiguousDivider,
            };
            out.push(self.origin.broken(self.path.take(), reason, end));
            return;
        };
        out.push(match self.path.take() {
            None => self.origin.broken(None, BrokenReason::NoPath, end),
            path if self.dividers > 1 => {
                self.origin.broken(path, BrokenReason::AmbiguousDivider, end)
            }
            Some(path) if search.trim().is_empty() => {
                self.origin.edit(path, EditAction::Create { content: replace }, end)
            }
            Some(path) => {
                let action = match self.first_line {
                    Some(line) => hinted(line, &search, &replace),
                    None => EditAction::Replace { search, replace },
                };
                self.origin.edit(path, action, end)
            }
        });
    }

    /// The reply ended, or another block began, in the middle.
    pub fn cut(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        out.push(self.origin.broken(self.path.take(), BrokenReason::Unterminated, end));
    }
}

/// A block that says where it stands is a hunk: the line number tells which of
/// several places is meant.
fn hinted(first_line: usize, search: &str, replace: &str) -> EditAction {
    let old: Vec<&str> = search.lines().collect();
    let new: Vec<&str> = replace.lines().collect();
    let mut hunk = PatchHunk {
        first_line: Some(first_line),
        old_count: Some(old.len()),
        ..PatchHunk::default()
    };
    for step in steps(&old, &new) {
        if step.equal {
            hunk.lines.extend(old[step.old].iter().copied().map(PatchLine::Context));
        } else {
            hunk.lines.extend(old[step.old].iter().copied().map(PatchLine::Removed));
            hunk.lines.extend(new[step.new].iter().copied().map(PatchLine::Added));
        }
    }
    EditAction::Patch { hunks: vec![hunk] }
}

fn push_line(part: &mut String, text: &str) {
    part.push_str(text);
    part.push('\n');
}
