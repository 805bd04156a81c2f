//! A map of a tree: the heads of its most central symbols, by file, as many as
//! a budget of tokens holds.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CodeGraph, NodeId};
use crate::pack::TokenCounter;
use crate::symbol::SymbolKind;

/// No map is looked through that is longer.
const MOST_SYMBOLS: usize = 20_000;

/// The most central symbols of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RepoMap {
    /// The map as text: paths, and below each the heads of its symbols in the
    /// order of the file.
    pub text: String,
    /// The tokens of the text.
    pub tokens: usize,
    /// How many files it names.
    pub files: usize,
    /// How many symbols it names.
    pub symbols: usize,
}

impl CodeGraph {
    /// Draws a map of at most `most_tokens`. `near` draws what is around some
    /// files or symbols to the front.
    pub fn repo_map(
        &self,
        near: &[NodeId],
        most_tokens: usize,
        counter: &dyn TokenCounter,
    ) -> RepoMap {
        let ranks = self.ranks(near);
        let shown = |node: &NodeId| {
            let kind = self.symbol_of(*node).map(|id| self.symbol(id).kind);
            kind.is_some_and(|kind| {
                (kind.is_callable() || kind.is_type() || kind == SymbolKind::TypeAlias)
                    && kind != SymbolKind::Implementation
            })
        };
        let first = self.files.len() as u32;
        let mut all: Vec<NodeId> =
            (first..self.node_count() as u32).map(NodeId).filter(shown).collect();
        all.sort_by(|one, other| {
            ranks[other.0 as usize].total_cmp(&ranks[one.0 as usize]).then(one.cmp(other))
        });
        all.truncate(MOST_SYMBOLS);
        // The longest beginning of the list whose text fits. More symbols give
        // a longer text, so that halving finds it.
        let (mut fits, mut too_many) = (0, all.len() + 1);
        let mut best = self.drawn(&[], counter);
        while fits + 1 < too_many {
            let middle = usize::midpoint(fits, too_many);
            let map = self.drawn(&all[..middle], counter);
            if map.tokens <= most_tokens {
                fits = middle;
                best = map;
            } else {
                too_many = middle;
            }
        }
        best
    }

    fn symbol(&self, id: super::SymbolId) -> &crate::Symbol {
        &self.files[id.file as usize].symbols()[id.symbol as usize]
    }

    fn drawn(&self, nodes: &[NodeId], counter: &dyn TokenCounter) -> RepoMap {
        let mut files: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for id in nodes.iter().filter_map(|node| self.symbol_of(*node)) {
            files.entry(id.file).or_default().push(id.symbol);
        }
        let mut text = String::new();
        for (file, symbols) in &mut files {
            symbols.sort_unstable();
            let facts = &self.files[*file as usize];
            text.push_str(facts.path.as_str());
            text.push_str(":\n");
            for symbol in symbols.iter() {
                let one = &facts.symbols()[*symbol as usize];
                let depth = one.container.split('.').filter(|part| !part.is_empty()).count();
                text.push_str(&"  ".repeat(1 + depth.min(4)));
                text.push_str(&one.signature);
                text.push('\n');
            }
        }
        let (files, symbols, tokens) = (files.len(), nodes.len(), counter.count(&text));
        RepoMap { text, tokens, files, symbols }
    }
}
