//! Definitions that the mentioned code uses: what a reader would look up.

use std::collections::{BTreeMap, BTreeSet};

use mlxcode_base::{LineIndex, LineRange, RelPath, TextRange};

use super::candidate::{Candidate, Chosen};
use super::packer::Packer;
use super::piece::Reason;
use super::tree::{Found, Tree};
use super::{heads, near};
use crate::error::Result;
use crate::graph::{Certainty, CodeGraph, NodeId};
use crate::reference::{Reference, ReferenceKind};
use crate::symbol::{Symbol, SymbolKind};

/// Definitions take no more than this share of what is left, so that there is
/// room for what search finds.
const MOST_SHARE: usize = 4;

/// A longer definition is shown by its head, and one that takes more than this
/// part of the room for definitions.
const MOST_LINES: usize = 30;
const MOST_BODY_SHARE: usize = 3;

/// Definitions that are looked at, the most used first.
const MOST_DEFINITIONS: usize = 40;

/// Heads of members that are shown of a type.
const MOST_MEMBERS: usize = 24;

/// Passages that search is likely to bring.
const MOST_FOUND: usize = 6;

/// A name that more files define says nothing of which is meant.
const MOST_DEFINING: usize = 3;

/// Comments and attributes above a definition that belong to it.
const MOST_COMMENT_LINES: usize = 12;

/// A definition that is used.
struct Used {
    node: NodeId,
    times: usize,
    is_certain: bool,
}

/// Offers the definitions that what was given or named uses, but for those that
/// `found` has among its first: these come as they are.
pub fn offer(packer: &mut Packer<'_>, found: &[Found]) -> Result<()> {
    let mentioned = mentioned(packer);
    let room = packer.room() / MOST_SHARE;
    if mentioned.is_empty() || room == 0 {
        return Ok(());
    }
    let files: BTreeSet<RelPath> = mentioned.iter().map(|(path, _)| path.clone()).collect();
    let names = names(packer.tree, &files, &mentioned)?;
    let mut defining = packer.tree.defining(&names)?;
    let lone = lone(&defining);
    defining.retain(|_, files| files.len() <= MOST_DEFINING);
    let graph = near::around(packer.tree, &files, defining.into_values().flatten())?;
    let mut used = used(packer, &graph, &mentioned, &lone);
    used.retain(|one| !is_found(&graph, one.node, found));
    let limit = packer.set_room(room);
    take(packer, &graph, used, room);
    packer.set_limit(limit);
    Ok(())
}

/// Whether search is likely to bring a definition.
fn is_found(graph: &CodeGraph, node: NodeId, found: &[Found]) -> bool {
    let Some((path, symbols, place)) = graph.symbol_at(node) else { return false };
    let at = symbols[place].lines.first;
    let holds = |one: &Found| {
        one.path == *path && one.chunk.lines.first <= at && at <= one.chunk.lines.last
    };
    found.iter().take(MOST_FOUND).any(holds)
}

/// The names that only one file defines.
pub fn lone(defining: &BTreeMap<String, Vec<RelPath>>) -> BTreeSet<String> {
    let lone = defining.iter().filter(|(_, files)| files.len() == 1);
    lone.map(|(name, _)| name.clone()).collect()
}

/// The code that was given or named, as far as it was packed.
fn mentioned(packer: &Packer<'_>) -> Vec<(RelPath, LineRange)> {
    let chosen = packer.chosen.iter().filter_map(|one| match one {
        Chosen::Lines(one) => Some((one.path.clone(), one.lines)),
        Chosen::Note(_) => None,
    });
    chosen.chain(packer.mentioned.iter().cloned()).collect()
}

fn bytes_of(tree: &Tree<'_>, path: &RelPath, lines: LineRange) -> TextRange {
    tree.text(path).map(|text| LineIndex::new(&text).bytes_of(lines)).unwrap_or_default()
}

/// The names that stand in the mentioned lines.
fn names(
    tree: &Tree<'_>,
    files: &BTreeSet<RelPath>,
    mentioned: &[(RelPath, LineRange)],
) -> Result<BTreeSet<String>> {
    let paths: Vec<RelPath> = files.iter().cloned().collect();
    let mut names = BTreeSet::new();
    for facts in tree.facts(&paths)? {
        for (_, lines) in mentioned.iter().filter(|(path, _)| *path == facts.path) {
            let range = bytes_of(tree, &facts.path, *lines);
            let inside = |one: &&Reference| {
                range.start <= one.range.start
                    && one.range.end <= range.end
                    && !one.is_local
                    && one.kind != ReferenceKind::Import
            };
            names.extend(facts.references.iter().filter(inside).map(|one| one.name.clone()));
        }
    }
    Ok(names)
}

/// What the mentioned lines use and is not packed, the most used first.
/// `lone` are the names that only one file defines.
fn used(
    packer: &Packer<'_>,
    graph: &CodeGraph,
    mentioned: &[(RelPath, LineRange)],
    lone: &BTreeSet<String>,
) -> Vec<Used> {
    let mut all: Vec<Used> = Vec::new();
    for (path, lines) in mentioned {
        for one in graph.used_in(path, bytes_of(packer.tree, path, *lines)) {
            if let Some(known) = all.iter_mut().find(|known| known.node == one.node) {
                known.times += one.times;
            } else {
                let is_certain = one.certainty == Certainty::Certain;
                all.push(Used { node: one.node, times: one.times, is_certain });
            }
        }
    }
    all.retain(|one| {
        let Some((path, symbols, place)) = graph.symbol_at(one.node) else { return false };
        let symbol = &symbols[place];
        // The graph is a part of the tree's: there, another may have the name.
        (one.is_certain || lone.contains(&symbol.name) && !is_of_trait(symbols, place))
            && is_worth_it(symbol)
            && !packer.holds(path, LineRange::new(symbol.lines.first, symbol.lines.first))
    });
    // Of equally used ones, the one that is used first.
    all.sort_by_key(|one| (!one.is_certain, std::cmp::Reverse(one.times)));
    all.truncate(MOST_DEFINITIONS);
    all
}

/// Whether a method is written for a trait: a call of its name seldom means
/// this one, unless the rules say so.
pub fn is_of_trait(symbols: &[Symbol], place: usize) -> bool {
    let parent = symbols[place].parent.and_then(|parent| symbols.get(parent));
    parent.is_some_and(|parent| {
        parent.kind == SymbolKind::Implementation && parent.signature.contains(" for ")
    })
}

/// Tells whether a definition says more than its name does where it is used.
pub fn is_worth_it(symbol: &Symbol) -> bool {
    use SymbolKind as K;
    symbol.kind.is_callable()
        || symbol.kind.is_type()
        || matches!(symbol.kind, K::TypeAlias | K::Macro | K::Constant)
}

/// Takes bodies of short definitions, and heads of long ones, file by file.
fn take(packer: &mut Packer<'_>, graph: &CodeGraph, used: Vec<Used>, room: usize) {
    let mut left = room;
    let mut bodies: Vec<Candidate> = Vec::new();
    let mut files: Vec<RelPath> = Vec::new();
    let mut shown: BTreeMap<RelPath, Vec<usize>> = BTreeMap::new();
    for one in used {
        let Some((path, symbols, place)) = graph.symbol_at(one.node) else { continue };
        let symbol = &symbols[place];
        let lines = with_comment(packer.tree, path, symbol.lines);
        let within = |body: &Candidate| {
            body.path == *path
                && body.lines.first <= symbol.lines.first
                && symbol.lines.last <= body.lines.last
        };
        if bodies.iter().any(within) {
            continue;
        }
        let reason = Reason::Used { names: vec![symbol.name.clone()] };
        if lines.count() <= MOST_LINES
            && let Ok(body) = Candidate::of_lines(packer.tree, path, lines, reason)
        {
            let tokens = packer.cost(&body);
            if tokens <= left && tokens <= room / MOST_BODY_SHARE {
                left -= tokens;
                bodies.push(body);
                continue;
            }
        }
        let mut heads = vec![place];
        if symbol.kind.is_type() {
            heads.extend(members(symbols, place));
        }
        // A head with what goes before it.
        let tokens = packer.counter.part(&heads::drawn(symbols, &heads));
        let frame =
            if shown.contains_key(path) { 0 } else { packer.counter.part(path.as_str()) + 12 };
        if tokens + frame > left {
            continue;
        }
        left -= tokens + frame;
        if !files.contains(path) {
            files.push(path.clone());
        }
        let known = shown.entry(path.clone()).or_default();
        known.extend(heads.into_iter().filter(|one| !known.contains(one)).collect::<Vec<_>>());
    }
    for body in bodies {
        packer.offer(body);
    }
    for path in files {
        let Some(places) = shown.get(&path) else { continue };
        let node = graph.file(&path).and_then(|_| graph.defined_in(&path, ALL).first().copied());
        let Some((_, symbols, _)) = node.and_then(|node| graph.symbol_at(node)) else { continue };
        let names = places.iter().map(|place| symbols[*place].name.clone()).take(6).collect();
        let text = heads::drawn(symbols, places);
        packer.offer_note(heads::note(packer.tree, &path, text, Reason::Used { names }));
    }
}

const ALL: LineRange = LineRange { first: 1, last: usize::MAX };

/// The members of a type, as far as their heads say something.
pub fn members(symbols: &[Symbol], holder: usize) -> Vec<usize> {
    let path = symbols[holder].path();
    let is_member = |one: &Symbol| {
        // Members may be written outside of the type.
        one.container == path
            && (heads::is_shown(one) || matches!(one.kind, SymbolKind::Field | SymbolKind::Variant))
    };
    let places = symbols.iter().enumerate().filter(|(_, one)| is_member(one));
    places.map(|(place, _)| place).take(MOST_MEMBERS).collect()
}

/// The lines of a definition with the comment and the attributes above it.
fn with_comment(tree: &Tree<'_>, path: &RelPath, lines: LineRange) -> LineRange {
    const MARKS: [&str; 7] = ["//", "/*", "*", "#", "@", "--", "\"\"\""];
    let Some(text) = tree.text(path) else { return lines };
    let above: Vec<&str> = text.lines().take(lines.first - 1).collect();
    let comment = above.iter().rev().take(MOST_COMMENT_LINES).take_while(|line| {
        let line = line.trim_start();
        MARKS.iter().any(|mark| line.starts_with(mark)) && !line.starts_with("#include")
    });
    LineRange::new(lines.first - comment.count(), lines.last)
}
