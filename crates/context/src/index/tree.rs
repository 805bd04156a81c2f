//! What an index knows of a whole tree at one time, as it is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use mlxcode_base::{Language, LineRange, RelPath, Root, TextRange};
use rusqlite::Connection;

use super::kept_file::{KeptFile, SELECT};
use super::{facts, storage};
use crate::encoding;
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

impl IndexedTree {
    pub(super) fn read(connection: &Connection, root: &Root) -> rusqlite::Result<Self> {
        let (ids, paths): (Vec<i64>, Vec<RelPath>) =
            storage::paths(connection)?.into_iter().unzip();
        let numbers = ids.into_iter().zip(0..).collect();
        let mut select = connection.prepare_cached(&format!("{SELECT} ORDER BY path"))?;
        let mut rows = select.query([])?;
        let mut code = Vec::new();
        while let Some(row) = rows.next()? {
            code.extend(KeptFile::of(row)?);
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
        self.code[place].symbol_count()
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
        let found = self.code[place].symbols();
        // Numbers of symbols are in use already.
        self.sound(found).unwrap_or_else(|| vec![unknown(); self.symbol_count(place)])
    }

    /// The references; none where the text changed since.
    pub(crate) fn references(&self, place: usize) -> Vec<Reference> {
        let file = &self.code[place];
        let text = self.text(&file.path).filter(|text| file.is_of(text));
        let Some(text) = text else { return Vec::new() };
        self.sound(file.references(&text)).unwrap_or_default()
    }

    pub(crate) fn imports(&self, place: usize) -> Vec<FileImport> {
        let path = |id: i64| self.numbers.get(&id).map(|number| self.paths[*number].clone());
        self.sound(self.code[place].imports(path)).unwrap_or_default()
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
        encoding::read(&place, u64::MAX).map(Cow::Owned)
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
