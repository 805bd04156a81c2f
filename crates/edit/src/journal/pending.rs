//! What is being written: enough to put everything back.

use std::path::PathBuf;

use mlxcode_base::{ContentHash, RelPath};
use serde::{Deserialize, Serialize};

use super::{Actor, JournalEntry};
use crate::audit::{AuditRecord, AuditTurn, Audited, AuditedFile};
use crate::layer::{FileTraits, Stored};
use crate::plan::ChangeKind;

/// A change that is being written. Places are below the root, so that a tree
/// that was moved after a crash is still put right.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The entry as it stands once the change counts.
    pub entry: JournalEntry,
    pub turn: AuditTurn,
    pub actor: Actor,
    pub time_ms: u64,
    /// The last line of the audit log before.
    pub audit_seq: u64,
    /// The pack that holds the contents from before.
    pub pack: String,
    pub files: Vec<PendingFile>,
    /// Folders that are made for it, outermost first.
    pub folders: Vec<PathBuf>,
}

/// A file that a change in progress touches: how it was and how it will be.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingFile {
    pub path: RelPath,
    pub kind: ChangeKind,
    /// Where it is, links followed.
    pub place: PathBuf,
    /// Where the new content waits.
    pub temp: PathBuf,
    pub before: Option<ContentHash>,
    pub after: Option<ContentHash>,
    #[serde(flatten)]
    pub traits: FileTraits,
    /// Those after the change; `None` where they stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traits_after: Option<FileTraits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

impl Pending {
    /// What the audit log says of it; the log counts the lines itself.
    pub fn records(&self) -> Vec<AuditRecord> {
        let record = |file: &PendingFile| AuditRecord {
            seq: 0,
            time_ms: self.time_ms,
            actor: self.actor.clone(),
            what: Audited::of(
                self.turn,
                AuditedFile {
                    entry: self.entry.id.clone(),
                    path: file.path.clone(),
                    kind: file.kind,
                    hash_before: file.before,
                    hash_after: file.after,
                    level: file.level.clone(),
                },
            ),
        };
        self.files.iter().map(record).collect()
    }
}

impl PendingFile {
    /// Whether the file is as it was; of a change of the permissions alone, they
    /// tell.
    pub fn is_before(&self, now: Option<&Stored>) -> bool {
        let mode = now.and_then(|now| now.traits.mode);
        let same_mode = self.traits_after.is_none() || mode == self.traits.mode;
        hash(now) == self.before && (self.before != self.after || same_mode)
    }
}

/// The hash of a file's bytes, where there is a file.
pub fn hash(stored: Option<&Stored>) -> Option<ContentHash> {
    stored.map(|stored| ContentHash::of(&stored.bytes))
}
