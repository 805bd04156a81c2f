//! Writes a plan, all files or none.

use std::time::{SystemTime, UNIX_EPOCH};

use mlxcode_base::ContentHash;

use crate::error::{Error, Result};
use crate::journal::{EntryState, FileOp, Journal, JournalEntry, JournalFile};
use crate::plan::{EditPlan, FileChange};

/// Writes all changes of `plan` and records them in `journal`; `actor` says
/// who, such as a model's name.
///
/// # Errors
/// Whatever goes wrong, every file is as it was before.
pub fn apply(plan: &EditPlan, journal: &mut Journal, actor: &str) -> Result<JournalEntry> {
    if let Some(first) = plan.refusals().first() {
        return Err(Error::Refused {
            count: plan.refusals().len(),
            first: format!("block {}: {}", first.block, first.reason),
        });
    }
    if plan.changes().is_empty() {
        return Err(Error::NoChange);
    }
    let ops: Vec<FileOp> = plan.changes().iter().flat_map(file_ops).collect();
    for op in &ops {
        if journal.current(&op.path)?.as_deref() != op.before.as_deref().map(str::as_bytes) {
            return Err(Error::ChangedSince { path: op.path.clone() });
        }
    }
    let hash = |text: &Option<String>| text.as_ref().map(|text| ContentHash::of(text.as_bytes()));
    let entry = JournalEntry {
        id: journal.next_id(),
        applied_at_ms: now_ms(),
        actor: actor.to_owned(),
        state: EntryState::Applied,
        files: ops
            .iter()
            .map(|op| JournalFile {
                path: op.path.clone(),
                kind: op.kind,
                hash_before: hash(&op.before),
                hash_after: hash(&op.after),
            })
            .collect(),
    };
    journal.commit(&ops, entry)
}

/// A rename is two operations: the new file comes, the old one goes.
fn file_ops(change: &FileChange) -> Vec<FileOp> {
    let FileChange { path, kind, to, before, after } = change.clone();
    match to {
        None => vec![FileOp { path, kind, before, after }],
        Some(to) => vec![
            FileOp { path: to, kind, before: None, after },
            FileOp { path, kind, before, after: None },
        ],
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_millis() as u64)
}
