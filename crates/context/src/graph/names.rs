//! Tables of names: where each is defined and what each file calls what.

use std::collections::HashMap;

use super::facts::FileFacts;
use super::{Place, SymbolId};
use crate::import::ImportKind;
use crate::reference::ReferenceKind;
use mlxcode_base::Language;

/// What a file calls something that it takes from another file.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// A name of an import, by its place.
    Name(usize, usize),
    /// All that an import leads to.
    Whole(usize),
}

/// The names of one file.
#[derive(Default)]
pub struct FileNames {
    /// What lies in no other symbol, or only in a module.
    pub top: HashMap<String, Vec<u32>>,
    pub bound: HashMap<String, Vec<Bound>>,
    /// Imports that take all names.
    pub wildcards: Vec<usize>,
    /// For each symbol, those right in it.
    pub children: Vec<Vec<u32>>,
    /// For each symbol that is a type, the references that it inherits from.
    pub bases: HashMap<u32, Vec<u32>>,
    /// References that make a field of a type: `self.port = 1`, by the type
    /// and the name.
    pub made: HashMap<(u32, String), Vec<u32>>,
}

/// The names of all files.
pub struct Names {
    pub files: Vec<FileNames>,
    pub by_path: HashMap<String, u32>,
    pub by_folder: HashMap<String, Vec<u32>>,
    /// All symbols of a name.
    pub by_name: HashMap<String, Vec<SymbolId>>,
    /// References that make a field of that name.
    pub made: HashMap<String, Vec<Place>>,
}

impl Names {
    pub fn of(facts: &[FileFacts]) -> Self {
        let mut names = Self {
            files: Vec::with_capacity(facts.len()),
            by_path: HashMap::new(),
            by_folder: HashMap::new(),
            by_name: HashMap::new(),
            made: HashMap::new(),
        };
        for (number, file) in facts.iter().enumerate() {
            let number = number as u32;
            let path = file.path.as_str();
            names.by_path.insert(path.to_owned(), number);
            names.by_folder.entry(folder(path).to_owned()).or_default().push(number);
            for (symbol, one) in file.symbols.iter().enumerate() {
                let id = SymbolId { file: number, symbol: symbol as u32 };
                names.by_name.entry(one.name.clone()).or_default().push(id);
            }
            let own = FileNames::of(file);
            for ((_, name), references) in &own.made {
                let places = references.iter().map(|one| Place::Spot(number, *one));
                names.made.entry(name.clone()).or_default().extend(places);
            }
            names.files.push(own);
        }
        names
    }
}

impl FileNames {
    fn of(file: &FileFacts) -> Self {
        let mut own = Self { children: vec![Vec::new(); file.symbols.len()], ..Self::default() };
        for (number, symbol) in file.symbols.iter().enumerate() {
            if let Some(parent) = symbol.parent {
                own.children[parent].push(number as u32);
            }
            if is_top(file, number) {
                own.top.entry(symbol.name.clone()).or_default().push(number as u32);
            }
        }
        for (number, one) in file.imports.iter().enumerate() {
            own.bind(file, number, one.import.kind);
        }
        for (number, reference) in file.references.iter().enumerate() {
            let Some(symbol) = reference.symbol else { continue };
            match reference.kind {
                ReferenceKind::Inherit if file.symbols[symbol].kind.is_type() => {
                    own.bases.entry(symbol as u32).or_default().push(number as u32);
                }
                ReferenceKind::Write if is_self(&reference.qualifier) => {
                    if let Some(type_) = around(file, Some(symbol)) {
                        let key = (type_ as u32, reference.name.clone());
                        own.made.entry(key).or_default().push(number as u32);
                    }
                }
                _ => {}
            }
        }
        own
    }

    fn bind(&mut self, file: &FileFacts, number: usize, kind: ImportKind) {
        let import = &file.imports[number].import;
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
        let separators: &[char] = match file.language {
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
        if kind == ImportKind::Include || import.is_wildcard {
            return;
        }
        let last = import.source.rsplit(separators).next().unwrap_or_default();
        self.bound.entry(last.to_owned()).or_default().push(whole);
    }
}

/// Whether a symbol is seen from all of its file: it lies in nothing, or in
/// modules that its language opens by itself.
fn is_top(file: &FileFacts, symbol: usize) -> bool {
    let symbol = &file.symbols[symbol];
    match symbol.parent {
        None => !is_method_outside(file.language, symbol),
        // A package or a namespace around all of a file.
        Some(parent) => {
            let around = &file.symbols[parent];
            around.kind == crate::SymbolKind::Module
                && matches!(
                    file.language,
                    Language::CSharp | Language::Php | Language::Cpp | Language::Java
                )
                && is_top(file, parent)
        }
    }
}

/// A method that is written outside of its type.
fn is_method_outside(language: Language, symbol: &crate::Symbol) -> bool {
    let open = matches!(language, Language::Go | Language::Cpp | Language::Rust);
    open && !symbol.container.is_empty() && symbol.kind == crate::SymbolKind::Method
}

/// The innermost type around a symbol, or itself.
pub fn around(file: &FileFacts, symbol: Option<usize>) -> Option<usize> {
    let mut next = symbol;
    while let Some(at) = next {
        if file.symbols[at].kind.is_type() {
            return Some(at);
        }
        next = file.symbols[at].parent;
    }
    None
}

/// Whether a qualifier is the object itself.
pub fn is_self(qualifier: &str) -> bool {
    matches!(qualifier, "self" | "this" | "$this" | "cls" | "Self" | "static")
}

/// The folder of a path; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
