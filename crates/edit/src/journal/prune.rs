//! What the journal forgets.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::{Journal, pack_name};
use crate::layer::DiskOp;

impl Journal {
    /// Drops the oldest entries beyond the limits, and packs that belong to no
    /// entry. The newest entry always stays. What cannot be removed is left to
    /// the next change.
    pub(super) fn prune(&mut self) {
        if !self.unreadable.is_empty() {
            // Whoever repairs them finds everything.
            return;
        }
        let Ok(sizes) = self.pack_sizes() else { return };
        let size = |id: &str| sizes.get(&pack_name(id)).copied().unwrap_or(0);
        let mut kept: u64 = self.entries.iter().map(|entry| size(&entry.id)).sum();
        // The one that changed last is never forgotten, nor the newest.
        let turned = self.entries.iter().enumerate().max_by_key(|(_, entry)| entry.state_turn);
        let newest = self.entries.len().saturating_sub(1);
        let last = turned.map_or(newest, |(at, _)| at.min(newest));
        let mut first = 0;
        while first < last
            && (self.entries.len() - first > self.options.max_entries
                || kept > self.options.quota_bytes)
        {
            kept -= size(&self.entries[first].id);
            first += 1;
        }
        for entry in self.entries.drain(..first) {
            let name = format!("{}.json", entry.id);
            let _ = self.layer.perform(DiskOp::Remove(self.entries_dir.at(&name)));
        }
        let packs: HashSet<String> =
            self.entries.iter().map(|entry| pack_name(&entry.id)).collect();
        for name in sizes.keys().filter(|name| !packs.contains(*name)) {
            let _ = self.layer.perform(DiskOp::Remove(self.packs.at(name)));
        }
    }

    fn pack_sizes(&self) -> std::io::Result<HashMap<String, u64>> {
        let files = fs::read_dir(self.packs.path())?.map(|file| {
            let file = file?;
            Ok((file.file_name().to_string_lossy().into_owned(), file.metadata()?.len()))
        });
        files.collect()
    }
}
