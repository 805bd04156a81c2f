//! What a line of the log tells.

use mlxcode_base::{ContentHash, RelPath};
use serde::{Deserialize, Serialize};

use crate::journal::Actor;
use crate::plan::ChangeKind;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The number of the line, from one, over all files of the log.
    pub seq: u64,
    /// When, in milliseconds since 1970, UTC.
    pub time_ms: u64,
    /// Who did it, or wanted to.
    #[serde(flatten)]
    pub actor: Actor,
    /// What was done or decided.
    #[serde(flatten)]
    pub what: Audited,
}

/// What was done or decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Audited {
    /// A change of a file was applied.
    Apply(AuditedFile),
    /// It was taken back.
    Undo(AuditedFile),
    /// It was applied again.
    Redo(AuditedFile),
    /// Something was allowed or refused.
    Decide(AuditedDecision),
}

/// One file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditedFile {
    /// The entry of the journal.
    pub entry: String,
    /// The file, below the root.
    pub path: RelPath,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its content before; `None` where there was no file.
    pub hash_before: Option<ContentHash>,
    /// Its content after; `None` where there is no file.
    pub hash_after: Option<ContentHash>,
    /// How exactly the edits fitted, where they had to be placed: the least
    /// exact one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// Something that was allowed or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditedDecision {
    /// What was to be done, in a line.
    pub what: String,
    /// Whether it was allowed.
    pub allowed: bool,
    /// Who decided: a person, or a rule in words.
    pub by: String,
}

/// What a turn does with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditTurn {
    /// It is applied.
    Apply,
    /// It is taken back.
    Undo,
    /// It is applied again.
    Redo,
}

impl Audited {
    pub(crate) fn of(turn: AuditTurn, file: AuditedFile) -> Self {
        match turn {
            AuditTurn::Apply => Self::Apply(file),
            AuditTurn::Undo => Self::Undo(file),
            AuditTurn::Redo => Self::Redo(file),
        }
    }

    /// Its stable name, such as `apply`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Apply(_) => "apply",
            Self::Undo(_) => "undo",
            Self::Redo(_) => "redo",
            Self::Decide(_) => "decide",
        }
    }

    /// The file that was changed; `None` where something was decided.
    pub fn file(&self) -> Option<&AuditedFile> {
        match self {
            Self::Apply(file) | Self::Undo(file) | Self::Redo(file) => Some(file),
            Self::Decide(_) => None,
        }
    }
}

/// The most bytes of what is said of a decision: a long command is told by its
/// beginning.
const MOST_BYTES: usize = 1_024;

impl AuditedDecision {
    /// A decision; what is long is cut.
    pub fn new(what: &str, allowed: bool, by: &str) -> Self {
        Self { what: cut(what), allowed, by: cut(by) }
    }
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MOST_BYTES);
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", &text[..end])
}
