//! Documents of `context`.

use mlxcode_core::{Attachment, LeftOut, LineRange, NoteKind, PackedContext, PackedCursor, Piece};
use schemars::JsonSchema;
use serde::Serialize;

use super::SkippedOutput;

/// `context --json` for a question.
#[derive(Serialize, JsonSchema)]
pub struct ContextOutput {
    /// The question as asked.
    pub question: String,
    /// The tokens of the prompt: the sum over the pieces.
    pub tokens: usize,
    /// The most that they could be.
    pub budget: usize,
    /// Whether tokens are counted as four bytes each, and not by a model.
    pub is_estimate: bool,
    /// What is in it, in its order.
    pub pieces: Vec<PieceOutput>,
    /// Pictures and documents that the question names; they are no part of the
    /// prompt.
    pub attachments: Vec<AttachmentOutput>,
    /// What would have belonged here, and why it does not.
    pub left_out: Vec<LeftOutOutput>,
    /// Files that were not read.
    pub skipped: SkippedOutput,
    /// The pieces as a model reads them.
    pub prompt: String,
}

/// `context --at PLACE --json`.
#[derive(Serialize, JsonSchema)]
pub struct CursorOutput {
    /// The tokens of what stands before and behind: the sum over the pieces.
    pub tokens: usize,
    /// The most that they could be.
    pub budget: usize,
    /// Whether tokens are counted as four bytes each, and not by a model.
    pub is_estimate: bool,
    /// What is in it, in its order.
    pub pieces: Vec<PieceOutput>,
    /// What would have belonged here, and why it does not.
    pub left_out: Vec<LeftOutOutput>,
    /// What stands before the cursor: comments about other files, then the file.
    pub before: String,
    /// What stands behind it.
    pub behind: String,
}

/// A piece of a prompt.
#[derive(Serialize, JsonSchema)]
pub struct PieceOutput {
    /// `passage` for lines of a file as they are; `changes`, `heads` or `map`.
    pub kind: String,
    /// The file, below the root; null for several.
    pub path: Option<String>,
    /// The first line, from one, of a passage.
    pub first_line: Option<usize>,
    /// The last line, itself inside.
    pub last_line: Option<usize>,
    /// Why it was chosen.
    pub reason: String,
    /// The tokens that it takes.
    pub tokens: usize,
    /// Whether it stands where it stood in the prompt before.
    pub is_kept: bool,
    /// Its text.
    pub text: String,
}

/// A picture or a document.
#[derive(Serialize, JsonSchema)]
pub struct AttachmentOutput {
    /// The file, below the root.
    pub path: String,
    /// What its content is, such as `image/png`.
    pub media_type: String,
    /// Its length.
    pub size_bytes: u64,
}

/// Something that is not in a prompt.
#[derive(Serialize, JsonSchema)]
pub struct LeftOutOutput {
    /// A path, a symbol or what the question names.
    pub what: String,
    /// The first line, from one, of what is lines.
    pub first_line: Option<usize>,
    /// The last line, itself inside.
    pub last_line: Option<usize>,
    /// Why it is not in it.
    pub reason: String,
}

impl ContextOutput {
    /// Describes what was packed.
    pub fn new(question: &str, packed: &PackedContext, is_estimate: bool) -> Self {
        let attachment = |one: &Attachment| AttachmentOutput {
            path: one.path.to_string(),
            media_type: one.media_type.to_string(),
            size_bytes: one.size_bytes,
        };
        Self {
            question: question.to_owned(),
            tokens: packed.tokens,
            budget: packed.budget,
            is_estimate,
            pieces: packed.pieces.iter().map(PieceOutput::new).collect(),
            attachments: packed.attachments.iter().map(attachment).collect(),
            left_out: packed.left_out.iter().map(LeftOutOutput::new).collect(),
            skipped: (&packed.skipped).into(),
            prompt: packed.render(),
        }
    }
}

impl CursorOutput {
    /// Describes what was packed.
    pub fn new(packed: &PackedCursor, is_estimate: bool) -> Self {
        Self {
            tokens: packed.tokens,
            budget: packed.budget,
            is_estimate,
            pieces: packed.ledger().map(PieceOutput::new).collect(),
            left_out: packed.left_out.iter().map(LeftOutOutput::new).collect(),
            before: packed.before.clone(),
            behind: packed.behind.clone(),
        }
    }
}

impl PieceOutput {
    /// Describes a piece.
    pub fn new(piece: &Piece) -> Self {
        let kind = match piece {
            Piece::Note(note) if note.kind == NoteKind::Changes => "changes",
            Piece::Note(note) if note.kind == NoteKind::Map => "map",
            Piece::Note(note) if note.kind == NoteKind::Published => "published",
            Piece::Note(_) => "heads",
            _ => "passage",
        };
        Self {
            kind: kind.to_owned(),
            path: piece.path().map(ToString::to_string),
            first_line: piece.lines().map(|lines| lines.first),
            last_line: piece.lines().map(|lines| lines.last),
            reason: piece.reason().to_string(),
            tokens: piece.tokens(),
            is_kept: piece.is_kept(),
            text: piece.text().to_owned(),
        }
    }

    /// Where it is from, in words.
    pub fn place(&self) -> String {
        let path = self.path.as_deref().unwrap_or("several files");
        match (self.first_line, self.last_line) {
            (Some(first), Some(last)) => format!("{path}:{}", LineRange::new(first, last)),
            _ => format!("{path} ({})", self.kind),
        }
    }
}

impl LeftOutOutput {
    /// Describes what is not in it.
    pub fn new(one: &LeftOut) -> Self {
        Self {
            what: one.what.clone(),
            first_line: one.lines.map(|lines| lines.first),
            last_line: one.lines.map(|lines| lines.last),
            reason: one.reason.to_string(),
        }
    }

    /// What it is, in words.
    pub fn place(&self) -> String {
        match (self.first_line, self.last_line) {
            (Some(first), Some(last)) => format!("{}:{}", self.what, LineRange::new(first, last)),
            _ => self.what.clone(),
        }
    }
}
