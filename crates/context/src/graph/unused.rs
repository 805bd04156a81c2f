//! What nobody uses, as far as can be seen.

use std::collections::HashSet;

use serde::Serialize;

use super::{CodeGraph, NodeId};
use crate::reference::ReferenceKind;
use crate::symbol::{Symbol, SymbolKind, Visibility};
use mlxcode_base::Language;

/// How sure it is that nobody uses a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Others outside of the tree may use it.
    Low,
    /// Its name is used, but perhaps for something else.
    Medium,
    /// Nobody else may use it, and nothing in the tree has its name.
    High,
}

/// A symbol that nobody is seen to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreferenced {
    /// The symbol.
    pub node: NodeId,
    /// How sure it is.
    pub confidence: Confidence,
}

impl CodeGraph {
    /// The symbols that nobody is seen to use, the surest first. What programs
    /// begin with and what frameworks call is left out: `main`, tests, what is
    /// annotated, methods that languages call by themselves, and methods of
    /// types that inherit.
    pub fn unreferenced(&self) -> Vec<Unreferenced> {
        let joined = self.joined();
        let mut named: HashSet<&str> = HashSet::new();
        for (file, facts) in self.files.iter().enumerate() {
            let known = &joined.known[file];
            for (place, one) in facts.references().iter().enumerate() {
                let is_known = known.binary_search_by_key(&(place as u32), |(at, _)| *at).is_ok();
                if !is_known && !one.is_local {
                    named.insert(one.name.as_str());
                }
            }
        }
        let mut found = Vec::new();
        for (file, facts) in self.files.iter().enumerate() {
            if is_test(facts.path.as_str()) {
                continue;
            }
            for (place, symbol) in facts.symbols().iter().enumerate() {
                let node = NodeId(self.starts[file] + place as u32);
                let is_used = !joined.uses_back.of(node.0).is_empty();
                if is_used || self.is_entry(file, place) {
                    continue;
                }
                let confidence = if named.contains(symbol.name.as_str()) {
                    Confidence::Medium
                } else if is_open(symbol, facts.language) {
                    Confidence::Low
                } else {
                    Confidence::High
                };
                found.push(Unreferenced { node, confidence });
            }
        }
        found.sort_by_key(|one| (std::cmp::Reverse(one.confidence), one.node));
        found
    }

    /// Whether something other than a name in code uses a symbol.
    fn is_entry(&self, file: usize, place: usize) -> bool {
        let facts = &self.files[file];
        let symbol = &facts.symbols()[place];
        let kind = symbol.kind;
        if !(kind.is_callable() || kind.is_type() || kind == SymbolKind::Constant)
            || matches!(kind, SymbolKind::Constructor | SymbolKind::Implementation)
        {
            return true;
        }
        let name = symbol.name.as_str();
        let is_named = matches!(name, "main" | "init" | "setup" | "teardown" | "default")
            || name.starts_with("test")
            || (name.starts_with("__") && name.ends_with("__"));
        // `@route`, `#[test]`, `@Override`: somebody calls it by that.
        let is_marked = facts.references().iter().any(|one| {
            one.kind == ReferenceKind::Annotation
                && symbol.range.start <= one.range.start
                && one.range.end <= symbol.name_range.start
        });
        let parent = symbol.parent.map(|parent| &facts.symbols()[parent]);
        let inherits = symbol.parent.is_some_and(|parent| !facts.bases(parent as u32).is_empty());
        let is_member = symbol.kind == SymbolKind::Method;
        let of_interface = parent
            .is_some_and(|parent| matches!(parent.kind, SymbolKind::Interface | SymbolKind::Trait));
        // An interface is met by methods that nobody names.
        let may_meet = facts.language == Language::Go && is_member;
        is_named || is_marked || may_meet || (is_member && (inherits || of_interface))
    }
}

/// Whether code outside of the tree may use a symbol.
fn is_open(symbol: &Symbol, language: Language) -> bool {
    match language {
        // Nothing is hidden but by a sign of the name.
        Language::Python | Language::Ruby | Language::Bash | Language::C => {
            symbol.visibility == Visibility::Public
        }
        _ => matches!(symbol.visibility, Visibility::Public | Visibility::Protected),
    }
}

/// Whether a file is one of tests, which nobody calls.
fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    path.split('/').any(|part| matches!(part, "tests" | "test" | "__tests__" | "spec" | "benches"))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name == "conftest.py"
}
