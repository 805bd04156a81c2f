//! Heads of definitions: what a file offers, without how it does it.

use mlxcode_base::{ContentHash, RelPath};

use super::piece::{Note, NoteKind, Reason};
use super::tree::Tree;
use crate::error::Result;
use crate::symbol::{Symbol, SymbolKind};

/// A file with more definitions is shown by its first ones.
const MOST_HEADS: usize = 80;

/// A longer head is cut: it is a value, not a head.
const MOST_CHARS: usize = 240;

/// The heads of what a file defines; `None` for one that defines nothing.
pub fn of_file(tree: &Tree<'_>, path: &RelPath, reason: &Reason) -> Result<Option<Note>> {
    let facts = tree.facts(std::slice::from_ref(path))?;
    let Some(facts) = facts.first() else { return Ok(None) };
    let shown: Vec<usize> = (0..facts.symbols.len())
        .filter(|place| is_shown(&facts.symbols[*place]))
        .take(MOST_HEADS)
        .collect();
    if shown.is_empty() {
        return Ok(None);
    }
    Ok(Some(note(tree, path, drawn(&facts.symbols, &shown), reason.clone())))
}

/// Tells whether the head of a symbol says something without its text.
pub fn is_shown(symbol: &Symbol) -> bool {
    use SymbolKind as K;
    symbol.kind.is_callable()
        || symbol.kind.is_type()
        || matches!(symbol.kind, K::TypeAlias | K::Macro | K::Constant | K::Module)
}

/// A note that holds heads of one file.
pub fn note(tree: &Tree<'_>, path: &RelPath, text: String, reason: Reason) -> Note {
    Note {
        kind: NoteKind::Heads,
        path: Some(path.clone()),
        text,
        header: format!("{path} (heads only)"),
        reason,
        tokens: 0,
        is_kept: false,
        hash: tree.text(path).map(|text| ContentHash::of(text.as_bytes())),
    }
}

/// The heads of some symbols of a file, in its order, indented by what they
/// lie in. What holds them is shown too.
pub fn drawn(symbols: &[Symbol], shown: &[usize]) -> String {
    let mut all: Vec<usize> = shown.to_vec();
    let mut next = 0;
    while let Some(place) = all.get(next) {
        let parent = symbols[*place].parent;
        all.extend(parent.filter(|parent| *parent < symbols.len() && !all.contains(parent)));
        next += 1;
    }
    all.sort_unstable();
    all.dedup();
    let mut text = String::new();
    for place in all {
        let symbol = &symbols[place];
        // Without end: parents stand before what lies in them.
        let mut depth = 0;
        let mut parent = symbol.parent;
        while let Some(at) = parent.filter(|at| *at < place && depth < 8) {
            depth += 1;
            parent = symbols[at].parent;
        }
        text.push_str(&"  ".repeat(depth));
        text.extend(symbol.signature.chars().take(MOST_CHARS));
        text.push('\n');
    }
    text
}
