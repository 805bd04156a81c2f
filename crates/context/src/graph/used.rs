//! What a part of a file uses, and what lies in it.

use mlxcode_base::{LineRange, RelPath, TextRange};

use super::resolve::Resolver;
use super::{Certainty, CodeGraph, NodeId, Place};
use crate::symbol::Symbol;

/// A symbol that a part of a file uses.
pub(crate) struct UsedSymbol {
    pub node: NodeId,
    /// How often.
    pub times: usize,
    pub certainty: Certainty,
}

impl NodeId {
    /// Its place among all nodes.
    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }
}

impl CodeGraph {
    /// The symbols that the code in a range of a file uses, in the order of
    /// their first use.
    pub(crate) fn used_in(&self, path: &RelPath, range: TextRange) -> Vec<UsedSymbol> {
        let Some(NodeId(file)) = self.file(path) else { return Vec::new() };
        let resolver = Resolver::new(&self.files, &self.names);
        let mut used: Vec<UsedSymbol> = Vec::new();
        for (place, one) in self.files[file as usize].references().iter().enumerate() {
            if one.is_local || one.range.start < range.start || range.end < one.range.end {
                continue;
            }
            let Some(answer) = resolver.answer(file, place as u32) else { continue };
            for place in &answer.places {
                let Place::Symbol(id) = place else { continue };
                let node = self.symbol_node(*id);
                match used.iter_mut().find(|one| one.node == node) {
                    Some(one) => {
                        one.times += 1;
                        one.certainty = one.certainty.min(answer.certainty);
                    }
                    None => used.push(UsedSymbol { node, times: 1, certainty: answer.certainty }),
                }
            }
        }
        used
    }

    /// The symbols whose names stand in some lines of a file.
    pub(crate) fn defined_in(&self, path: &RelPath, lines: LineRange) -> Vec<NodeId> {
        let Some(NodeId(file)) = self.file(path) else { return Vec::new() };
        let start = self.starts[file as usize];
        let symbols = self.files[file as usize].symbols().iter().enumerate();
        let inside = symbols.filter(|(_, one)| {
            // A definition begins with its attributes.
            lines.first <= one.lines.first && one.lines.first <= lines.last
        });
        inside.map(|(place, _)| NodeId(start + place as u32)).collect()
    }

    /// A symbol, with the others of its file and its place among them.
    pub(crate) fn symbol_at(&self, node: NodeId) -> Option<(&RelPath, &[Symbol], usize)> {
        let id = self.symbol_of(node)?;
        let file = self.files.get(id.file as usize)?;
        let place = id.symbol as usize;
        (place < file.symbols().len()).then_some((&file.path, file.symbols(), place))
    }
}
