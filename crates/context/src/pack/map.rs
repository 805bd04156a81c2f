//! A map of what is around the packed pieces, in what is left.

use std::collections::{BTreeMap, BTreeSet};

use mlxcode_base::{LineRange, RelPath};

use super::ledger::Counter;
use super::piece::{Note, NoteKind, Piece, Reason};
use super::tree::Tree;
use super::{heads, near};
use crate::error::Result;
use crate::graph::{CodeGraph, NodeId};
use crate::symbol::{Symbol, SymbolKind};

/// The share of the budget that a map may take at most: what search finds says
/// more.
const MOST_SHARE: usize = 8;

/// A smaller map says nothing.
const LEAST_TOKENS: usize = 64;

/// A head takes this many tokens at least.
const LEAST_HEAD_TOKENS: usize = 4;

/// Draws the heads of the most central symbols around some pieces, as many as
/// fit into `room` tokens; `None` where nothing fits. `budget` is what all
/// pieces may take.
pub fn of(
    tree: &Tree<'_>,
    pieces: &[Piece],
    counter: Counter<'_>,
    room: usize,
    budget: usize,
) -> Result<Option<Piece>> {
    let most = room.min(budget / MOST_SHARE);
    let has_map = |piece: &Piece| matches!(piece, Piece::Note(Note { kind: NoteKind::Map, .. }));
    let files: BTreeSet<RelPath> = pieces.iter().filter_map(Piece::path).cloned().collect();
    if most < LEAST_TOKENS || files.is_empty() || pieces.iter().any(has_map) {
        return Ok(None);
    }
    let graph = near::around(tree, &files, [])?;
    let mut nodes = central(&graph, pieces);
    nodes.truncate(most / LEAST_HEAD_TOKENS);
    // The longest beginning of the list whose text fits. More symbols give a
    // longer text, so that halving finds it.
    let (mut fits, mut too_many) = (0, nodes.len() + 1);
    let mut best = None;
    while fits + 1 < too_many {
        let middle = usize::midpoint(fits, too_many);
        let map = drawn(&graph, &nodes[..middle]);
        if counter.part(&map.render()) <= most {
            fits = middle;
            best = Some(map);
        } else {
            too_many = middle;
        }
    }
    Ok(best)
}

/// The symbols around the pieces that are not in them, the most central first
/// (personalised `PageRank`).
fn central(graph: &CodeGraph, pieces: &[Piece]) -> Vec<NodeId> {
    let mut near = Vec::new();
    let mut packed: Vec<(&RelPath, LineRange)> = Vec::new();
    for piece in pieces {
        let Some(path) = piece.path() else { continue };
        let own = piece.lines().map(|lines| graph.defined_in(path, lines)).unwrap_or_default();
        packed.extend(piece.lines().map(|lines| (path, lines)));
        if own.is_empty() { near.extend(graph.file(path)) } else { near.extend(own) }
    }
    let shown: BTreeSet<(&RelPath, &str)> = pieces
        .iter()
        .filter(|piece| piece.lines().is_none())
        .filter_map(|piece| Some((piece.path()?, piece.text())))
        .flat_map(|(path, text)| text.lines().map(move |line| (path, line.trim())))
        .collect();
    let ranks = graph.ranks(&near);
    let mut nodes: Vec<(f64, NodeId)> = Vec::new();
    for file in graph.files() {
        let path = graph.node(file).path;
        for node in graph.defined_in(&path, LineRange { first: 1, last: usize::MAX }) {
            let Some((path, symbols, place)) = graph.symbol_at(node) else { continue };
            let symbol = &symbols[place];
            let at = symbol.lines.first;
            let is_packed = packed
                .iter()
                .any(|(file, lines)| *file == path && lines.first <= at && at <= lines.last);
            let rank = ranks.get(node.number()).copied().unwrap_or_default();
            let is_known = is_packed || shown.contains(&(path, symbol.signature.as_str()));
            if rank > 0.0 && !is_known && is_drawn(symbol) {
                nodes.push((rank, node));
            }
        }
    }
    nodes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    nodes.into_iter().map(|(_, node)| node).collect()
}

fn is_drawn(symbol: &Symbol) -> bool {
    (symbol.kind.is_callable() || symbol.kind.is_type() || symbol.kind == SymbolKind::TypeAlias)
        && symbol.kind != SymbolKind::Implementation
}

fn drawn(graph: &CodeGraph, nodes: &[NodeId]) -> Piece {
    let mut files: BTreeMap<&RelPath, (&[Symbol], Vec<usize>)> = BTreeMap::new();
    for (path, symbols, place) in nodes.iter().filter_map(|node| graph.symbol_at(*node)) {
        files.entry(path).or_insert_with(|| (symbols, Vec::new())).1.push(place);
    }
    let mut text = String::new();
    for (path, (symbols, places)) in files {
        text.push_str(path.as_str());
        text.push_str(":\n");
        for line in heads::drawn(symbols, &places).lines() {
            text.push_str("  ");
            text.push_str(line);
            text.push('\n');
        }
    }
    Piece::Note(Note {
        kind: NoteKind::Map,
        path: None,
        text,
        header: "Map of the code around (heads only)".to_owned(),
        reason: Reason::Map,
        tokens: 0,
        is_kept: false,
        hash: None,
    })
}
