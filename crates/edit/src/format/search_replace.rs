//! `<<<<<<< SEARCH`, `=======`, `>>>>>>> REPLACE`.

use super::{BrokenReason, EditAction, Line, Origin, ParsedItem, Step};

/// Markers have at least this many signs; longer ones may enclose shorter.
const SHORTEST: usize = 5;

/// A block that is being read.
#[derive(Clone, Debug)]
pub struct SearchReplace {
    path: Option<String>,
    origin: Origin,
    indent: String,
    length: usize,
    search: String,
    replace: Option<String>,
    dividers: usize,
}

/// Whether `line` opens a block.
pub fn opens(line: &str) -> bool {
    marker(line.trim_start(), '<', &["SEARCH", "ORIGINAL"]).is_some()
}

/// The number of signs of a marker line with one of `words` behind it.
fn marker(line: &str, sign: char, words: &[&str]) -> Option<usize> {
    let length = line.chars().take_while(|c| *c == sign).count();
    let word = line[length..].trim();
    let known = (words.is_empty() && word.is_empty())
        || words.iter().any(|known| word.eq_ignore_ascii_case(known));
    (length >= SHORTEST && known).then_some(length)
}

impl SearchReplace {
    /// Begins at an opening line.
    pub fn open(line: Line<'_>, path: Option<String>) -> Self {
        let body = line.text.trim_start();
        Self {
            path,
            origin: Origin::of(line),
            indent: line.text[..line.text.len() - body.len()].to_owned(),
            length: body.chars().take_while(|c| *c == '<').count(),
            search: String::new(),
            replace: None,
            dividers: 0,
        }
    }

    /// Reads a line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> Step {
        let text = line.text.strip_prefix(self.indent.as_str()).unwrap_or(line.text);
        if opens(text) && marker(text, '<', &["SEARCH", "ORIGINAL"]) == Some(self.length) {
            self.cut(line.start, out);
            return Step::NotMine;
        }
        if marker(text, '=', &[]) == Some(self.length) {
            self.dividers += 1;
            if self.dividers == 1 {
                self.replace = Some(String::new());
                return Step::More;
            }
        }
        let ends = marker(text, '>', &["REPLACE", "UPDATED", ""]) == Some(self.length);
        match &mut self.replace {
            Some(_) if ends => {
                self.close(line.end, out);
                Step::Done
            }
            Some(part) => {
                push_line(part, text);
                Step::More
            }
            None => {
                push_line(&mut self.search, text);
                Step::More
            }
        }
    }

    fn close(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        let search = std::mem::take(&mut self.search);
        let replace = self.replace.take().unwrap_or_default();
        out.push(match self.path.take() {
            None => self.origin.broken(None, BrokenReason::NoPath, end),
            path if self.dividers > 1 => {
                self.origin.broken(path, BrokenReason::AmbiguousDivider, end)
            }
            Some(path) if search.trim().is_empty() => {
                self.origin.edit(path, EditAction::Create { content: replace }, end)
            }
            Some(path) => self.origin.edit(path, EditAction::Replace { search, replace }, end),
        });
    }

    /// The reply ended, or another block began, in the middle.
    pub fn cut(&mut self, end: usize, out: &mut Vec<ParsedItem>) {
        out.push(self.origin.broken(self.path.take(), BrokenReason::Unterminated, end));
    }
}

fn push_line(part: &mut String, text: &str) {
    part.push_str(text);
    part.push('\n');
}
