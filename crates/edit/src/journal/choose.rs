//! Which entry is meant.

use super::{EntryState, Journal, JournalEntry};
use crate::error::{Error, Result};

impl Journal {
    /// The entry to take back: `id`, or the newest that is applied.
    pub(super) fn to_undo(&self, id: Option<&str>) -> Result<&JournalEntry> {
        let number = |id: &str| id.parse::<u64>().unwrap_or(u64::MAX);
        let Some(id) = id else {
            let newest = self.entries.iter().rev().find(|entry| entry.state == EntryState::Applied);
            // A damaged entry that is newer may be the one that is meant.
            let above = newest.map_or(0, |entry| number(&entry.id));
            return match self.unreadable.iter().find(|damaged| number(&damaged.id) > above) {
                Some(damaged) => Err(damaged.error()),
                None => newest.ok_or(Error::NothingToUndo),
            };
        };
        let entry = self.named(id)?;
        match entry.state {
            EntryState::Applied => Ok(entry),
            EntryState::Undone => Err(Error::AlreadyUndone { id: id.to_owned() }),
        }
    }

    /// The entry to apply again: `id`, or the one that was taken back last, if
    /// nothing new was applied since.
    pub(super) fn to_redo(&self, id: Option<&str>) -> Result<&JournalEntry> {
        let Some(id) = id else {
            let undone = self.entries.iter().filter(|entry| entry.state == EntryState::Undone);
            let last = undone.max_by_key(|entry| entry.state_turn).ok_or(Error::NothingToRedo)?;
            return match self.entries.iter().find(|entry| entry.turn > last.state_turn) {
                Some(newer) => {
                    Err(Error::RedoIsOver { id: last.id.clone(), newer: newer.id.clone() })
                }
                None => Ok(last),
            };
        };
        let entry = self.named(id)?;
        match entry.state {
            EntryState::Undone => Ok(entry),
            EntryState::Applied => Err(Error::AlreadyApplied { id: id.to_owned() }),
        }
    }

    fn named(&self, id: &str) -> Result<&JournalEntry> {
        if let Some(damaged) = self.unreadable.iter().find(|damaged| damaged.id == id) {
            return Err(damaged.error());
        }
        let known = self.entries.iter().find(|entry| entry.id == id);
        known.ok_or_else(|| Error::EntryNotFound { id: id.to_owned() })
    }
}
