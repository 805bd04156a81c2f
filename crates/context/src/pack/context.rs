//! What was packed, and what was not.

use std::fmt;

use mlxcode_base::LineRange;
use serde::Serialize;

use super::piece::{Passage, Piece};
use crate::mention::Attachment;
use crate::walk::Skipped;

/// The pieces for a question, in the order in which a model reads them: files
/// that were given, what the question names, the definitions that this uses,
/// what search found, a map.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PackedContext {
    /// The pieces. Their tokens add up to `tokens`.
    pub pieces: Vec<Piece>,
    /// Pictures and documents that the question names. They are no part of the
    /// text.
    pub attachments: Vec<Attachment>,
    /// What would have belonged here, and why it does not.
    pub left_out: Vec<LeftOut>,
    /// The tokens of [`render`](Self::render); at most the budget's.
    pub tokens: usize,
    /// The budget's tokens.
    pub budget: usize,
    /// Files of the tree that were not read.
    pub skipped: Skipped,
}

impl PackedContext {
    /// The pieces as one text. A context that was packed after another begins
    /// with the pieces that are kept, byte by byte.
    pub fn render(&self) -> String {
        self.pieces.iter().map(Piece::render).collect()
    }

    /// The pieces that are lines of files.
    pub fn passages(&self) -> impl Iterator<Item = &Passage> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Passage(passage) => Some(passage),
            Piece::Note(_) => None,
        })
    }
}

/// Something that would have belonged into a context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// A path, a symbol or what the question names.
    pub what: String,
    /// The lines, of what is lines.
    pub lines: Option<LineRange>,
    /// Why it is not in it.
    pub reason: LeftOutReason,
}

/// Why something is not in a context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeftOutReason {
    /// It takes more tokens than were left.
    NoRoom {
        /// What it takes.
        tokens: usize,
        /// What was left.
        room: usize,
    },
    /// Another passage says the same.
    Twin {
        /// That passage.
        of: String,
    },
    /// Nothing in the tree is called so.
    Unknown,
    /// The tree is under no version control.
    NoRepository,
    /// Nobody read it here.
    NotRead,
    /// It was in the context before, and its file is another now; where there
    /// was room, it follows as it is now.
    Outdated,
    /// It was in the context before, and made room.
    MadeRoom,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { tokens, room } => {
                write!(f, "takes {tokens} tokens, {room} were left for it")
            }
            Self::Twin { of } => write!(f, "says the same as {of}"),
            Self::Unknown => f.write_str("nothing here is called so"),
            Self::NotRead => f.write_str("is not read here"),
            Self::NoRepository => f.write_str("the tree is under no version control"),
            Self::Outdated => f.write_str("was changed since it was packed"),
            Self::MadeRoom => f.write_str("was packed before and made room"),
        }
    }
}
