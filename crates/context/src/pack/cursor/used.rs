//! Heads of definitions that are used around the cursor.

use std::collections::{BTreeMap, BTreeSet};

use mlxcode_base::{LineIndex, LineRange, RelPath, TextRange};

use super::window::Window;
use crate::error::Result;
use crate::graph::{Certainty, CodeGraph, FileFacts, FileImport, NodeId};
use crate::pack::piece::{Piece, Reason};
use crate::pack::tree::Tree;
use crate::pack::{heads, near, used};
use crate::syntax::ParsedFile;

/// Lines around the cursor whose names are looked up, the nearest first.
const NEAR: [(usize, usize); 3] = [(6, 2), (20, 8), (60, 20)];

/// More definitions than this are not looked at.
const MOST_DEFINITIONS: usize = 24;

/// Heads of members that are shown of a type: there is little room.
const MOST_MEMBERS: usize = 8;

/// A name that more files define says nothing of which is meant.
const MOST_DEFINING: usize = 3;

/// The heads of what is used around the cursor and not seen in the window,
/// file by file, those used nearest first.
pub fn heads(
    tree: &Tree<'_>,
    path: &RelPath,
    text: &str,
    parsed: &ParsedFile,
    window: Window,
) -> Result<Vec<Piece>> {
    let facts = facts(tree, path, parsed)?;
    let ranges = ranges(text, window.at);
    let names: BTreeSet<String> = facts
        .references
        .iter()
        .filter(|one| !one.is_local && ranges.iter().any(|range| one.range.overlaps(*range)))
        .map(|one| one.name.clone())
        .collect();
    let mut defining = tree.defining(&names)?;
    let lone: BTreeSet<String> = used::lone(&defining);
    defining.retain(|_, files| files.len() <= MOST_DEFINING);
    let more = defining.into_values().flatten();
    let graph = near::around_file(tree, facts, more)?;
    let seen = LineIndex::new(text).lines_of(TextRange::new(window.start, window.end));
    let nodes = nodes(&graph, path, &ranges, &lone, seen);
    Ok(pieces(&graph, &nodes))
}

/// What the file says as it stands in the editor; imports lead where those of
/// the saved file do.
fn facts(tree: &Tree<'_>, path: &RelPath, parsed: &ParsedFile) -> Result<FileFacts> {
    let symbols = parsed.symbols();
    let references = parsed.references(&symbols);
    let saved = tree.facts(std::slice::from_ref(path))?.pop();
    let known = saved.map(|facts| facts.imports).unwrap_or_default();
    let imports = parsed.imports().into_iter().map(|import| {
        let same = known
            .iter()
            .find(|one| one.import.source == import.source && one.import.names == import.names);
        if let Some(same) = same {
            FileImport { import, ..same.clone() }
        } else {
            let modules = vec![None; import.names.len()];
            FileImport { import, files: Vec::new(), modules, is_external: false }
        }
    });
    let (language, imports) = (parsed.language(), imports.collect());
    Ok(FileFacts { path: path.clone(), language, symbols, references, imports })
}

/// The bytes of the lines around the cursor, from the nearest on.
fn ranges(text: &str, at: usize) -> Vec<TextRange> {
    let index = LineIndex::new(text);
    let line = index.line_of(at);
    let range = |(before, behind): (usize, usize)| {
        let lines = LineRange::new(line.saturating_sub(before), line + behind);
        index.bytes_of(lines)
    };
    NEAR.map(range).to_vec()
}

fn nodes(
    graph: &CodeGraph,
    path: &RelPath,
    ranges: &[TextRange],
    lone: &BTreeSet<String>,
    seen: LineRange,
) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = Vec::new();
    for one in ranges.iter().flat_map(|range| graph.used_in(path, *range)) {
        let Some((file, symbols, place)) = graph.symbol_at(one.node) else { continue };
        let symbol = &symbols[place];
        let line = symbol.lines.first;
        let is_seen = file == path && seen.first <= line && line <= seen.last;
        let is_lone = lone.contains(&symbol.name) && !used::is_of_trait(symbols, place);
        let is_sure = one.certainty == Certainty::Certain || is_lone;
        if is_sure && !is_seen && used::is_worth_it(symbol) && !nodes.contains(&one.node) {
            nodes.push(one.node);
        }
        if nodes.len() == MOST_DEFINITIONS {
            break;
        }
    }
    nodes
}

fn pieces(graph: &CodeGraph, nodes: &[NodeId]) -> Vec<Piece> {
    let mut order: Vec<&RelPath> = Vec::new();
    let mut files: BTreeMap<&RelPath, Vec<usize>> = BTreeMap::new();
    let mut pieces = Vec::new();
    for (path, symbols, place) in nodes.iter().filter_map(|node| graph.symbol_at(*node)) {
        if !order.contains(&path) {
            order.push(path);
        }
        let shown = files.entry(path).or_default();
        shown.push(place);
        if symbols[place].kind.is_type() {
            shown.extend(used::members(symbols, place).into_iter().take(MOST_MEMBERS));
        }
    }
    for path in order {
        let Some(shown) = files.get(path) else { continue };
        let node = nodes.iter().filter_map(|node| graph.symbol_at(*node));
        let Some((_, symbols, _)) = node.into_iter().find(|(other, _, _)| *other == path) else {
            continue;
        };
        let text = heads::drawn(symbols, shown);
        let mut names: Vec<String> = Vec::new();
        let own = nodes.iter().filter_map(|node| graph.symbol_at(*node));
        names.extend(
            own.filter(|(other, _, _)| *other == path)
                .map(|(_, symbols, place)| symbols[place].name.clone()),
        );
        pieces.push(super::note(path, "heads only", text, Reason::Used { names }));
    }
    pieces
}
