//! From a name to where it is defined, by the rules of scopes.
//!
//! A name that stands alone is looked for around it, then in its file, among
//! what the file imports, in its package, and last, where the language shares
//! names so, in the whole tree. A name behind others is looked for in what
//! these are. Where the rules give nothing, a member's name that only one type
//! of the tree has is taken to be that one, and said to be likely only.

use mlxcode_base::Language;

use super::facts::FileFacts;
use super::likely;
use super::names::{Bound, FileNames, Names, around, is_self};
use super::types;
use super::{Answer, Certainty, Place, SymbolId};
use crate::reference::{Reference, ReferenceKind};
use crate::symbol::SymbolKind;

/// Imports that hand on from file to file, and types that inherit, are
/// followed this far; rings have no end.
const MOST_STEPS: usize = 8;

/// More places of one name are no answer.
const MOST_PLACES: usize = 16;

/// Finds definitions among the files of a graph.
#[derive(Clone, Copy)]
pub struct Resolver<'g> {
    pub facts: &'g [FileFacts],
    pub names: &'g Names,
}

impl<'g> Resolver<'g> {
    /// Where the name of a reference is defined.
    pub fn answer(&self, file: u32, reference: u32) -> Option<Answer> {
        let one = &self.facts[file as usize].references[reference as usize];
        let places = if one.kind == ReferenceKind::Import {
            self.imported(file, one)
        } else if !one.is_member {
            self.plain(file, one.symbol, &one.name)
        } else if one.qualifier.is_empty() {
            Vec::new()
        } else {
            self.behind(file, one)
        };
        if !places.is_empty() {
            return Some(Answer { places, certainty: Certainty::Certain });
        }
        let places = likely::places(self, file, one);
        (!places.is_empty()).then_some(Answer { places, certainty: Certainty::Likely })
    }

    pub fn facts(&self, file: u32) -> &'g FileFacts {
        &self.facts[file as usize]
    }

    pub fn table(&self, file: u32) -> &'g FileNames {
        &self.names.files[file as usize]
    }

    pub fn symbol(&self, id: SymbolId) -> &'g crate::Symbol {
        &self.facts(id.file).symbols[id.symbol as usize]
    }

    /// A name in an import: what it is there.
    fn imported(&self, file: u32, one: &Reference) -> Vec<Place> {
        let import = self.facts(file).imports.iter().position(|import| {
            let range = import.import.range;
            range.start <= one.range.start && one.range.end <= range.end
        });
        let Some(import) = import else { return Vec::new() };
        let written = &self.facts(file).imports[import].import;
        if let Some(name) = written.names.iter().position(|name| name.name == one.name) {
            return self.bound(file, Bound::Name(import, name), MOST_STEPS);
        }
        // A part of the source leads to files that its whole does not tell.
        let last = written.source.rsplit(['.', ':', '/', '\\']).next();
        if last == Some(&one.name) && !self.files_of(file, import).is_empty() {
            return self.bound(file, Bound::Whole(import), MOST_STEPS);
        }
        Vec::new()
    }

    /// A name that stands alone in the code of a symbol.
    pub fn plain(&self, file: u32, symbol: Option<usize>, name: &str) -> Vec<Place> {
        let language = self.facts(file).language;
        if is_self(name) {
            let type_ = around(self.facts(file), symbol);
            return type_.map(|type_| place(file, type_)).into_iter().collect();
        }
        let found = self.enclosed(file, symbol, name);
        if !found.is_empty() {
            return found;
        }
        let found = self.exported(file, name, MOST_STEPS);
        if !found.is_empty() {
            return found;
        }
        if shares_folder(language) {
            let folder = super::names::folder(self.facts(file).path.as_str());
            let files = self.names.by_folder.get(folder).map(Vec::as_slice).unwrap_or_default();
            let found = self.tops(files.iter().copied().filter(|one| *one != file), name, language);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// A name of the symbols around, from the innermost on.
    fn enclosed(&self, file: u32, symbol: Option<usize>, name: &str) -> Vec<Place> {
        let (facts, table) = (self.facts(file), self.table(file));
        let mut next = symbol;
        let mut is_first = true;
        while let Some(at) = next {
            let around = &facts.symbols[at];
            let opens = match facts.language {
                // A class of Python shows its names to its own lines only.
                Language::Python => is_first || !around.kind.is_type(),
                Language::JavaScript | Language::TypeScript | Language::Tsx => {
                    !around.kind.is_type()
                }
                Language::Rust | Language::Php => !around.kind.is_type(),
                _ => true,
            };
            if opens {
                let inside = table.children[at].iter().copied();
                let inside = inside.filter(|one| facts.symbols[*one as usize].name == name);
                let found: Vec<Place> = inside.map(|one| place(file, one as usize)).collect();
                if !found.is_empty() {
                    return found;
                }
                if around.kind.is_type() && facts.language != Language::Python {
                    let id = SymbolId { file, symbol: at as u32 };
                    let found = self.member(id, name, MOST_STEPS);
                    if !found.is_empty() {
                        return found;
                    }
                }
            }
            is_first = false;
            next = around.parent;
        }
        Vec::new()
    }

    /// What a file calls so: its own, or what it imports.
    pub fn exported(&self, file: u32, name: &str, steps: usize) -> Vec<Place> {
        let Some(steps) = steps.checked_sub(1) else { return Vec::new() };
        let table = self.table(file);
        let mut found: Vec<Place> = Vec::new();
        if let Some(own) = table.top.get(name) {
            found.extend(own.iter().map(|one| place(file, *one as usize)));
        }
        // Types before what implements them.
        let is_block = |place: &Place| self.kind(*place) == Some(SymbolKind::Implementation);
        if found.iter().any(|one| !is_block(one)) {
            found.retain(|one| !is_block(one));
        }
        if found.is_empty() {
            for bound in table.bound.get(name).map(Vec::as_slice).unwrap_or_default() {
                found.extend(self.bound(file, *bound, steps));
            }
        }
        if found.is_empty() {
            for import in &table.wildcards {
                for other in self.files_of(file, *import) {
                    if other != file {
                        found.extend(self.exported(other, name, steps));
                    }
                }
                if !found.is_empty() {
                    break;
                }
            }
        }
        if found.is_empty() && is_included(self.facts(file).language) {
            for (number, import) in self.facts(file).imports.iter().enumerate() {
                if import.import.kind == crate::ImportKind::Include {
                    for other in self.files_of(file, number) {
                        found.extend(self.exported(other, name, steps));
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What an import brings under one name.
    fn bound(&self, file: u32, bound: Bound, steps: usize) -> Vec<Place> {
        let facts = self.facts(file);
        match bound {
            Bound::Name(number, name) => {
                let import = &facts.imports[number];
                let written = &import.import.names[name].name;
                let mut found = Vec::new();
                for other in self.files_of(file, number).into_iter().filter(|other| *other != file)
                {
                    found.extend(self.exported(other, written, steps));
                }
                if found.is_empty() {
                    let module = import.modules[name].as_ref();
                    found.extend(module.and_then(|path| self.file(path)).map(Place::File));
                }
                found
            }
            Bound::Whole(number) => {
                let import = &facts.imports[number].import;
                let files: Vec<u32> = self.files_of(file, number);
                let last = import.source.rsplit(['.', ':', '\\']).next().unwrap_or_default();
                match facts.language {
                    // A file is of one class, and a class is what is meant.
                    Language::Java | Language::Kotlin | Language::Php => {
                        self.tops(files.into_iter(), last, facts.language)
                    }
                    Language::JavaScript | Language::TypeScript | Language::Tsx
                        if !import.is_wildcard && import.kind == crate::ImportKind::Import =>
                    {
                        let found = files.iter().flat_map(|one| self.default_of(*one));
                        found.collect()
                    }
                    _ => files.into_iter().map(Place::File).collect(),
                }
            }
        }
    }

    /// What a module of JavaScript exports without a name.
    fn default_of(&self, file: u32) -> Vec<Place> {
        let tops = self.facts(file).symbols.iter().enumerate();
        let is_default = |symbol: &crate::Symbol| {
            symbol.parent.is_none() && symbol.signature.starts_with("export default")
        };
        let found: Vec<Place> = tops
            .filter(|(_, symbol)| is_default(symbol))
            .map(|(number, _)| place(file, number))
            .collect();
        if found.is_empty() { vec![Place::File(file)] } else { found }
    }

    fn tops(&self, files: impl Iterator<Item = u32>, name: &str, language: Language) -> Vec<Place> {
        let mut found = Vec::new();
        for file in files.filter(|file| is_kin(self.facts(*file).language, language)) {
            let own = self.table(file).top.get(name).map(Vec::as_slice).unwrap_or_default();
            found.extend(own.iter().map(|one| place(file, *one as usize)));
        }
        found
    }

    /// A name behind other names.
    fn behind(&self, file: u32, one: &Reference) -> Vec<Place> {
        let mut holders = self.holders(file, one.symbol, &one.qualifier);
        holders.truncate(MOST_PLACES);
        let mut found: Vec<Place> = Vec::new();
        for holder in holders {
            found.extend(self.inside(holder, &one.name));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What the names before a name are: files, types.
    fn holders(&self, file: u32, symbol: Option<usize>, qualifier: &str) -> Vec<Place> {
        // Of `import a.b` the whole path is a name.
        if let Some(bound) =
            self.table(file).bound.get(qualifier).filter(|_| qualifier.contains('.'))
        {
            return bound.iter().flat_map(|one| self.bound(file, *one, MOST_STEPS)).collect();
        }
        let mut parts = qualifier.split('.');
        let first = parts.next().unwrap_or_default();
        let mut found = self.first_holder(file, symbol, first);
        for part in parts {
            let inside = found.iter().take(MOST_PLACES).flat_map(|one| self.inside(*one, part));
            let inside: Vec<Place> = inside.collect();
            found = inside.into_iter().flat_map(|one| types::holder_of(self, one)).collect();
            if found.is_empty() {
                break;
            }
        }
        found
    }

    fn first_holder(&self, file: u32, symbol: Option<usize>, name: &str) -> Vec<Place> {
        let facts = self.facts(file);
        if is_self(name) {
            let type_ = around(facts, symbol);
            return type_.map(|type_| place(file, type_)).into_iter().collect();
        }
        if matches!(name, "super" | "parent" | "base")
            && let Some(type_) = around(facts, symbol)
        {
            return self.bases(SymbolId { file, symbol: type_ as u32 });
        }
        if let Some(type_) = types::of_parameter(self, file, symbol, name) {
            return type_;
        }
        let found = self.plain(file, symbol, name);
        found.into_iter().flat_map(|one| types::holder_of(self, one)).collect()
    }

    /// The types that a type inherits from.
    pub fn bases(&self, id: SymbolId) -> Vec<Place> {
        let references = self.table(id.file).bases.get(&id.symbol);
        let mut found = Vec::new();
        for number in references.map(Vec::as_slice).unwrap_or_default() {
            let one = &self.facts(id.file).references[*number as usize];
            // Its own members are no names to inherit from.
            let outside = self.symbol(id).parent;
            let places = if one.is_member {
                let holders = self.holders(id.file, outside, &one.qualifier);
                holders.iter().flat_map(|holder| self.inside(*holder, &one.name)).collect()
            } else {
                self.plain(id.file, outside, &one.name)
            };
            found.extend(places.into_iter().filter(|place| {
                self.kind(*place).is_some_and(SymbolKind::is_type) && *place != Place::Symbol(id)
            }));
        }
        found
    }

    /// A name in a file or in a type.
    fn inside(&self, holder: Place, name: &str) -> Vec<Place> {
        match holder {
            Place::File(file) => {
                let found = self.exported(file, name, MOST_STEPS);
                if found.is_empty() { self.submodule(file, name) } else { found }
            }
            Place::Symbol(id) if self.symbol(id).kind.is_type() => {
                self.member(id, name, MOST_STEPS)
            }
            Place::Symbol(id) if self.symbol(id).kind == SymbolKind::Module => {
                let inside = self.table(id.file).children[id.symbol as usize].iter().copied();
                let inside = inside.map(|one| place(id.file, one as usize));
                inside.filter(|one| self.name(*one) == Some(name)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A module in a package of Python.
    fn submodule(&self, file: u32, name: &str) -> Vec<Place> {
        let path = self.facts(file).path.as_str();
        let Some(folder) = path.strip_suffix("__init__.py") else { return Vec::new() };
        let files = [format!("{folder}{name}.py"), format!("{folder}{name}/__init__.py")];
        let found = files.iter().filter_map(|path| self.names.by_path.get(path));
        found.take(1).map(|file| Place::File(*file)).collect()
    }

    /// A member of a type, its own or one that it inherits.
    pub fn member(&self, id: SymbolId, name: &str, steps: usize) -> Vec<Place> {
        let Some(steps) = steps.checked_sub(1) else { return Vec::new() };
        let table = self.table(id.file);
        let children = table.children[id.symbol as usize].iter().copied();
        let mut found: Vec<Place> = children
            .filter(|one| self.facts(id.file).symbols[*one as usize].name == name)
            .map(|one| place(id.file, one as usize))
            .collect();
        if found.is_empty() && is_open(self.facts(id.file).language) {
            found = self.outside_member(id, name);
        }
        if found.is_empty() {
            let made = table.made.get(&(id.symbol, name.to_owned()));
            let made = made.map(Vec::as_slice).unwrap_or_default().iter();
            found.extend(made.map(|one| Place::Spot(id.file, *one)));
        }
        if found.is_empty() {
            for base in self.bases(id) {
                if let Place::Symbol(base) = base {
                    found = self.member(base, name, steps);
                    if !found.is_empty() {
                        break;
                    }
                }
            }
        }
        found
    }

    /// A member that is written outside of its type, as in an `impl`.
    fn outside_member(&self, id: SymbolId, name: &str) -> Vec<Place> {
        let type_ = self.symbol(id);
        let all = self.names.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let of_type = |one: &&SymbolId| {
            let symbol = self.symbol(**one);
            let last = symbol.container.rsplit('.').next();
            last == Some(type_.name.as_str())
                && is_kin(self.facts(one.file).language, self.facts(id.file).language)
        };
        let mut found: Vec<SymbolId> = all.iter().filter(of_type).copied().collect();
        // Of several types of one name, that of the file is meant, or the
        // package's.
        let folder = |file: u32| super::names::folder(self.facts(file).path.as_str());
        if found.iter().any(|one| one.file == id.file) {
            found.retain(|one| one.file == id.file);
        } else if found.iter().any(|one| folder(one.file) == folder(id.file)) {
            found.retain(|one| folder(one.file) == folder(id.file));
        }
        found.into_iter().map(Place::Symbol).collect()
    }

    /// The files that an import leads to.
    fn files_of(&self, file: u32, import: usize) -> Vec<u32> {
        let files = &self.facts(file).imports[import].files;
        files.iter().filter_map(|path| self.file(path)).collect()
    }

    pub fn kind(&self, place: Place) -> Option<SymbolKind> {
        match place {
            Place::Symbol(id) => Some(self.symbol(id).kind),
            _ => None,
        }
    }

    fn name(&self, place: Place) -> Option<&'g str> {
        match place {
            Place::Symbol(id) => Some(self.symbol(id).name.as_str()),
            _ => None,
        }
    }

    pub fn file(&self, path: &mlxcode_base::RelPath) -> Option<u32> {
        self.names.by_path.get(path.as_str()).copied()
    }
}

pub fn place(file: u32, symbol: usize) -> Place {
    Place::Symbol(SymbolId { file, symbol: symbol as u32 })
}

/// Whether the files of a folder see each other's names.
fn shares_folder(language: Language) -> bool {
    matches!(language, Language::Go | Language::Java | Language::Kotlin | Language::CSharp)
}

/// Whether a file sees what it includes.
fn is_included(language: Language) -> bool {
    matches!(language, Language::C | Language::Cpp | Language::Bash | Language::Php)
}

/// Whether members are written outside of their types.
fn is_open(language: Language) -> bool {
    matches!(
        language,
        Language::Rust | Language::Go | Language::Cpp | Language::Swift | Language::CSharp
    )
}

/// Whether code of one language names things of the other.
pub fn is_kin(one: Language, other: Language) -> bool {
    let family = |language| match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => 1,
        Language::C | Language::Cpp => 2,
        Language::Java | Language::Kotlin => 3,
        _ => 0,
    };
    one == other || (family(one) != 0 && family(one) == family(other))
}
