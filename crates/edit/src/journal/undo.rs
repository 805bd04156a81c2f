//! Takes a change back, and keeps what was edited since.

use super::{EntryState, FileOp, Journal, JournalEntry, JournalFile};
use crate::error::{Error, Result};
use crate::merge::merge;

impl Journal {
    /// Takes the entry `id` back, or the newest that is applied.
    ///
    /// # Errors
    /// Where later edits touch the same lines, nothing is changed and the
    /// error shows both versions.
    pub fn undo(&mut self, id: Option<&str>) -> Result<JournalEntry> {
        let mut entry = self.choose(id)?.clone();
        let mut ops = Vec::new();
        for file in &entry.files {
            let (current, target) = self.target(&entry.id, file)?;
            if current != target {
                let path = file.path.clone();
                ops.push(FileOp { path, kind: file.kind, before: current, after: target });
            }
        }
        entry.state = EntryState::Undone;
        self.commit(&ops, entry)
    }

    fn choose(&self, id: Option<&str>) -> Result<&JournalEntry> {
        let applied = |entry: &&JournalEntry| entry.state == EntryState::Applied;
        let Some(id) = id else {
            return self.entries.iter().rev().find(applied).ok_or(Error::NothingToUndo);
        };
        let known = self.entries.iter().find(|entry| entry.id == id);
        let entry = known.ok_or_else(|| Error::EntryNotFound { id: id.to_owned() })?;
        match entry.state {
            EntryState::Applied => Ok(entry),
            EntryState::Undone => Err(Error::AlreadyUndone { id: id.to_owned() }),
        }
    }

    /// What the file holds now, and what it holds once the change is undone.
    fn target(&self, id: &str, file: &JournalFile) -> Result<(Option<String>, Option<String>)> {
        let kept = |hash: Option<_>| hash.map(|hash| self.blob(hash)).transpose();
        let (before, after) = (kept(file.hash_before)?, kept(file.hash_after)?);
        let conflict = |now: &str, before: &str| Error::UndoConflict {
            id: id.to_owned(),
            path: file.path.clone(),
            now: now.trim_end().to_owned(),
            before: before.trim_end().to_owned(),
        };
        let nothing = "(no file)";
        let current = match self.current(&file.path)? {
            None => None,
            Some(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Some(text),
                Err(_) => {
                    return Err(conflict("(not UTF-8 text)", before.as_deref().unwrap_or(nothing)));
                }
            },
        };
        if current == before {
            return Ok((current, before));
        }
        if current == after {
            return Ok((current, before));
        }
        match (before, after, current) {
            (Some(before), Some(after), Some(current)) => match merge(&after, &current, &before) {
                Ok(merged) => Ok((Some(current), Some(merged))),
                Err(clash) => Err(conflict(&clash.ours, &clash.theirs)),
            },
            (before, _, current) => Err(conflict(
                current.as_deref().unwrap_or(nothing),
                before.as_deref().unwrap_or(nothing),
            )),
        }
    }
}
