//! What an index knows of a whole tree at one time, as it is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use mlxcode_base::{ContentHash, Language, LineRange, RelPath, Root, TextRange};
use rusqlite::Connection;

use super::{facts, storage, targets};
use crate::graph::FileImport;
use crate::import::FileSet;
use crate::reference::Reference;
use crate::symbol::{Symbol, SymbolKind, Visibility};

/// The files of a tree as an index knows them. What is asked of a file is
/// decoded then, and its text read from the disk.
#[derive(Debug)]
pub struct IndexedTree {
    root: Root,
    /// All text files, by path.
    paths: Vec<RelPath>,
    /// Their places among `paths`.
    numbers: HashMap<i64, usize>,
    code: Vec<KeptFile>,
    is_damaged: AtomicBool,
}

/// A file of code, as it is kept.
#[derive(Debug)]
struct KeptFile {
    path: RelPath,
    language: Language,
    hash: Vec<u8>,
    names: String,
    symbols: Vec<u8>,
    reference_names: String,
    made: String,
    references: Vec<u8>,
    imports: Vec<u8>,
    places: Vec<u8>,
    targets: Vec<u8>,
}

impl IndexedTree {
    pub(super) fn read(connection: &Connection, root: &Root) -> rusqlite::Result<Self> {
        let (ids, paths): (Vec<i64>, Vec<RelPath>) =
            storage::paths(connection)?.into_iter().unzip();
        let numbers = ids.into_iter().zip(0..).collect();
        let mut select = connection.prepare_cached(
            "SELECT path, language, hash, symbol.names, symbol.data, reference.names, made, \
                 reference.data, import.data, places, targets \
             FROM file JOIN symbol ON symbol.file = id JOIN reference ON reference.file = id \
                 JOIN import ON import.file = id \
             WHERE state = 0 ORDER BY path",
        )?;
        let mut rows = select.query([])?;
        let mut code = Vec::new();
        while let Some(row) = rows.next()? {
            let language: Option<String> = row.get(1)?;
            let language = language.as_deref().and_then(storage::language);
            let Some(language) = language.filter(|one| one.is_code()) else { continue };
            code.push(KeptFile {
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
            });
        }
        Ok(Self { root: root.clone(), paths, numbers, code, is_damaged: AtomicBool::new(false) })
    }

    /// Whether something was asked for that could not be decoded: then the
    /// index's file is damaged, and what was answered may lack something.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// How many files are of code.
    pub(crate) fn code_count(&self) -> usize {
        self.code.len()
    }

    pub(crate) fn file(&self, place: usize) -> (&RelPath, Language) {
        (&self.code[place].path, self.code[place].language)
    }

    pub(crate) fn symbol_count(&self, place: usize) -> usize {
        facts::symbol_count(&self.code[place].symbols)
    }

    pub(crate) fn symbol_names(&self, place: usize) -> impl Iterator<Item = &str> {
        self.code[place].names.split('\n')
    }

    pub(crate) fn reference_names(&self, place: usize) -> impl Iterator<Item = &str> {
        facts::split(&self.code[place].reference_names)
    }

    pub(crate) fn made_names(&self, place: usize) -> impl Iterator<Item = &str> {
        facts::split(&self.code[place].made)
    }

    /// As many symbols as [`symbol_count`](Self::symbol_count) says.
    pub(crate) fn symbols(&self, place: usize) -> Vec<Symbol> {
        let file = &self.code[place];
        let found = facts::decode_symbols(&file.names, &file.symbols);
        // Numbers of symbols are in use already.
        self.sound(found).unwrap_or_else(|| vec![unknown(); self.symbol_count(place)])
    }

    /// The references; none where the text changed since.
    pub(crate) fn references(&self, place: usize) -> Vec<Reference> {
        let file = &self.code[place];
        let Some(text) = self.text(&file.path) else { return Vec::new() };
        if ContentHash::of(text.as_bytes()).as_bytes().as_slice() != file.hash {
            return Vec::new();
        }
        let count = self.symbol_count(place);
        let found = facts::decode_references(&text, &file.reference_names, &file.references, count);
        self.sound(found).unwrap_or_default()
    }

    pub(crate) fn imports(&self, place: usize) -> Vec<FileImport> {
        let file = &self.code[place];
        let path = |id: i64| self.numbers.get(&id).map(|number| self.paths[*number].clone());
        let imports = facts::decode_imports(&file.imports, &file.places);
        let kept = imports.and_then(|imports| targets::decode(&file.targets, imports, path));
        let kept = self.sound(kept).unwrap_or_default();
        kept.into_iter().map(|one| one.import).collect()
    }

    fn sound<T>(&self, found: Option<T>) -> Option<T> {
        if found.is_none() {
            self.is_damaged.store(true, Ordering::Relaxed);
        }
        found
    }
}

impl FileSet for IndexedTree {
    fn paths(&self) -> Vec<RelPath> {
        self.paths.clone()
    }

    fn text(&self, path: &RelPath) -> Option<Cow<'_, str>> {
        self.paths.binary_search(path).ok()?;
        // A link may have come in its place.
        let place = self.root.resolve(path).ok()?;
        fs::read_to_string(place).ok().map(Cow::Owned)
    }
}

/// A symbol that could not be decoded.
fn unknown() -> Symbol {
    Symbol {
        name: String::new(),
        kind: SymbolKind::Variable,
        container: String::new(),
        parent: None,
        signature: String::new(),
        doc: String::new(),
        name_range: TextRange::default(),
        range: TextRange::default(),
        lines: LineRange::new(1, 1),
        visibility: Visibility::Private,
    }
}
