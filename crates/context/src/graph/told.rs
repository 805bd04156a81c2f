//! Places that somebody else names, described as the graph's own are.

use mlxcode_base::{Language, LineIndex, LineRange, RelPath, TextRange};

use super::file::GraphFile;
use super::navigate::{at_byte, line_of, text_of};
use super::{Certainty, CodeGraph, CodePlace, CodeUsage, Definition};
use crate::error::{Error, Result};
use crate::import::FileSet;
use crate::reference::ReferenceKind;

impl CodeGraph {
    /// The names that a place may mean: the file, its language, and the bytes
    /// at which names begin. For a symbol these are where it is defined.
    ///
    /// # Errors
    /// As [`definitions_at`](Self::definitions_at).
    pub fn names_at(
        &self,
        code: &dyn FileSet,
        place: &CodePlace,
    ) -> Result<Vec<(RelPath, Language, Vec<usize>)>> {
        match place {
            CodePlace::Name { name } => {
                let mut found = Vec::new();
                for node in self.nodes_of(code, &CodePlace::Name { name: name.clone() })? {
                    let Some(one) = self.definition_of(code, node) else { continue };
                    found.push((one.path, self.language(node), vec![one.range.start]));
                }
                Ok(found)
            }
            CodePlace::Position { path, line, column } => {
                let offsets = self.offsets(code, path, *line, *column)?;
                let file = self.file(path);
                let file = file.ok_or_else(|| Error::FileNotFound { path: path.clone() })?;
                Ok(vec![(path.clone(), self.language(file), offsets)])
            }
        }
    }

    /// What is defined where a name stands.
    ///
    /// # Errors
    /// A file that was not read is [`Error::FileNotFound`].
    pub fn definition_named(
        &self,
        code: &dyn FileSet,
        path: &RelPath,
        range: TextRange,
    ) -> Result<Definition> {
        let text = text_of(code, path)?;
        let file = self.file(path).map(|file| &self.files[file.0 as usize]);
        let symbols = file.map(GraphFile::symbols).unwrap_or_default();
        // Decorated definitions are named by their first line by some.
        let symbol = symbols.iter().find(|one| one.name_range.start == range.start);
        let symbol = symbol.or_else(|| symbols.iter().find(|one| one.range == range));
        let certainty = Certainty::Certain;
        if let Some(one) = symbol {
            return Ok(Definition {
                path: path.clone(),
                range: one.name_range,
                lines: one.lines,
                symbol: Some(one.path()),
                kind: Some(one.kind),
                signature: one.signature.clone(),
                certainty,
            });
        }
        if range.end == 0 {
            let (lines, signature) = (LineRange::new(1, 1), String::new());
            let path = path.clone();
            return Ok(Definition {
                path,
                range,
                lines,
                symbol: None,
                kind: None,
                signature,
                certainty,
            });
        }
        // Of `self.port` the last name is what is defined.
        let references = file.map(GraphFile::references).unwrap_or_default();
        let last = at_byte(references, range.end - 1).map(|one| references[one].range);
        let range = last.filter(|last| last.end == range.end).unwrap_or(range);
        Ok(Definition {
            path: path.clone(),
            range,
            lines: LineIndex::new(&text).lines_of(range),
            symbol: text.get(range.start..range.end).map(str::to_owned),
            kind: None,
            signature: line_of(&text, range.start).to_owned(),
            certainty,
        })
    }

    /// How the name at a place is used.
    ///
    /// # Errors
    /// A file that was not read is [`Error::FileNotFound`].
    pub fn usage_named(
        &self,
        code: &dyn FileSet,
        path: &RelPath,
        range: TextRange,
    ) -> Result<CodeUsage> {
        let text = text_of(code, path)?;
        let file = self.file(path).map(|file| &self.files[file.0 as usize]);
        let own = file.and_then(|file| {
            let references = file.references();
            at_byte(references, range.start).map(|one| references[one].clone())
        });
        let found = own.or_else(|| {
            let language = file?.language;
            self.parsed.with(&text, language, |parsed| {
                let all = parsed.references(&parsed.symbols());
                at_byte(&all, range.start).map(|one| all[one].clone())
            })?
        });
        let symbol = found.as_ref().and_then(|one| one.symbol);
        let inside = symbol.and_then(|symbol| file?.symbols().get(symbol));
        Ok(CodeUsage {
            path: path.clone(),
            range,
            line: LineIndex::new(&text).line_of(range.start),
            kind: found.map_or(ReferenceKind::Read, |one| one.kind),
            inside: inside.map(crate::Symbol::path),
            certainty: Certainty::Certain,
        })
    }
}
