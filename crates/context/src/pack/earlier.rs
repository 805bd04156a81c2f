//! What stays of a context that was packed before.

use mlxcode_base::{ContentHash, LineRange};

use super::candidate::Candidate;
use super::context::{LeftOut, LeftOutReason, PackedContext};
use super::ledger::Counter;
use super::piece::{Note, Passage, Piece};
use super::tree::Tree;

/// What stays, and what does not.
pub struct Kept {
    /// The pieces that still hold, as they were.
    pub pieces: Vec<Piece>,
    /// What is another now.
    pub outdated: Vec<Candidate>,
    pub left_out: Vec<LeftOut>,
}

/// Keeps what still holds, up to so many tokens: the front of it, since a
/// prompt cache holds up to the first difference.
pub fn kept(
    tree: &Tree<'_>,
    context: &PackedContext,
    counter: Counter<'_>,
    most_tokens: usize,
) -> Kept {
    let mut kept = Kept { pieces: Vec::new(), outdated: Vec::new(), left_out: Vec::new() };
    let mut tokens = 0;
    let mut is_full = false;
    for piece in &context.pieces {
        if !holds(tree, piece) {
            kept.left_out.push(left_out(piece, LeftOutReason::Outdated));
            if let Piece::Passage(passage) = piece {
                kept.outdated.extend(now(tree, passage));
            }
            continue;
        }
        tokens += counter.part(&piece.render());
        is_full |= tokens > most_tokens;
        if is_full {
            kept.left_out.push(left_out(piece, LeftOutReason::MadeRoom));
        } else {
            kept.pieces.push(piece.clone().kept());
        }
    }
    kept
}

fn left_out(piece: &Piece, reason: LeftOutReason) -> LeftOut {
    let what = piece.path().map_or_else(|| piece.header().to_owned(), ToString::to_string);
    LeftOut { what, lines: piece.lines(), reason }
}

/// Tells whether a piece is still what its file holds.
fn holds(tree: &Tree<'_>, piece: &Piece) -> bool {
    match piece {
        Piece::Passage(Passage { path, lines, text, .. }) => {
            tree.holds(path) && tree.lines(path, *lines) == *text
        }
        Piece::Note(Note { path: Some(path), hash, .. }) => {
            let now = tree.text(path).map(|text| ContentHash::of(text.as_bytes()));
            now.is_some() && now == *hash
        }
        // A map is an overview, and stays one.
        Piece::Note(Note { path: None, .. }) => true,
    }
}

/// The same lines of a file that was changed: where they begin as before, or
/// else where they were.
fn now(tree: &Tree<'_>, passage: &Passage) -> Option<Candidate> {
    let Passage { path, lines, text, reason, .. } = passage;
    let new = tree.text(path)?;
    let count = new.lines().count().max(1);
    let first = text.lines().find(|line| line.trim().len() > 2);
    let before = text.lines().take_while(|line| Some(*line) != first).count();
    let wanted = lines.first + before;
    let place = first.and_then(|first| {
        let same = new.lines().enumerate().filter(|(_, line)| *line == first);
        same.map(|(place, _)| place + 1).min_by_key(|place| place.abs_diff(wanted))
    });
    let start = place.unwrap_or(wanted).saturating_sub(before).clamp(1, count);
    let is_whole = lines.first == 1 && text.lines().count() + 1 >= lines.count() && start == 1;
    let last = if is_whole && *reason == super::Reason::Given {
        count
    } else {
        (start + lines.count() - 1).min(count)
    };
    Candidate::of_lines(tree, path, LineRange::new(start, last), reason.clone()).ok()
}
