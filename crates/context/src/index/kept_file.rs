//! A file of code as the index keeps it, and what is decoded of it.

use mlxcode_base::{ContentHash, Language, RelPath};
use rusqlite::Row;

use super::{facts, storage, targets};
use crate::graph::FileImport;
use crate::reference::Reference;
use crate::symbol::Symbol;

/// What a [`KeptFile`] is read from. Whoever asks adds which files.
pub const SELECT: &str = "SELECT path, language, hash, symbol.names, symbol.data, \
    reference.names, made, reference.data, import.data, places, targets \
    FROM file JOIN symbol ON symbol.file = id JOIN reference ON reference.file = id \
    JOIN import ON import.file = id WHERE state = 0";

/// A file of code, as it is kept. What cannot be decoded is `None`: the index's
/// file is damaged.
#[derive(Debug)]
pub struct KeptFile {
    pub path: RelPath,
    pub language: Language,
    hash: Vec<u8>,
    pub names: String,
    symbols: Vec<u8>,
    pub reference_names: String,
    pub made: String,
    references: Vec<u8>,
    imports: Vec<u8>,
    places: Vec<u8>,
    targets: Vec<u8>,
}

impl KeptFile {
    /// Reads a row of [`SELECT`]; `None` for a file that is no code.
    pub fn of(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let language = row.get_ref(1)?.as_str_or_null()?.and_then(storage::language);
        let Some(language) = language.filter(|one| one.is_code()) else { return Ok(None) };
        Ok(Some(Self {
            path: storage::rel_path(row.get(0)?)?,
            language,
            hash: row.get(2)?,
            names: row.get(3)?,
            symbols: row.get(4)?,
            reference_names: row.get(5)?,
            made: row.get(6)?,
            references: row.get(7)?,
            imports: row.get(8)?,
            places: row.get(9)?,
            targets: row.get(10)?,
        }))
    }

    /// Whether what is kept is of this text.
    pub fn is_of(&self, text: &str) -> bool {
        ContentHash::of(text.as_bytes()).as_bytes().as_slice() == self.hash
    }

    /// How many symbols it has, which is read without the others.
    pub fn symbol_count(&self) -> usize {
        facts::symbol_count(&self.symbols)
    }

    pub fn symbols(&self) -> Option<Vec<Symbol>> {
        facts::decode_symbols(&self.names, &self.symbols)
    }

    /// The references in the text that it [is of](Self::is_of).
    pub fn references(&self, text: &str) -> Option<Vec<Reference>> {
        let count = self.symbol_count();
        facts::decode_references(text, &self.reference_names, &self.references, count)
    }

    /// The imports; one of a file that is gone leads nowhere.
    pub fn imports(&self, path_of: impl Fn(i64) -> Option<RelPath>) -> Option<Vec<FileImport>> {
        let imports = facts::decode_imports(&self.imports, &self.places)?;
        let kept = targets::decode(&self.targets, imports, path_of)?;
        Some(kept.into_iter().map(|one| one.import).collect())
    }
}
