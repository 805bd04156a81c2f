use std::sync::OnceLock;

use mlxcode_base::{Language, TextRange};
use tree_sitter::{InputEdit, ParseOptions, Parser, Point, Tree};

use super::errors;
use super::guard::is_bounded;
use super::languages::{Grammar, grammar};
use super::limits::{Budget, ParseLimits};
use super::nodes::Nodes;
use super::preprocessor;
use crate::error::{Error, Result};

/// How often conditions are blanked: errors that these hid come to light.
const CONDITION_ROUNDS: usize = 2;

/// A file's text with its syntax tree.
///
/// ```
/// use mlxcode_base::{Language, TextRange};
/// use mlxcode_context::{ParseLimits, ParsedFile};
///
/// let text = "class Port:\n    def open(self):\n        return bind(self)\n";
/// let file = ParsedFile::parse(text, Language::Python, &ParseLimits::default()).unwrap();
/// let symbols = file.symbols();
/// assert_eq!(symbols[1].path(), "Port.open");
/// let references = file.references(&symbols);
/// assert!(references.iter().any(|one| one.name == "bind" && one.symbol == Some(1)));
/// ```
#[derive(Clone)]
pub struct ParsedFile {
    text: String,
    language: Language,
    pub(super) grammar: &'static Grammar,
    limits: ParseLimits,
    /// What the parser reads in the place of the text, where that is another:
    /// of the same length, with blanks for what the grammar cannot know.
    blanked: Option<String>,
    parts: Vec<Part>,
    /// What the scopes query gives; both symbols and references ask for it.
    pub(super) scopes: OnceLock<Vec<(ScopePart, TextRange)>>,
    /// The trees, laid out flat, once something is asked of them.
    pub(super) nodes: OnceLock<Nodes>,
}

/// What a place of the scopes query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopePart {
    /// A function, or a block of one: values in it are its own.
    Function,
    /// What has names of its own that are no values: parameters of types.
    Names,
    /// What shows its names outside.
    Members,
    /// The name of a parameter or a variable.
    Local,
}

/// A stretch of the text, and its tree unless it took too long.
#[derive(Clone)]
struct Part {
    range: TextRange,
    tree: Option<Tree>,
}

impl ParsedFile {
    /// Parses a text. It may be wrong code or no code at all: what can be read
    /// of it is read. `None` for a language without a grammar.
    pub fn parse(
        text: impl Into<String>,
        language: Language,
        limits: &ParseLimits,
    ) -> Option<Self> {
        let grammar = grammar(language)?;
        let text = text.into();
        let (limits, blanked, parts) = (*limits, None, Vec::new());
        let (scopes, nodes) = (OnceLock::new(), OnceLock::new());
        let mut file = Self { text, language, grammar, limits, blanked, parts, scopes, nodes };
        file.read_whole();
        Some(file)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The language whose grammar read it.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The stretches that took too long and have no tree.
    pub fn given_up(&self) -> Vec<TextRange> {
        let parts = self.parts.iter().filter(|part| part.tree.is_none());
        parts.map(|part| part.range).collect()
    }

    /// Puts `with` in the place of `range` and reads what that changes. The
    /// result is that of [`parse`](Self::parse) on the new text.
    ///
    /// # Errors
    /// A range that leaves the text or cuts a character is
    /// [`Error::EditOutside`]; nothing is changed then.
    pub fn edit(&mut self, range: TextRange, with: &str) -> Result<()> {
        if self.text.get(range.start..range.end).is_none() {
            return Err(Error::EditOutside { range, len: self.text.len() });
        }
        let end = range.start + with.len();
        let edit = InputEdit {
            start_byte: range.start,
            old_end_byte: range.end,
            new_end_byte: end,
            start_position: self.point(range.start),
            old_end_position: self.point(range.end),
            new_end_position: after(self.point(range.start), with),
        };
        self.scopes = OnceLock::new();
        self.nodes = OnceLock::new();
        self.text.replace_range(range.start..range.end, with);
        if self.blanked.is_some() || preprocessor::is_for(self.language) {
            // An edit of one line can change what other lines are blanked.
            self.read_whole();
            return Ok(());
        }
        let budget = &mut Budget::new(&self.limits);
        let mut old = std::mem::take(&mut self.parts);
        let whole = old.len() == 1 && self.text.len() <= self.limits.part_bytes;
        if let ([Part { tree: Some(tree), .. }], true) = (old.as_mut_slice(), whole) {
            tree.edit(&edit);
            let range = TextRange::new(0, self.text.len());
            // The parser's repair of wrong code hangs on what it read before;
            // only of right code is the tree that of a fresh reading.
            let tree =
                self.read(range, Some(tree), budget).filter(|tree| !tree.root_node().has_error());
            let tree = tree.or_else(|| self.read(range, None, budget));
            self.parts = vec![Part { range, tree }];
        } else {
            old.retain(|part| part.range.end < range.start);
            self.parts = self.read_anew(&old, budget);
        }
        Ok(())
    }

    /// The trees, in the order of the text.
    pub(super) fn trees(&self) -> impl Iterator<Item = &Tree> {
        self.parts.iter().filter_map(|part| part.tree.as_ref())
    }

    pub(super) fn limits(&self) -> &ParseLimits {
        &self.limits
    }

    /// Reads all parts, of C and C++ with blanks for macros and, where errors
    /// are left, for conditions.
    fn read_whole(&mut self) {
        let has_macros = preprocessor::is_for(self.language);
        self.blanked = has_macros.then(|| preprocessor::without_macros(&self.text)).flatten();
        let mut begun = Budget::new(&self.limits);
        let mut budget = begun;
        self.parts = self.read_anew(&[], &mut budget);
        let mut count = self.error_count();
        for _ in 0..CONDITION_ROUNDS {
            // What the next round cannot finish is not begun.
            let before = std::mem::replace(&mut begun, budget);
            if !has_macros || count == 0 || !budget.allows_again(before) {
                return;
            }
            let source = self.blanked.as_deref().unwrap_or(&self.text);
            let blanked = preprocessor::without_conditions(source, &self.error_ranges());
            let Some(blanked) = blanked else { return };
            let given_up = self.given_up().len();
            let before = (self.blanked.replace(blanked), std::mem::take(&mut self.parts));
            self.parts = self.read_anew(&[], &mut budget);
            let fewer = self.error_count();
            // A part without a tree has no errors.
            if fewer >= count || self.given_up().len() > given_up {
                (self.blanked, self.parts) = before;
                return;
            }
            count = fewer;
        }
    }

    /// Reads all parts but those that `known` has.
    fn read_anew(&self, known: &[Part], budget: &mut Budget) -> Vec<Part> {
        let cuts = cuts(&self.text, self.limits.part_bytes);
        let parts = cuts.into_iter().map(|range| {
            let same = known.iter().find(|part| part.range == range);
            same.cloned().unwrap_or_else(|| Part { range, tree: self.read(range, None, budget) })
        });
        parts.collect()
    }

    /// Reads one part; `None` where that takes too long.
    fn read(&self, range: TextRange, old: Option<&Tree>, budget: &mut Budget) -> Option<Tree> {
        if !is_bounded(&self.text[range.start..range.end], self.language) {
            return None;
        }
        let mut parser = Parser::new();
        parser.set_language(&self.grammar.language).ok()?;
        if range.len() < self.text.len() {
            let range = tree_sitter::Range {
                start_byte: range.start,
                end_byte: range.end,
                start_point: self.point(range.start),
                end_point: self.point(range.end),
            };
            parser.set_included_ranges(&[range]).ok()?;
        }
        let mut watch = budget.watch(&self.limits)?;
        let mut step = |_: &tree_sitter::ParseState| watch.step();
        let options = ParseOptions::new().progress_callback(&mut step);
        let bytes = self.blanked.as_ref().unwrap_or(&self.text).as_bytes();
        let mut read = |offset: usize, _| bytes.get(offset..).unwrap_or_default();
        let tree = parser.parse_with_options(&mut read, old, Some(options))?;
        errors::is_walkable(&tree).then_some(tree)
    }

    fn point(&self, offset: usize) -> Point {
        after(Point::new(0, 0), &self.text[..offset])
    }
}

impl std::fmt::Debug for ParsedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("ParsedFile");
        shown.field("language", &self.language).field("bytes", &self.text.len());
        shown.field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

/// Where one is who read `text` from `start` on.
fn after(start: Point, text: &str) -> Point {
    let rows = text.bytes().filter(|byte| *byte == b'\n').count();
    match text.rfind('\n') {
        Some(last) => Point::new(start.row + rows, text.len() - last - 1),
        None => Point::new(start.row, start.column + text.len()),
    }
}

/// Cuts a text into stretches of at most `most` bytes, where it can before a
/// line that begins at the margin behind a blank one: there most languages are
/// between two definitions.
fn cuts(text: &str, most: usize) -> Vec<TextRange> {
    let most = most.max(4);
    let mut found = Vec::new();
    let mut start = 0;
    while text.len() - start > most {
        let end = text.floor_char_boundary(start + most);
        let window = &text[text.floor_char_boundary(start + most / 2)..end];
        let margin = |at: &usize| {
            let next = window.as_bytes().get(at + 2);
            next.is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'}')
        };
        let blank = window.match_indices("\n\n").map(|(at, _)| at).filter(margin).last();
        let cut = match (blank, window.rfind('\n')) {
            (Some(at), _) => end - window.len() + at + 2,
            (None, Some(at)) => end - window.len() + at + 1,
            (None, None) => end,
        };
        found.push(TextRange::new(start, cut));
        start = cut;
    }
    found.push(TextRange::new(start, text.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_definitions() {
        let cut = |text: &str, most| {
            let parts = cuts(text, most);
            parts.into_iter().map(|range| text[range.start..range.end].to_owned()).collect()
        };
        let parts: Vec<String> = cut("fn a() {\n\n  x\n}\n\nfn b() {\n}\n", 20);
        assert_eq!(parts, ["fn a() {\n\n  x\n}\n\n", "fn b() {\n}\n"]);
        let parts: Vec<String> = cut("äöü\näöüäöü", 8);
        assert_eq!(parts, ["äöü\n", "äöüä", "öü"]);
    }
}
