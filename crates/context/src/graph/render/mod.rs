//! A graph of files as text for other programs, and as a page for people.

mod dot;
mod html;
mod json;
mod mermaid;

use super::{CodeGraph, NodeId};

/// What a graph is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GraphFormat {
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid, which Markdown viewers draw.
    Mermaid,
    /// One document: nodes and edges.
    Json,
    /// One page that needs nothing else: it can be moved, zoomed and searched.
    Html,
}

/// What is drawn: nodes, and edges between their places in the list.
struct Drawing {
    nodes: Vec<Drawn>,
    edges: Vec<(usize, usize, f32)>,
}

struct Drawn {
    name: String,
    /// What kind of thing it is: a language, or a kind of symbol.
    kind: String,
    rank: f64,
    /// Whether it is in a ring.
    in_cycle: bool,
}

impl CodeGraph {
    /// Writes some nodes and the edges between them.
    pub fn render(&self, nodes: &[NodeId], format: GraphFormat) -> String {
        let drawing = self.drawing(nodes);
        match format {
            GraphFormat::Dot => dot::render(&drawing),
            GraphFormat::Mermaid => mermaid::render(&drawing),
            GraphFormat::Json => json::render(&drawing),
            GraphFormat::Html => html::render(&drawing),
        }
    }

    fn drawing(&self, nodes: &[NodeId]) -> Drawing {
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable();
        nodes.dedup();
        let (ranks, file_ranks) = (self.ranks(&[]), self.file_ranks(&[]));
        let mut rings: Vec<NodeId> = self.cycles().concat();
        rings.sort_unstable();
        let place = |node: NodeId| nodes.binary_search(&node).ok();
        let is_file = |node: NodeId| self.symbol_of(node).is_none();
        // Between files all that their symbols use counts.
        let files = self.file_edges();
        let symbols = self.symbol_edges().filter(|(from, to, _)| !is_file(*from) || !is_file(*to));
        let edges = files.chain(symbols);
        let edges = edges.filter_map(|(from, to, weight)| Some((place(from)?, place(to)?, weight)));
        let edges = edges.collect();
        let drawn = |node: &NodeId| {
            let one = self.node(*node);
            let is_file = is_file(*node);
            let kind = match one.kind {
                Some(kind) => kind.word().to_owned(),
                None => self.files[node.0 as usize].language.to_string(),
            };
            let rank = if is_file { file_ranks[node.0 as usize] } else { ranks[node.0 as usize] };
            let in_cycle = rings.binary_search(node).is_ok();
            Drawn { name: one.name(), kind, rank, in_cycle }
        };
        Drawing { nodes: nodes.iter().map(drawn).collect(), edges }
    }
}
