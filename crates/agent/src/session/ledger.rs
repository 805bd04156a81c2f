//! What of the code a model was shown, as a list.

use mlxcode_base::LineRange;
use mlxcode_context::{PackedContext, Piece};
use serde::{Deserialize, Serialize};

/// What of the code a model is shown in a turn, and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContextLedger {
    /// The pieces; their tokens add up to `tokens`.
    pub pieces: Vec<LedgerPiece>,
    /// What would have belonged there, and why it does not.
    pub left_out: Vec<String>,
    /// Tokens of all pieces.
    pub tokens: usize,
    /// The most tokens that they might have taken.
    pub budget: usize,
}

/// A piece of code that a model is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerPiece {
    /// What stands above it: path and lines, or what it is.
    pub header: String,
    /// The file; none for an overview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineRange>,
    /// Why it is there.
    pub reason: String,
    /// Its tokens.
    pub tokens: usize,
    /// Whether the model was shown it before, and it still holds.
    pub is_kept: bool,
}

impl ContextLedger {
    /// The ledger of what was packed.
    pub fn of(context: &PackedContext) -> Self {
        let piece = |piece: &Piece| LedgerPiece {
            header: piece.header().to_owned(),
            path: piece.path().map(ToString::to_string),
            lines: piece.lines(),
            reason: piece.reason().to_string(),
            tokens: piece.tokens(),
            is_kept: piece.is_kept(),
        };
        let left_out = context.left_out.iter().map(|one| match one.lines {
            Some(lines) => format!("{}:{lines} {}", one.what, one.reason),
            None => format!("{} {}", one.what, one.reason),
        });
        Self {
            pieces: context.pieces.iter().map(piece).collect(),
            left_out: left_out.collect(),
            tokens: context.tokens,
            budget: context.budget,
        }
    }
}
