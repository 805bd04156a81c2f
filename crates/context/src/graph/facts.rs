//! What the graph is built from.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use mlxcode_base::{Language, RelPath};

use crate::code_base::CodeBase;
use crate::error::{Error, Result};
use crate::import::{FileSet as _, Import, ImportResolver, Target};
use crate::reference::Reference;
use crate::symbol::Symbol;
use crate::syntax::{ParseLimits, ParsedFile};

/// More threads than this wait for memory more than they work.
const MOST_THREADS: usize = 8;

/// Facts whose imports were not looked for yet.
type Unresolved = (FileFacts, Vec<Import>);

/// What one file says, as parsing and the import resolver tell it.
#[derive(Clone, Debug)]
pub struct FileFacts {
    /// The file.
    pub path: RelPath,
    /// Its language.
    pub language: Language,
    /// What it defines, in its order.
    pub symbols: Vec<Symbol>,
    /// What it names, in its order.
    pub references: Vec<Reference>,
    /// What it takes from other files, and where that is.
    pub imports: Vec<FileImport>,
}

/// An import with the files that it leads to.
#[derive(Clone, Debug)]
pub struct FileImport {
    /// As it is written.
    pub import: Import,
    /// The files that its source is: one, or those of a package.
    pub files: Vec<RelPath>,
    /// For each of its names the file that it is, where it is a module.
    pub modules: Vec<Option<RelPath>>,
    /// Whether it leads out of the tree.
    pub is_external: bool,
}

impl FileFacts {
    /// Reads a parsed file. `resolver` finds the files of its imports.
    pub fn of(path: RelPath, file: &ParsedFile, resolver: &ImportResolver<'_>) -> Self {
        let (facts, imports) = Self::read(path, file);
        facts.with_imports(imports, resolver)
    }

    fn read(path: RelPath, file: &ParsedFile) -> (Self, Vec<Import>) {
        let symbols = file.symbols();
        let references = file.references(&symbols);
        let (language, imports) = (file.language(), Vec::new());
        (Self { path, language, symbols, references, imports }, file.imports())
    }

    fn with_imports(mut self, imports: Vec<Import>, resolver: &ImportResolver<'_>) -> Self {
        let imports = imports.into_iter();
        let find = |one| resolved(one, &self.path, self.language, resolver);
        self.imports = imports.map(find).collect();
        self
    }
}

/// Looks up where an import leads: its source, and each of its names.
pub fn resolved(
    import: Import,
    path: &RelPath,
    language: Language,
    resolver: &ImportResolver<'_>,
) -> FileImport {
    let find = |names: Vec<_>, is_wildcard| {
        let one = Import { names, is_wildcard, ..import.clone() };
        resolver.resolve(path, language, &one)
    };
    let files = |target: Target| match target {
        Target::Files(files) => files,
        _ => Vec::new(),
    };
    let source = find(Vec::new(), import.is_wildcard);
    let is_external = matches!(source, Target::External(_));
    let own = files(source);
    let module = |name| {
        let found = files(find(vec![name], false)).into_iter().next();
        found.filter(|found| !own.contains(found))
    };
    let modules = import.names.iter().cloned().map(module).collect();
    FileImport { modules, is_external, files: own, import }
}

impl CodeBase {
    /// What each file of code says, in the order of their paths. It parses
    /// all of them, on several threads.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the token says so.
    pub fn facts(&self) -> Result<Vec<FileFacts>> {
        let limits = ParseLimits::default();
        let paths = self.paths();
        let next = AtomicUsize::new(0);
        let found: Mutex<Vec<(usize, Unresolved)>> = Mutex::new(Vec::new());
        let work = || {
            let mut own = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= paths.len() || self.cancel_token().is_cancelled() {
                    break;
                }
                let language = self.language(number).filter(|language| language.is_code());
                let Some(language) = language else { continue };
                if let Some(file) = ParsedFile::parse(self.text(number), language, &limits) {
                    own.push((number, FileFacts::read(paths[number].clone(), &file)));
                }
            }
            found.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 1..threads.min(MOST_THREADS) {
                scope.spawn(work);
            }
            work();
        });
        if self.cancel_token().is_cancelled() {
            return Err(Error::Cancelled);
        }
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(number, _)| *number);
        let resolver = ImportResolver::new(self);
        let found = found.into_iter();
        Ok(found.map(|(_, (facts, imports))| facts.with_imports(imports, &resolver)).collect())
    }
}
