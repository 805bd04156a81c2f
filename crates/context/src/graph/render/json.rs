use serde_json::{Value, json};

use super::Drawing;

/// Writes one document.
pub fn render(drawing: &Drawing) -> String {
    let mut out = document(drawing).to_string();
    out.push('\n');
    out
}

/// Nodes, and edges between their places in the list.
pub fn document(drawing: &Drawing) -> Value {
    let nodes = drawing.nodes.iter().map(|node| {
        json!({ "name": node.name, "kind": node.kind, "rank": node.rank, "in_cycle": node.in_cycle })
    });
    let edges = drawing
        .edges
        .iter()
        .map(|(from, to, weight)| json!({ "from": from, "to": to, "weight": weight }));
    json!({ "nodes": nodes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>() })
}
