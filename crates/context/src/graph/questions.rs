//! What depends on what.

use super::adjacency::Adjacency;
use super::build::Joined;
use super::cycles::components;
use super::rank::page_rank;
use super::{CodeGraph, NodeId};

/// A node that was reached from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// The node.
    pub node: NodeId,
    /// Over how many steps.
    pub steps: usize,
}

impl CodeGraph {
    /// What a node uses, the closest first: files for a file, symbols and
    /// files for a symbol. `most_steps` of one gives what it uses itself.
    pub fn dependencies(&self, node: NodeId, most_steps: Option<usize>) -> Vec<Reached> {
        reached(self.level(node, |one| (&one.files, &one.uses)), &[node.0], most_steps)
    }

    /// What uses a node, the closest first.
    pub fn dependents(&self, node: NodeId, most_steps: Option<usize>) -> Vec<Reached> {
        reached(self.level(node, |one| (&one.files_back, &one.uses_back)), &[node.0], most_steps)
    }

    /// What a change of a node can reach: all that uses it, or something that
    /// lies in it, directly or through others.
    pub fn impact(&self, node: NodeId) -> Vec<Reached> {
        let Some(id) = self.symbol_of(node) else { return self.dependents(node, None) };
        let mut from = vec![node.0];
        let file = &self.files[id.file as usize];
        let mut next = 0;
        while let Some(symbol) = from.get(next).map(|at| at - self.starts[id.file as usize]) {
            let inside = file.children(symbol).iter();
            from.extend(inside.map(|one| self.starts[id.file as usize] + one));
            next += 1;
        }
        reached(&self.joined().uses_back, &from, None)
    }

    /// The rings of files that use each other, each in the order of paths,
    /// larger ones first.
    pub fn cycles(&self) -> Vec<Vec<NodeId>> {
        let mut found = components(&self.joined().files);
        found.retain(|part| part.len() > 1);
        found.sort_by_key(|part| (std::cmp::Reverse(part.len()), part[0]));
        found.into_iter().map(|part| part.into_iter().map(NodeId).collect()).collect()
    }

    /// A shortest way on which one node uses the other; both ends included.
    /// Between files it goes over files, between symbols over symbols.
    pub fn path(&self, from: NodeId, to: NodeId) -> Option<Vec<NodeId>> {
        let is_symbols = self.symbol_of(from).is_some() && self.symbol_of(to).is_some();
        let way = if is_symbols {
            self.joined().uses.path(from.0, to.0)
        } else {
            self.joined().files.path(self.file_of(from).0, self.file_of(to).0)
        };
        Some(way?.into_iter().map(NodeId).collect())
    }

    /// How central each file is, in the order of [`files`](Self::files); `near`
    /// draws what is around some files to the front.
    pub fn file_ranks(&self, near: &[NodeId]) -> Vec<f64> {
        let mut wish = vec![0.0; self.file_count()];
        for node in near {
            wish[self.file_of(*node).0 as usize] = 1.0;
        }
        page_rank(&self.joined().files, &wish)
    }

    /// How central each node is: files first, then symbols.
    pub fn ranks(&self, near: &[NodeId]) -> Vec<f64> {
        let mut wish = vec![0.0; self.node_count()];
        for node in near {
            wish[node.0 as usize] += 1.0;
            // What lies in a file is near where the file is.
            if self.symbol_of(*node).is_none() {
                let file = node.0 as usize;
                let start = self.starts[file] as usize;
                for one in &mut wish[start..start + self.files[file].symbol_count as usize] {
                    *one += 1.0;
                }
            }
        }
        page_rank(&self.joined().uses, &wish)
    }

    /// The edges of one level, as pairs of nodes with weights.
    pub fn file_edges(&self) -> impl Iterator<Item = (NodeId, NodeId, f32)> + '_ {
        self.joined().files.edges().map(|(from, to, weight)| (NodeId(from), NodeId(to), weight))
    }

    /// Which symbol uses which.
    pub fn symbol_edges(&self) -> impl Iterator<Item = (NodeId, NodeId, f32)> + '_ {
        self.joined().uses.edges().map(|(from, to, weight)| (NodeId(from), NodeId(to), weight))
    }

    fn level<'g>(
        &'g self,
        node: NodeId,
        levels: impl Fn(&'g Joined) -> (&'g Adjacency, &'g Adjacency),
    ) -> &'g Adjacency {
        let (files, uses) = levels(self.joined());
        if self.symbol_of(node).is_some() { uses } else { files }
    }
}

fn reached(edges: &Adjacency, from: &[u32], most_steps: Option<usize>) -> Vec<Reached> {
    let found = edges.reached(from, most_steps).into_iter();
    found.map(|(node, steps)| Reached { node: NodeId(node), steps }).collect()
}
