//! Where is it defined, and who uses it.

use std::borrow::Cow;

use mlxcode_base::{LineIndex, LineRange, RelPath, TextRange};
use serde::Serialize;

use super::resolve::Resolver;
use super::{Answer, Certainty, CodeGraph, NodeId, Place};
use crate::error::{Error, Result};
use crate::import::FileSet;
use crate::reference::Reference;
use crate::symbol::SymbolKind;

/// Where something is defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Definition {
    /// The file.
    pub path: RelPath,
    /// Where its name stands; empty for a file as a whole.
    pub range: TextRange,
    /// The lines of all of it.
    pub lines: LineRange,
    /// The symbol's path in the file; for a variable of a function its name,
    /// and `None` for a file.
    pub symbol: Option<String>,
    /// The symbol's kind; `None` for what is no symbol.
    pub kind: Option<SymbolKind>,
    /// Its head on one line.
    pub signature: String,
    /// How sure it is.
    pub certainty: Certainty,
}

impl CodeGraph {
    /// Where the name at a byte of a file is defined; nothing where no name
    /// stands there, or where it cannot be told. `code` is the tree that the
    /// graph was built from.
    ///
    /// # Errors
    /// A file that was not read is [`Error::FileNotFound`].
    pub fn definition(
        &self,
        code: &dyn FileSet,
        path: &RelPath,
        at: usize,
    ) -> Result<Vec<Definition>> {
        let text = text_of(code, path)?;
        let Some(file) = self.file(path) else { return Ok(Vec::new()) };
        Ok(match self.answer_at(&text, file.0, at) {
            Some(Found::Places(answer)) => self.definitions(code, &answer),
            Some(Found::Local(births)) => {
                let index = LineIndex::new(&text);
                let local = |range: TextRange| Definition {
                    path: path.clone(),
                    range,
                    lines: index.lines_of(range),
                    symbol: Some(text[range.start..range.end].to_owned()),
                    kind: None,
                    signature: line_of(&text, range.start).to_owned(),
                    certainty: Certainty::Certain,
                };
                births.into_iter().map(local).collect()
            }
            None => Vec::new(),
        })
    }

    /// Where a node is defined.
    pub fn definition_of(&self, code: &dyn FileSet, node: NodeId) -> Option<Definition> {
        let place = self.place_of(node);
        let answer = Answer { places: vec![place], certainty: Certainty::Certain };
        self.definitions(code, &answer).pop()
    }

    /// The nodes that the name at a byte of a file stands for.
    ///
    /// # Errors
    /// A file that was not read is [`Error::FileNotFound`].
    pub fn nodes_at(&self, code: &dyn FileSet, path: &RelPath, at: usize) -> Result<Vec<NodeId>> {
        let text = text_of(code, path)?;
        let Some(file) = self.file(path) else { return Ok(Vec::new()) };
        let answer = self.answer_at(&text, file.0, at);
        let Some(Found::Places(answer)) = answer else { return Ok(Vec::new()) };
        let node = |place: &Place| match place {
            Place::Symbol(id) => Some(self.symbol_node(*id)),
            Place::File(file) => Some(NodeId(*file)),
            Place::Spot(..) => None,
        };
        Ok(answer.places.iter().filter_map(node).collect())
    }

    fn answer_at(&self, text: &str, file: u32, at: usize) -> Option<Found> {
        let facts = &self.files[file as usize];
        let holds = |range: TextRange| range.start <= at && at < range.end.max(range.start + 1);
        let own = facts.symbols().iter().position(|symbol| holds(symbol.name_range));
        if let Some(symbol) = own {
            let places = vec![super::resolve::place(file, symbol)];
            return Some(Found::Places(Answer { places, certainty: Certainty::Certain }));
        }
        let references = facts.references();
        if let Some(reference) = at_byte(references, at).filter(|one| !references[*one].is_local) {
            let resolver = Resolver::new(&self.files, &self.names);
            return self.answer(&resolver, file, reference as u32).map(Found::Places);
        }
        let births = self.parsed.with(text, facts.language, |parsed| {
            let range = if facts.has_locals() {
                at_byte(references, at).map(|one| references[one].range)
            } else {
                let all = parsed.references(&parsed.symbols());
                at_byte(&all, at).map(|one| all[one].range)
            };
            parsed.births_of(&[range.or_else(|| word_at(text, at))?]).pop()
        });
        let births = births??;
        (!births.is_empty()).then_some(Found::Local(births))
    }

    fn definitions(&self, code: &dyn FileSet, answer: &Answer) -> Vec<Definition> {
        let define = |place: &Place| {
            let (file, range) = self.name_range(*place);
            let facts = &self.files[file as usize];
            let (symbol, kind, lines, signature) = match place {
                Place::Symbol(id) => {
                    let one = &facts.symbols()[id.symbol as usize];
                    (Some(one.path()), Some(one.kind), one.lines, one.signature.clone())
                }
                Place::File(_) => (None, None, LineRange::new(1, 1), String::new()),
                Place::Spot(_, reference) => {
                    let one = &facts.references()[*reference as usize];
                    let text = code.text(&facts.path).unwrap_or_default();
                    let lines = LineIndex::new(&text).lines_of(range);
                    let line = line_of(&text, range.start).to_owned();
                    (Some(one.name.clone()), None, lines, line)
                }
            };
            let (path, certainty) = (facts.path.clone(), answer.certainty);
            Definition { path, range, lines, symbol, kind, signature, certainty }
        };
        answer.places.iter().map(define).collect()
    }
}

/// What stands at a place.
enum Found {
    Places(Answer),
    Local(Vec<TextRange>),
}

/// The text of a file of the tree.
pub(super) fn text_of<'c>(code: &'c dyn FileSet, path: &RelPath) -> Result<Cow<'c, str>> {
    code.text(path).ok_or_else(|| Error::FileNotFound { path: path.clone() })
}

/// The place of the reference at a byte, among those of a file.
fn at_byte(references: &[Reference], at: usize) -> Option<usize> {
    let holds = |range: TextRange| range.start <= at && at < range.end.max(range.start + 1);
    let behind = references.partition_point(|one| one.range.start <= at);
    let near = references[..behind].iter().rev().take(4);
    near.clone().position(|one| holds(one.range)).map(|back| behind - 1 - back)
}

/// The word at a byte of a text.
fn word_at(text: &str, at: usize) -> Option<TextRange> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let behind = text.get(at..)?;
    let end = at + behind.find(|c| !is_part(c)).unwrap_or(behind.len());
    let start = text[..at].trim_end_matches(is_part).len();
    (start < end).then(|| TextRange::new(start, end))
}

/// The line around a byte, without what is before it and behind it.
fn line_of(text: &str, at: usize) -> &str {
    let start = text[..at.min(text.len())].rfind('\n').map_or(0, |end| end + 1);
    text[start..].lines().next().unwrap_or_default().trim()
}
