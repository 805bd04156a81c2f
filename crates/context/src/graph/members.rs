//! Names behind other names: what these are, and what lies in it.

use super::names::{around, is_self};
use super::resolve::{MOST_STEPS, Resolver, is_kin, is_open, place};
use super::{Place, SymbolId, taken, types};
use crate::reference::{Reference, Told};
use crate::symbol::SymbolKind;

/// More places of one name are no answer.
const MOST_PLACES: usize = 16;

impl Resolver<'_> {
    /// A name behind other names.
    pub fn behind(&self, file: u32, one: &Reference) -> Vec<Place> {
        let mut holders = self.holders(file, one.symbol, &one.qualifier, one.first_type.as_ref());
        holders.truncate(MOST_PLACES);
        let mut found: Vec<Place> = Vec::new();
        for holder in holders {
            found.extend(self.inside(holder, &one.name));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A name behind written names, as seen from a symbol.
    pub fn within(
        &self,
        file: u32,
        symbol: Option<usize>,
        qualifier: &str,
        name: &str,
    ) -> Vec<Place> {
        let holders = self.holders(file, symbol, qualifier, None);
        holders.iter().take(MOST_PLACES).flat_map(|one| self.inside(*one, name)).collect()
    }

    /// What the names before a name are: files, types.
    pub fn holders(
        &self,
        file: u32,
        symbol: Option<usize>,
        qualifier: &str,
        told: Option<&Told>,
    ) -> Vec<Place> {
        // Of `import a.b` the whole path is a name.
        let bound = self.facts(file).bound(qualifier);
        if !bound.is_empty() && qualifier.contains('.') {
            return bound.iter().flat_map(|one| self.bound(file, *one, MOST_STEPS)).collect();
        }
        let mut parts = qualifier.split('.');
        let first = parts.next().unwrap_or_default();
        let told = told.map(|told| taken::types(self, file, symbol, told)).unwrap_or_default();
        let mut found = if told.is_empty() { self.first_holder(file, symbol, first) } else { told };
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
        let symbols = self.facts(file).symbols();
        if is_self(name) {
            let type_ = around(symbols, symbol);
            return type_.map(|type_| place(file, type_)).into_iter().collect();
        }
        if matches!(name, "super" | "parent" | "base")
            && let Some(type_) = around(symbols, symbol)
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
        self.within_limits(|| self.written_bases(id))
    }

    fn written_bases(&self, id: SymbolId) -> Vec<Place> {
        let facts = self.facts(id.file);
        let mut found = Vec::new();
        for number in facts.bases(id.symbol) {
            let one = &facts.references()[*number as usize];
            // Its own members are no names to inherit from.
            let outside = self.symbol(id).parent;
            let places = if one.is_member {
                let holders = self.holders(id.file, outside, &one.qualifier, None);
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
    pub fn inside(&self, holder: Place, name: &str) -> Vec<Place> {
        match holder {
            Place::File(file) => {
                let found = self.exported(file, name, MOST_STEPS);
                if found.is_empty() { self.submodule(file, name) } else { found }
            }
            Place::Symbol(id) if has_members(self.symbol(id).kind) => {
                self.member(id, name, MOST_STEPS)
            }
            Place::Symbol(id) if self.symbol(id).kind == SymbolKind::Module => {
                let inside = self.facts(id.file).children(id.symbol).iter().copied();
                let inside = inside.map(|one| place(id.file, one as usize));
                inside.filter(|one| self.name_of(*one) == Some(name)).collect()
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
        let facts = self.facts(id.file);
        let children = facts.children(id.symbol).iter().copied();
        let mut found: Vec<Place> = children
            .filter(|one| facts.symbols()[*one as usize].name == name)
            .map(|one| place(id.file, one as usize))
            .collect();
        if found.is_empty() && is_open(facts.language) {
            found = self.outside_member(id, name);
        }
        if found.is_empty() {
            let made = facts.made(id.symbol, name).iter();
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
        let of_type = |one: &SymbolId| {
            let symbol = self.symbol(*one);
            let last = symbol.container.rsplit('.').next();
            symbol.name == name
                && last == Some(type_.name.as_str())
                && is_kin(self.facts(one.file).language, self.facts(id.file).language)
        };
        let mut found: Vec<SymbolId> = self.named(name).filter(of_type).collect();
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
}

fn has_members(kind: SymbolKind) -> bool {
    kind.is_type() || kind == SymbolKind::TypeAlias
}
