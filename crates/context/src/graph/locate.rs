//! From what a person writes to a place or a node.

use mlxcode_base::{LineIndex, RelPath};

use super::navigate::text_of;
use super::{CodeGraph, Definition, NodeId};
use crate::error::{Error, Result};
use crate::import::FileSet;
use crate::reference::Reference;

/// What a person asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodePlace {
    /// A file, a symbol, or the end of a symbol's path.
    Name {
        /// As it is written: `port.py`, `open`, `Port.open`, `port.py:open`.
        name: String,
    },
    /// A place in a file.
    Position {
        /// The file.
        path: RelPath,
        /// The line, from one.
        line: usize,
        /// The character in the line, from one; `None` for the first name
        /// there that is known.
        column: Option<usize>,
    },
}

impl CodePlace {
    /// Reads `PATH:LINE`, `PATH:LINE:COLUMN`, or else a name.
    ///
    /// ```
    /// use mlxcode_context::CodePlace;
    ///
    /// let CodePlace::Position { path, line, column, .. } = CodePlace::read("src/a.rs:12:5") else {
    ///     panic!("a place");
    /// };
    /// assert_eq!((path.as_str(), line, column), ("src/a.rs", 12, Some(5)));
    /// assert!(matches!(CodePlace::read("Port::open"), CodePlace::Name { .. }));
    /// ```
    pub fn read(text: &str) -> Self {
        let number = |part: Option<(_, &str)>| -> Option<usize> { part?.1.parse().ok() };
        let last = text.rsplit_once(':');
        if let (Some((before, _)), Some(second)) = (last, number(last)) {
            let first = before.rsplit_once(':');
            let (path, line, column) = match (first, number(first)) {
                (Some((path, _)), Some(line)) => (path, line, Some(second)),
                _ => (before, second, None),
            };
            if let Ok(path) = RelPath::new(path) {
                return Self::Position { path, line, column };
            }
        }
        Self::Name { name: text.to_owned() }
    }
}

impl CodeGraph {
    /// Where something is defined; nothing where that cannot be told. `code`
    /// is the tree that the graph was built from.
    ///
    /// # Errors
    /// [`Error::NameNotFound`], [`Error::FileNotFound`] and
    /// [`Error::NoSuchLine`] for what is not there.
    pub fn definitions_at(&self, code: &dyn FileSet, place: &CodePlace) -> Result<Vec<Definition>> {
        match place {
            CodePlace::Name { name } => {
                let nodes = self.named(name)?;
                Ok(nodes.iter().filter_map(|node| self.definition_of(code, *node)).collect())
            }
            CodePlace::Position { path, line, column } => {
                for at in self.offsets(code, path, *line, *column)? {
                    let found = self.definition(code, path, at)?;
                    if !found.is_empty() {
                        return Ok(found);
                    }
                }
                Ok(Vec::new())
            }
        }
    }

    /// The files and symbols that are meant; nothing where that cannot be
    /// told.
    ///
    /// # Errors
    /// As [`definitions_at`](Self::definitions_at).
    pub fn nodes_of(&self, code: &dyn FileSet, place: &CodePlace) -> Result<Vec<NodeId>> {
        match place {
            CodePlace::Name { name } => self.named(name),
            CodePlace::Position { path, line, column } => {
                for at in self.offsets(code, path, *line, *column)? {
                    let found = self.nodes_at(code, path, at)?;
                    if !found.is_empty() {
                        return Ok(found);
                    }
                }
                Ok(Vec::new())
            }
        }
    }

    fn named(&self, name: &str) -> Result<Vec<NodeId>> {
        let found = self.find(name);
        if found.is_empty() {
            return Err(Error::NameNotFound { name: name.to_owned() });
        }
        Ok(found)
    }

    /// The bytes that a line and a column may mean.
    fn offsets(
        &self,
        code: &dyn FileSet,
        path: &RelPath,
        line: usize,
        column: Option<usize>,
    ) -> Result<Vec<usize>> {
        let text = text_of(code, path)?;
        let index = LineIndex::new(&text);
        if line == 0 || line > index.line_count() {
            let lines = index.line_count();
            return Err(Error::NoSuchLine { path: path.clone(), line, lines });
        }
        let range = index.bytes_of(mlxcode_base::LineRange::new(line, line));
        if let Some(column) = column {
            let written = &text[range.start..range.end];
            let at = written.char_indices().nth(column.saturating_sub(1));
            return Ok(vec![range.start + at.map_or(written.len(), |(at, _)| at)]);
        }
        let Some(facts) = self.file(path).map(|file| &self.files[file.0 as usize]) else {
            return Ok(Vec::new());
        };
        let inside = |at: &usize| range.start <= *at && *at < range.end;
        let symbols = facts.symbols().iter().map(|one| one.name_range.start);
        let mut found: Vec<usize> = symbols.filter(inside).collect();
        let mut add = |references: &[Reference]| {
            found.extend(references.iter().map(|one| one.range.start).filter(inside));
        };
        if facts.has_locals() {
            add(facts.references());
        } else {
            self.parsed.with(&text, facts.language, |parsed| {
                add(&parsed.references(&parsed.symbols()));
            });
        }
        Ok(found)
    }
}
