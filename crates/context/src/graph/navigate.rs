//! Where is it defined, and who uses it.

use std::collections::HashSet;

use mlxcode_base::{LineIndex, LineRange, RelPath, TextRange};
use serde::Serialize;

use super::{Answer, Certainty, CodeGraph, NodeId, Place};
use crate::code_base::CodeBase;
use crate::error::{Error, Result};
use crate::reference::ReferenceKind;
use crate::symbol::SymbolKind;
use crate::syntax::{ParseLimits, ParsedFile};

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

/// A place that uses something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CodeUsage {
    /// The file.
    pub path: RelPath,
    /// Where the name stands.
    pub range: TextRange,
    /// The line, from one.
    pub line: usize,
    /// How it is used.
    pub kind: ReferenceKind,
    /// The symbol whose code uses it, by its path in the file.
    pub inside: Option<String>,
    /// How sure it is that this is meant.
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
        code: &CodeBase,
        path: &RelPath,
        at: usize,
    ) -> Result<Vec<Definition>> {
        let number = code.number_of(path);
        let number = number.ok_or_else(|| Error::FileNotFound { path: path.clone() })?;
        let Some(file) = self.file(path) else { return Ok(Vec::new()) };
        Ok(match self.answer_at(code, number, file.0, at) {
            Some(Found::Places(answer)) => self.definitions(code, &answer),
            Some(Found::Local(births)) => {
                let index = LineIndex::new(code.text(number));
                let local = |range: TextRange| Definition {
                    path: path.clone(),
                    range,
                    lines: index.lines_of(range),
                    symbol: Some(code.text(number)[range.start..range.end].to_owned()),
                    kind: None,
                    signature: line_of(code.text(number), range.start).to_owned(),
                    certainty: Certainty::Certain,
                };
                births.into_iter().map(local).collect()
            }
            None => Vec::new(),
        })
    }

    /// Where a node is defined.
    pub fn definition_of(&self, code: &CodeBase, node: NodeId) -> Option<Definition> {
        let place = match self.symbol_of(node) {
            Some(id) => Place::Symbol(id),
            None => Place::File(node.0),
        };
        let answer = Answer { places: vec![place], certainty: Certainty::Certain };
        self.definitions(code, &answer).pop()
    }

    /// The nodes that the name at a byte of a file stands for.
    ///
    /// # Errors
    /// A file that was not read is [`Error::FileNotFound`].
    pub fn nodes_at(&self, code: &CodeBase, path: &RelPath, at: usize) -> Result<Vec<NodeId>> {
        let number = code.number_of(path);
        let number = number.ok_or_else(|| Error::FileNotFound { path: path.clone() })?;
        let Some(file) = self.file(path) else { return Ok(Vec::new()) };
        let answer = self.answer_at(code, number, file.0, at);
        let Some(Found::Places(answer)) = answer else { return Ok(Vec::new()) };
        let node = |place: &Place| match place {
            Place::Symbol(id) => Some(self.symbol_node(*id)),
            Place::File(file) => Some(NodeId(*file)),
            Place::Spot(..) => None,
        };
        Ok(answer.places.iter().filter_map(node).collect())
    }

    /// Who uses some nodes, in the order of files and places.
    pub fn references(&self, code: &CodeBase, nodes: &[NodeId]) -> Vec<CodeUsage> {
        let wanted: Vec<Place> = nodes
            .iter()
            .map(|node| match self.symbol_of(*node) {
                Some(id) => Place::Symbol(id),
                None => Place::File(node.0),
            })
            .collect();
        let mut found = Vec::new();
        for (file, known) in self.known.iter().enumerate() {
            let facts = &self.facts[file];
            let mut index = None;
            for (reference, answer) in known {
                if !answer.places.iter().any(|place| wanted.contains(place)) {
                    continue;
                }
                let one = &facts.references[*reference as usize];
                let index = index.get_or_insert_with(|| {
                    let number = code.number_of(&facts.path);
                    LineIndex::new(number.map_or("", |number| code.text(number)))
                });
                found.push(CodeUsage {
                    path: facts.path.clone(),
                    range: one.range,
                    line: index.line_of(one.range.start),
                    kind: one.kind,
                    inside: one.symbol.map(|symbol| facts.symbols[symbol].path()),
                    certainty: answer.certainty,
                });
            }
        }
        found
    }

    /// Who calls some nodes.
    pub fn callers(&self, code: &CodeBase, nodes: &[NodeId]) -> Vec<CodeUsage> {
        let mut found = self.references(code, nodes);
        found.retain(|one| one.kind == ReferenceKind::Call || one.kind == ReferenceKind::Macro);
        found
    }

    /// What the code of a node calls, each once, in the order of its text.
    pub fn callees(&self, node: NodeId) -> Vec<NodeId> {
        let Some(id) = self.symbol_of(node) else { return Vec::new() };
        let facts = &self.facts[id.file as usize];
        let range = facts.symbols[id.symbol as usize].range;
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for (reference, answer) in &self.known[id.file as usize] {
            let one = &facts.references[*reference as usize];
            let inside = range.start <= one.range.start && one.range.end <= range.end;
            if !inside || !matches!(one.kind, ReferenceKind::Call | ReferenceKind::Macro) {
                continue;
            }
            for place in &answer.places {
                let Place::Symbol(id) = place else { continue };
                let called = self.symbol_node(*id);
                if seen.insert(called) {
                    found.push(called);
                }
            }
        }
        found
    }

    fn answer_at(&self, code: &CodeBase, number: usize, file: u32, at: usize) -> Option<Found> {
        let facts = &self.facts[file as usize];
        let holds = |range: TextRange| range.start <= at && at < range.end.max(range.start + 1);
        let own = facts.symbols.iter().position(|symbol| holds(symbol.name_range));
        if let Some(symbol) = own {
            let places = vec![super::resolve::place(file, symbol)];
            return Some(Found::Places(Answer { places, certainty: Certainty::Certain }));
        }
        let behind = facts.references.partition_point(|one| one.range.start <= at);
        let near = facts.references[..behind].iter().rev().take(4);
        let found = near.clone().position(|one| holds(one.range)).map(|back| behind - 1 - back);
        if let Some(reference) = found.filter(|one| !facts.references[*one].is_local) {
            let known = &self.known[file as usize];
            let place = known.binary_search_by_key(&(reference as u32), |(one, _)| *one).ok()?;
            return Some(Found::Places(known[place].1.clone()));
        }
        let range = match found {
            Some(reference) => facts.references[reference].range,
            None => word_at(code.text(number), at)?,
        };
        let parsed = ParsedFile::parse(code.text(number), facts.language, &ParseLimits::default())?;
        let births = parsed.births_of(&[range]).pop()?;
        (!births.is_empty()).then_some(Found::Local(births))
    }

    fn definitions(&self, code: &CodeBase, answer: &Answer) -> Vec<Definition> {
        let define = |place: &Place| {
            let (file, range) = self.name_range(*place);
            let facts = &self.facts[file as usize];
            let text = code.number_of(&facts.path).map_or("", |number| code.text(number));
            let (symbol, kind, lines, signature) = match place {
                Place::Symbol(id) => {
                    let one = &facts.symbols[id.symbol as usize];
                    (Some(one.path()), Some(one.kind), one.lines, one.signature.clone())
                }
                Place::File(_) => (None, None, LineRange::new(1, 1), String::new()),
                Place::Spot(_, reference) => {
                    let one = &facts.references[*reference as usize];
                    let lines = LineIndex::new(text).lines_of(range);
                    let line = line_of(text, range.start).to_owned();
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
