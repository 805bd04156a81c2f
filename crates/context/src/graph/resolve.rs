//! From a name to where it is defined, by the rules of scopes.
//!
//! A name that stands alone is looked for around it, then in its file, among
//! what the file imports, in its package, and last, where the language shares
//! names so, in the whole tree. A name behind others is looked for in what
//! these are. Where the rules give nothing, a member's name that only one type
//! of the tree has is taken to be that one, and said to be likely only.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use mlxcode_base::Language;

use super::file::{Bound, GraphFile};
use super::likely;
use super::names::{Names, around, is_self};
use super::{Answer, Certainty, Place, SymbolId};
use crate::reference::{Reference, ReferenceKind};
use crate::symbol::SymbolKind;

/// Imports that hand on from file to file, and types that inherit, are
/// followed this far; rings have no end.
pub const MOST_STEPS: usize = 8;

/// Files that hand on all names of others are looked through up to this many.
const MOST_FILES: usize = 64;

/// Files that one includes, directly or not.
const MOST_INCLUDED: usize = 2_000;

/// Types that are looked through one for another: people's are a handful.
const MOST_DEPTH: usize = 24;

/// Types and files that are looked through for one name.
const MOST_SEARCHES: usize = 1_000;

/// Finds definitions among the files of a graph.
pub struct Resolver<'g> {
    pub files: &'g [GraphFile],
    pub names: &'g Names,
    /// How many types that inherit are being looked through, one for another.
    depth: Cell<usize>,
    /// The files that each includes, once that was asked for.
    reach: RefCell<HashMap<u32, HashSet<u32>>>,
    /// How many more types and files may be looked through for the present
    /// name.
    left: Cell<usize>,
}

impl<'g> Resolver<'g> {
    pub fn new(files: &'g [GraphFile], names: &'g Names) -> Self {
        let reach = RefCell::default();
        Self { files, names, depth: Cell::new(0), reach, left: Cell::new(0) }
    }

    /// Runs a part of a search that may come to itself again, as types do that
    /// inherit from each other; nothing once it went too deep or too far.
    pub fn within_limits(&self, search: impl FnOnce() -> Vec<Place>) -> Vec<Place> {
        if self.depth.get() == MOST_DEPTH || self.left.get() == 0 {
            return Vec::new();
        }
        self.depth.set(self.depth.get() + 1);
        self.left.set(self.left.get().saturating_sub(1));
        let found = search();
        self.depth.set(self.depth.get() - 1);
        found
    }

    /// Begins to look for another name.
    pub fn begin(&self) {
        self.left.set(MOST_SEARCHES);
    }

    /// Where the name of a reference is defined.
    pub fn answer(&self, file: u32, reference: u32) -> Option<Answer> {
        let one = &self.facts(file).references()[reference as usize];
        self.begin();
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
            let places = self.meant(file, one, places);
            return Some(Answer { places, certainty: Certainty::Certain });
        }
        let places = likely::places(self, file, one);
        (!places.is_empty()).then_some(Answer { places, certainty: Certainty::Likely })
    }

    /// Of a type and a value of one name, which TypeScript tells apart by where
    /// the name stands, the one that is meant; all, where that is not told.
    fn meant(&self, file: u32, one: &Reference, places: Vec<Place>) -> Vec<Place> {
        let is_typed = matches!(self.facts(file).language, Language::TypeScript | Language::Tsx);
        let wants_type = match one.kind {
            ReferenceKind::Type => true,
            ReferenceKind::Call | ReferenceKind::Read | ReferenceKind::Write => false,
            // An import takes both; a type inherits from a type or a value.
            _ => return places,
        };
        if !is_typed || places.len() < 2 {
            return places;
        }
        let fits = |place: &Place| match self.kind(*place) {
            Some(SymbolKind::Interface | SymbolKind::TypeAlias) => wants_type,
            Some(kind) if kind.is_value() || kind.is_callable() => !wants_type,
            // Classes and enumerations are both, and so are files.
            _ => true,
        };
        let found: Vec<Place> = places.iter().copied().filter(fits).collect();
        if found.is_empty() { places } else { found }
    }

    pub fn facts(&self, file: u32) -> &'g GraphFile {
        &self.files[file as usize]
    }

    /// The symbols of a name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = SymbolId> + use<'g> {
        self.names.by_name(self.files, name)
    }

    pub fn symbol(&self, id: SymbolId) -> &'g crate::Symbol {
        &self.facts(id.file).symbols()[id.symbol as usize]
    }

    /// A name in an import: what it is there.
    fn imported(&self, file: u32, one: &Reference) -> Vec<Place> {
        let import = self.facts(file).imports().iter().position(|import| {
            let range = import.import.range;
            range.start <= one.range.start && one.range.end <= range.end
        });
        let Some(import) = import else { return Vec::new() };
        let written = &self.facts(file).imports()[import].import;
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
        // `Self` is a name of a library in Python.
        if is_self(name) && (name != "Self" || language != Language::Python) {
            let type_ = around(self.facts(file).symbols(), symbol);
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
        let facts = self.facts(file);
        let symbols = facts.symbols();
        let mut next = symbol;
        let mut is_first = true;
        while let Some(at) = next {
            let around = &symbols[at];
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
                let inside = facts.children(at as u32).iter().copied();
                let inside = inside.filter(|one| {
                    let symbol = &symbols[*one as usize];
                    symbol.name == name && stands_alone(facts.language, symbol.kind)
                });
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

    /// What a file calls so: its own, what it imports under that name, or what
    /// it takes with all names of another.
    pub fn exported(&self, file: u32, name: &str, steps: usize) -> Vec<Place> {
        let Some(steps) = steps.checked_sub(1) else { return Vec::new() };
        let mut files = vec![file];
        let mut next = 0;
        while let Some(at) = files.get(next).copied() {
            next += 1;
            if self.left.replace(self.left.get().saturating_sub(1)) == 0 {
                return Vec::new();
            }
            let found = self.own(at, name, steps);
            if !found.is_empty() {
                return found;
            }
            for import in self.facts(at).wildcards() {
                for other in self.files_of(at, *import) {
                    if files.len() < MOST_FILES && !files.contains(&other) {
                        files.push(other);
                    }
                }
            }
        }
        if is_included(self.facts(file).language) { self.included(file, name) } else { Vec::new() }
    }

    /// What a file defines or imports under a name.
    fn own(&self, file: u32, name: &str, steps: usize) -> Vec<Place> {
        let facts = self.facts(file);
        let own = facts.top(name).iter().map(|one| place(file, *one as usize));
        // What an object that is exported calls so may be what is imported.
        let (mut found, members): (Vec<Place>, Vec<Place>) = own.partition(|place| {
            self.kind(*place).is_none_or(|kind| stands_alone(facts.language, kind))
        });
        // Types before what implements them.
        let is_block = |place: &Place| self.kind(*place) == Some(SymbolKind::Implementation);
        if found.iter().any(|one| !is_block(one)) {
            found.retain(|one| !is_block(one));
        }
        if found.is_empty() {
            for bound in facts.bound(name) {
                found.extend(self.bound(file, *bound, steps));
            }
        }
        if found.is_empty() {
            found = members;
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What the files define that a file includes, directly or not.
    fn included(&self, file: u32, name: &str) -> Vec<Place> {
        let all = self.named(name);
        let mut known = self.reach.borrow_mut();
        let reach = known.entry(file).or_insert_with(|| self.reach_of(file));
        let is_top = |id: &SymbolId| self.facts(id.file).top(name).contains(&id.symbol);
        let found = all.filter(|id| reach.contains(&id.file)).filter(is_top);
        found.map(Place::Symbol).collect()
    }

    fn reach_of(&self, file: u32) -> HashSet<u32> {
        let mut reach = HashSet::new();
        let mut open = vec![file];
        while let Some(at) = open.pop() {
            for (number, import) in self.facts(at).imports().iter().enumerate() {
                if import.import.kind == crate::ImportKind::Include && reach.len() < MOST_INCLUDED {
                    let files = self.files_of(at, number).into_iter();
                    open.extend(files.filter(|other| reach.insert(*other)));
                }
            }
        }
        reach
    }

    /// What an import brings under one name.
    pub fn bound(&self, file: u32, bound: Bound, steps: usize) -> Vec<Place> {
        let facts = self.facts(file);
        match bound {
            Bound::Name(number, name) => {
                let import = &facts.imports()[number];
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
                let import = &facts.imports()[number].import;
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
        let tops = self.facts(file).symbols().iter().enumerate();
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
            let own = self.facts(file).top(name);
            found.extend(own.iter().map(|one| place(file, *one as usize)));
        }
        found
    }

    /// The files that an import leads to.
    fn files_of(&self, file: u32, import: usize) -> Vec<u32> {
        let files = &self.facts(file).imports()[import].files;
        files.iter().filter_map(|path| self.file(path)).collect()
    }

    pub fn kind(&self, place: Place) -> Option<SymbolKind> {
        match place {
            Place::Symbol(id) => Some(self.symbol(id).kind),
            _ => None,
        }
    }

    pub fn name_of(&self, place: Place) -> Option<&'g str> {
        match place {
            Place::Symbol(id) => Some(self.symbol(id).name.as_str()),
            _ => None,
        }
    }

    pub fn file(&self, path: &mlxcode_base::RelPath) -> Option<u32> {
        self.names.by_path.get(path.as_str()).copied()
    }
}

/// The place of a symbol.
pub fn place(file: u32, symbol: usize) -> Place {
    Place::Symbol(SymbolId { file, symbol: symbol as u32 })
}

/// Whether code around a symbol names it without what it belongs to: in
/// JavaScript `made.open = () => {}` in a function makes no name `open` there.
fn stands_alone(language: Language, kind: SymbolKind) -> bool {
    let is_member = matches!(kind, SymbolKind::Method | SymbolKind::Property | SymbolKind::Field);
    let is_script = matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx);
    !is_member || !is_script
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
pub fn is_open(language: Language) -> bool {
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
