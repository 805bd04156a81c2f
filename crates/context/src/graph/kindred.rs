//! Members that types which inherit write again: who asks who uses one of them
//! asks about all that share a declaration.
//!
//! TypeScript's server counts so: what is used behind a value of one type may
//! be what another says more exactly. `open` of a type and `open` of one that
//! extends it are one thing to somebody who renames it, and so are those of two
//! types that extend the same.

use std::collections::HashSet;

use mlxcode_base::Language;

use super::resolve::{MOST_STEPS, Resolver};
use super::{CodeGraph, Place, SymbolId};

/// Declarations of one member that are looked at; a name that more types have
/// is one of all kinds of things.
const MOST_KIN: usize = 4_000;

impl CodeGraph {
    /// Some places, and the members that share a declaration with one of them.
    pub(super) fn with_kindred(&self, wanted: HashSet<Place>) -> HashSet<Place> {
        let resolver = Resolver::new(&self.files, &self.names);
        let mut all = wanted.clone();
        for place in wanted {
            let Place::Symbol(id) = place else { continue };
            if resolver.type_of_member(id).is_none() {
                continue;
            }
            let above = resolver.declared_above(id);
            let name = &resolver.symbol(id).name;
            let others = resolver.named(name).take(MOST_KIN).filter(|other| {
                let is_one = resolver.symbol(*other).name == *name && *other != id;
                is_one && !resolver.declared_above(*other).is_disjoint(&above)
            });
            all.extend(others.map(Place::Symbol));
        }
        all
    }
}

impl Resolver<'_> {
    /// The type that a symbol is a member of, in a language that counts members
    /// of types that inherit from each other as one.
    fn type_of_member(&self, id: SymbolId) -> Option<SymbolId> {
        let facts = self.facts(id.file);
        let parent = facts.symbols()[id.symbol as usize].parent?;
        let is_script =
            matches!(facts.language, Language::JavaScript | Language::TypeScript | Language::Tsx);
        (is_script && facts.symbols()[parent].kind.is_type())
            .then_some(SymbolId { file: id.file, symbol: parent as u32 })
    }

    /// A member, and those of its name in the types that its own inherits from.
    /// Nothing for what is no member.
    fn declared_above(&self, id: SymbolId) -> HashSet<SymbolId> {
        let Some(own) = self.type_of_member(id) else { return HashSet::new() };
        self.begin();
        let name = &self.symbol(id).name;
        let (mut found, mut seen) = (HashSet::from([id]), HashSet::from([own]));
        let mut level = vec![own];
        for _ in 0..MOST_STEPS {
            let bases = level.iter().flat_map(|one| self.bases(*one));
            level = bases
                .filter_map(|base| match base {
                    Place::Symbol(base) => seen.insert(base).then_some(base),
                    _ => None,
                })
                .collect();
            for base in &level {
                let facts = self.facts(base.file);
                let children = facts.children(base.symbol).iter();
                let same = children.filter(|one| facts.symbols()[**one as usize].name == *name);
                found.extend(same.map(|one| SymbolId { file: base.file, symbol: *one }));
            }
        }
        found
    }
}
