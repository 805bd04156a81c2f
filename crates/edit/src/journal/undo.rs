//! Takes a change back, and keeps what was edited since.

use super::{EntryState, FileOp, Journal, JournalEntry, JournalFile};
use crate::diff::FileDiff;
use crate::error::{Error, Result};
use crate::layer::{DiskOp, FileTraits};
use crate::merge::merge;
use crate::plan::ChangeKind;

/// Stands for the content where there is no file.
const NO_FILE: &str = "(no file)";

/// More lines of one version than this push the other off the screen.
const MOST_LINES: usize = 20;

/// What a file holds now.
struct Now {
    text: Option<String>,
    traits: FileTraits,
}

impl Journal {
    /// Takes the entry `id` back, or the newest that is applied.
    ///
    /// # Errors
    /// Where later edits touch the same lines, nothing is changed and the
    /// error shows both versions.
    pub fn undo(&mut self, id: Option<&str>) -> Result<JournalEntry> {
        let mut entry = self.choose(id)?.clone();
        let ops = self.undo_ops(&entry).map_err(|error| self.with_later(error))?;
        entry.state = EntryState::Undone;
        let entry = self.commit(&ops, entry)?;
        for folder in entry.folders.iter().rev() {
            // One that is not empty holds somebody else's files by now.
            let place = self.root.path().join(folder.as_path());
            let _ = self.layer.perform(DiskOp::RemoveDir(&place));
        }
        Ok(entry)
    }

    fn undo_ops(&self, entry: &JournalEntry) -> Result<Vec<FileOp>> {
        let mut ops = Vec::new();
        let mut files = entry.files.iter();
        while let Some(file) = files.next() {
            let rest = files.as_slice();
            if let Some(moved) = rest.first().filter(|old| is_move(file, old)) {
                files.next();
                ops.extend(self.move_back(&entry.id, file, moved)?);
            } else {
                ops.extend(self.put_back(&entry.id, file)?);
            }
        }
        Ok(ops)
    }

    /// Names the newest entry that touches the file of a conflict: it is the
    /// one to take back first.
    fn with_later(&self, error: Error) -> Error {
        let Error::UndoConflict { id, path, now, before, .. } = error else { return error };
        let after = self.entries.iter().rev().take_while(|entry| entry.id != id);
        let applied = after.filter(|entry| entry.state == EntryState::Applied);
        let touches = |entry: &&JournalEntry| entry.files.iter().any(|file| file.path == path);
        let later = applied.into_iter().find(touches).map(|entry| entry.id.clone());
        Error::UndoConflict { id, path, later, now, before }
    }

    fn choose(&self, id: Option<&str>) -> Result<&JournalEntry> {
        let applied = |entry: &&JournalEntry| entry.state == EntryState::Applied;
        let number = |id: &str| id.parse::<u64>().unwrap_or(u64::MAX);
        let Some(id) = id else {
            let newest = self.entries.iter().rev().find(applied);
            // A damaged entry that is newer may be the one that is meant.
            let above = newest.map_or(0, |entry| number(&entry.id));
            return match self.unreadable.iter().find(|damaged| number(&damaged.id) > above) {
                Some(damaged) => Err(damaged.error()),
                None => newest.ok_or(Error::NothingToUndo),
            };
        };
        if let Some(damaged) = self.unreadable.iter().find(|damaged| damaged.id == id) {
            return Err(damaged.error());
        }
        let known = self.entries.iter().find(|entry| entry.id == id);
        let entry = known.ok_or_else(|| Error::EntryNotFound { id: id.to_owned() })?;
        match entry.state {
            EntryState::Applied => Ok(entry),
            EntryState::Undone => Err(Error::AlreadyUndone { id: id.to_owned() }),
        }
    }

    /// One file, from what it holds now to what it holds without the change.
    fn put_back(&self, id: &str, file: &JournalFile) -> Result<Option<FileOp>> {
        let (before, after) = self.kept(file)?;
        let now = self.now(id, file, before.as_deref())?;
        if now.text == before && mode_to_undo(file, &now).is_none() {
            return Ok(None);
        }
        let target = if now.text == after {
            before
        } else {
            match (&before, &after, &now.text) {
                (Some(before), Some(after), Some(current)) => {
                    Some(unedit(id, file, after, current, before)?)
                }
                // What came since is what would be lost.
                (None, Some(after), Some(current)) => {
                    let since = FileDiff::of_passages(after, current).to_string();
                    return Err(conflict(id, file, Some(&since), None));
                }
                _ => return Err(conflict(id, file, now.text.as_deref(), before.as_deref())),
            }
        };
        Ok(Some(op(file, now, target)))
    }

    /// A renamed file, with what was edited under the new name since.
    fn move_back(&self, id: &str, new: &JournalFile, old: &JournalFile) -> Result<Vec<FileOp>> {
        let ((_, after), (before, _)) = (self.kept(new)?, self.kept(old)?);
        let there = self.now(id, new, None)?;
        let here = self.now(id, old, before.as_deref())?;
        let (Some(before), Some(after), Some(current), None) =
            (&before, &after, &there.text, &here.text)
        else {
            let ops = [self.put_back(id, new)?, self.put_back(id, old)?];
            return Ok(ops.into_iter().flatten().collect());
        };
        let target = unedit(id, new, after, current, before)?;
        Ok(vec![op(new, there, None), op(old, here, Some(target))])
    }

    fn kept(&self, file: &JournalFile) -> Result<(Option<String>, Option<String>)> {
        let kept = |hash: Option<_>| hash.map(|hash| self.blob(hash)).transpose();
        Ok((kept(file.hash_before)?, kept(file.hash_after)?))
    }

    fn now(&self, id: &str, file: &JournalFile, before: Option<&str>) -> Result<Now> {
        let Some(stored) = self.current(&file.path)? else {
            return Ok(Now {
                text: None,
                traits: FileTraits { mode: file.mode_before, ..FileTraits::default() },
            });
        };
        match String::from_utf8(stored.bytes) {
            Ok(text) => Ok(Now { text: Some(text), traits: stored.traits }),
            Err(_) => Err(conflict(id, file, Some("(not UTF-8 text)"), before)),
        }
    }
}

/// A rename stands as two files: the one that came, then the one that went.
fn is_move(new: &JournalFile, old: &JournalFile) -> bool {
    let renamed = new.kind == ChangeKind::Rename && old.kind == ChangeKind::Rename;
    renamed && new.hash_before.is_none() && old.hash_after.is_none()
}

/// The permissions to give back, unless somebody changed them since.
fn mode_to_undo(file: &JournalFile, now: &Now) -> Option<u32> {
    let changed = file.mode_after.is_some() && file.mode_after == now.traits.mode;
    file.mode_before.filter(|_| changed && now.text.is_some())
}

fn op(file: &JournalFile, now: Now, after: Option<String>) -> FileOp {
    let mode = mode_to_undo(file, &now);
    let Now { text: before, traits } = now;
    let traits_after = FileTraits { mode: mode.or(traits.mode), ..traits };
    FileOp { path: file.path.clone(), kind: file.kind, before, after, traits, traits_after }
}

/// Takes the change from `before` to `after` out of `current`.
fn unedit(
    id: &str,
    file: &JournalFile,
    after: &str,
    current: &str,
    before: &str,
) -> Result<String> {
    merge(after, current, before).map_err(|clash| {
        let around = |lines: &str| format!("{}{lines}{}", clash.above, clash.below);
        conflict(id, file, Some(&around(&clash.ours)), Some(&around(&clash.theirs)))
    })
}

fn conflict(id: &str, file: &JournalFile, now: Option<&str>, before: Option<&str>) -> Error {
    Error::UndoConflict {
        id: id.to_owned(),
        path: file.path.clone(),
        later: None,
        now: shown(now),
        before: shown(before),
    }
}

/// The first lines of one version, and how many follow.
fn shown(text: Option<&str>) -> String {
    let text = text.unwrap_or(NO_FILE).trim_end();
    let lines: Vec<&str> = text.lines().collect();
    match lines.get(..MOST_LINES) {
        Some(first) if lines.len() > MOST_LINES => {
            format!("{}\n… {} more lines", first.join("\n"), lines.len() - MOST_LINES)
        }
        _ => text.to_owned(),
    }
}
