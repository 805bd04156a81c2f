//! Writes a plan, all files or none.

use std::time::{SystemTime, UNIX_EPOCH};

use mlxcode_base::{ContentHash, RelPath};

use crate::error::{Error, Result};
use crate::journal::{EntryState, FileOp, Journal, JournalEntry, JournalFile};
use crate::layer::FileTraits;
use crate::plan::{EditPlan, FileChange};

/// Writes all changes of `plan` and records them in `journal`; `actor` says
/// who, such as a model's name.
///
/// Each file is replaced by a new one of its name, so that a crash never leaves
/// half of it. Permissions stay, owner and group where the system allows it. Of
/// a file with several names (hard links) only this name gets the new content,
/// and the others keep the old: writing into the file itself would give up that
/// a crash leaves the old or the new content whole.
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
    let mut ops = Vec::new();
    for change in plan.changes() {
        ops.extend(file_ops(change, journal)?);
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
                mode_before: op.traits.mode.filter(|_| op.before.is_some()),
                mode_after: op.traits_after.mode.filter(|mode| Some(*mode) != op.traits.mode),
            })
            .collect(),
        folders: Vec::new(),
    };
    journal.commit(&ops, entry)
}

/// A rename is two operations: the new file comes, the old one goes.
fn file_ops(change: &FileChange, journal: &Journal) -> Result<Vec<FileOp>> {
    let FileChange { path, kind, to, before, after, executable } = change.clone();
    let traits = check_unchanged(&path, before.as_deref(), journal)?;
    let traits_after = executable.map_or(traits, |program| traits.as_program(program));
    let Some(to) = to else {
        return Ok(vec![FileOp { path, kind, before, after, traits, traits_after }]);
    };
    check_unchanged(&to, None, journal)?;
    Ok(vec![
        FileOp { path: to, kind, before: None, after, traits, traits_after },
        FileOp { path, kind, before, after: None, traits, traits_after: traits },
    ])
}

/// Looks whether the file is what the plan was made for; gives its
/// permissions and owner.
fn check_unchanged(path: &RelPath, planned: Option<&str>, journal: &Journal) -> Result<FileTraits> {
    let stored = journal.current(path)?;
    let now = stored.as_ref().map(|stored| stored.bytes.as_slice());
    if now != planned.map(str::as_bytes) {
        return Err(Error::ChangedSince { path: path.clone() });
    }
    Ok(stored.map_or_else(FileTraits::default, |stored| stored.traits))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_millis() as u64)
}
