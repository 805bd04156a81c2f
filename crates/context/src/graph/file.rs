//! One file of a graph, and what it calls what. A file that comes from an
//! index is decoded when it is first asked about, part by part.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use mlxcode_base::{Language, RelPath};

use super::facts::{FileFacts, FileImport};
use super::names::{around, is_self};
use crate::import::ImportKind;
use crate::index::IndexedTree;
use crate::reference::{Reference, ReferenceKind};
use crate::symbol::{Symbol, SymbolKind};

/// What a file calls something that it takes from another file.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// A name of an import, by its place.
    Name(usize, usize),
    /// All that an import leads to.
    Whole(usize),
}

/// A file of a graph.
pub struct GraphFile {
    pub path: RelPath,
    pub language: Language,
    /// How many symbols it has.
    pub symbol_count: u32,
    /// Where it is kept, and its place there.
    kept: Option<(Arc<IndexedTree>, usize)>,
    symbols: OnceLock<Vec<Symbol>>,
    references: OnceLock<Vec<Reference>>,
    imports: OnceLock<Vec<FileImport>>,
    definitions: OnceLock<Definitions>,
    bindings: OnceLock<Bindings>,
    members: OnceLock<Members>,
}

/// What a file defines.
struct Definitions {
    /// What lies in no other symbol, or only in a module.
    top: HashMap<String, Vec<u32>>,
    /// For each symbol, those right in it.
    children: Vec<Vec<u32>>,
}

/// What a file takes from others.
#[derive(Default)]
struct Bindings {
    bound: HashMap<String, Vec<Bound>>,
    wildcards: Vec<usize>,
}

/// What its references say of its types.
#[derive(Default)]
struct Members {
    /// For each symbol that is a type, the references that it inherits from.
    bases: HashMap<u32, Vec<u32>>,
    /// References that make a field of a type: `self.port = 1`, by the type
    /// and the name.
    made: HashMap<(u32, String), Vec<u32>>,
}

impl GraphFile {
    /// A file whose facts are at hand.
    pub fn of_facts(facts: FileFacts) -> Self {
        let FileFacts { path, language, symbols, references, imports } = facts;
        let file = Self::empty(path, language, symbols.len() as u32, None);
        // Nobody else has it yet.
        let _ = file.symbols.set(symbols);
        let _ = file.references.set(references);
        let _ = file.imports.set(imports);
        file
    }

    /// A file of an index.
    pub fn of_index(tree: &Arc<IndexedTree>, place: usize) -> Self {
        let (path, language) = tree.file(place);
        let count = tree.symbol_count(place) as u32;
        Self::empty(path.clone(), language, count, Some((Arc::clone(tree), place)))
    }

    fn empty(
        path: RelPath,
        language: Language,
        symbol_count: u32,
        kept: Option<(Arc<IndexedTree>, usize)>,
    ) -> Self {
        Self {
            path,
            language,
            symbol_count,
            kept,
            symbols: OnceLock::new(),
            references: OnceLock::new(),
            imports: OnceLock::new(),
            definitions: OnceLock::new(),
            bindings: OnceLock::new(),
            members: OnceLock::new(),
        }
    }

    /// What it defines, in its order.
    pub fn symbols(&self) -> &[Symbol] {
        self.symbols.get_or_init(|| match &self.kept {
            Some((tree, place)) => tree.symbols(*place),
            None => Vec::new(),
        })
    }

    /// What it names, in its order.
    pub fn references(&self) -> &[Reference] {
        self.references.get_or_init(|| match &self.kept {
            Some((tree, place)) => tree.references(*place),
            None => Vec::new(),
        })
    }

    /// Whether its references hold the variables of functions.
    pub fn has_locals(&self) -> bool {
        self.kept.is_none()
    }

    /// What it takes from other files, and where that is.
    pub fn imports(&self) -> &[FileImport] {
        self.imports.get_or_init(|| match &self.kept {
            Some((tree, place)) => tree.imports(*place),
            None => Vec::new(),
        })
    }

    /// Calls `each` with the name of each symbol, without decoding the rest.
    pub fn each_symbol_name(&self, mut each: impl FnMut(&str)) {
        match (&self.kept, self.symbols.get()) {
            (Some((tree, place)), None) => {
                let names = tree.symbol_names(*place).take(self.symbol_count as usize);
                names.for_each(each);
            }
            _ => self.symbols().iter().for_each(|one| each(&one.name)),
        }
    }

    /// Calls `each` with the names of the fields that its assignments make.
    pub fn each_made_name(&self, mut each: impl FnMut(&str)) {
        match (&self.kept, self.members.get()) {
            (Some((tree, place)), None) => tree.made_names(*place).for_each(each),
            _ => self.members().made.keys().for_each(|(_, name)| each(name)),
        }
    }

    /// Whether one of its references may have a name that `fits`: what an
    /// index keeps is asked without decoding the file.
    pub fn may_name(&self, mut fits: impl FnMut(&str) -> bool) -> bool {
        match (&self.kept, self.references.get()) {
            (Some((tree, place)), None) => tree.reference_names(*place).any(fits),
            _ => self.references().iter().any(|one| fits(&one.name)),
        }
    }

    /// The symbols of a name that are seen from all of the file.
    pub fn top(&self, name: &str) -> &[u32] {
        self.definitions().top.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The symbols right in one.
    pub fn children(&self, symbol: u32) -> &[u32] {
        self.definitions().children.get(symbol as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// What the file takes from others under a name.
    pub fn bound(&self, name: &str) -> &[Bound] {
        self.bindings().bound.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Imports that take all names.
    pub fn wildcards(&self) -> &[usize] {
        &self.bindings().wildcards
    }

    /// The references that a type inherits from.
    pub fn bases(&self, symbol: u32) -> &[u32] {
        self.members().bases.get(&symbol).map(Vec::as_slice).unwrap_or_default()
    }

    /// The references that make a field of a type.
    pub fn made(&self, symbol: u32, name: &str) -> &[u32] {
        let key = (symbol, name.to_owned());
        self.members().made.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    fn definitions(&self) -> &Definitions {
        self.definitions.get_or_init(|| {
            let symbols = self.symbols();
            let mut children = vec![Vec::new(); symbols.len()];
            let mut top: HashMap<String, Vec<u32>> = HashMap::new();
            for (number, symbol) in symbols.iter().enumerate() {
                if let Some(parent) = symbol.parent {
                    children[parent].push(number as u32);
                }
                if is_top(self.language, symbols, number) {
                    top.entry(symbol.name.clone()).or_default().push(number as u32);
                }
            }
            Definitions { top, children }
        })
    }

    fn bindings(&self) -> &Bindings {
        self.bindings.get_or_init(|| {
            let mut bindings = Bindings::default();
            for (number, one) in self.imports().iter().enumerate() {
                bindings.bind(self.language, number, &one.import);
            }
            bindings
        })
    }

    fn members(&self) -> &Members {
        self.members.get_or_init(|| {
            let (symbols, mut members) = (self.symbols(), Members::default());
            for (number, reference) in self.references().iter().enumerate() {
                let Some(symbol) = reference.symbol else { continue };
                if reference.kind == ReferenceKind::Inherit && symbols[symbol].kind.is_type() {
                    members.bases.entry(symbol as u32).or_default().push(number as u32);
                }
                if let Some(type_) = maker(symbols, reference) {
                    let key = (type_ as u32, reference.name.clone());
                    members.made.entry(key).or_default().push(number as u32);
                }
            }
            members
        })
    }
}

/// The type of which a reference makes a field.
fn maker(symbols: &[Symbol], reference: &Reference) -> Option<usize> {
    let makes = reference.kind == ReferenceKind::Write && is_self(&reference.qualifier);
    if makes { around(symbols, reference.symbol) } else { None }
}

/// The names of the fields that assignments of a file make, each once.
pub fn made_names<'r>(symbols: &[Symbol], references: &'r [Reference]) -> Vec<&'r str> {
    let made = references.iter().filter(|one| maker(symbols, one).is_some());
    let mut names: Vec<&str> = made.map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Bindings {
    fn bind(&mut self, language: Language, number: usize, import: &crate::Import) {
        if import.is_wildcard && import.alias.is_none() {
            self.wildcards.push(number);
        }
        for (place, name) in import.names.iter().enumerate() {
            let local = name.alias.as_ref().unwrap_or(&name.name);
            self.bound.entry(local.clone()).or_default().push(Bound::Name(number, place));
        }
        if !import.names.is_empty() && import.alias.is_none() {
            return;
        }
        let whole = Bound::Whole(number);
        if let Some(alias) = &import.alias {
            self.bound.entry(alias.clone()).or_default().push(whole);
            return;
        }
        let separators: &[char] = match language {
            Language::Python => {
                // `import a.b` binds all of the path.
                self.bound.entry(import.source.clone()).or_default().push(whole);
                return;
            }
            Language::Rust => &[':'],
            Language::Go => &['/'],
            Language::Java | Language::Kotlin | Language::CSharp | Language::Swift => &['.'],
            Language::Php => &['\\'],
            _ => return,
        };
        if import.kind == ImportKind::Include || import.is_wildcard {
            return;
        }
        let last = import.source.rsplit(separators).next().unwrap_or_default();
        self.bound.entry(last.to_owned()).or_default().push(whole);
    }
}

/// Whether a symbol is seen from all of its file: it lies in nothing, or in
/// modules that its language opens by itself.
fn is_top(language: Language, symbols: &[Symbol], symbol: usize) -> bool {
    let symbol = &symbols[symbol];
    match symbol.parent {
        None => !is_method_outside(language, symbol),
        // A package or a namespace around all of a file.
        Some(parent) => {
            symbols[parent].kind == SymbolKind::Module
                && matches!(
                    language,
                    Language::CSharp | Language::Php | Language::Cpp | Language::Java
                )
                && is_top(language, symbols, parent)
        }
    }
}

/// A method that is written outside of its type.
fn is_method_outside(language: Language, symbol: &Symbol) -> bool {
    let open = matches!(language, Language::Go | Language::Cpp | Language::Rust);
    open && !symbol.container.is_empty() && symbol.kind == SymbolKind::Method
}
