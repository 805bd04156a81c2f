//! What the journal forgets.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use mlxcode_base::ContentHash;

use super::{Journal, JournalEntry};
use crate::layer::DiskOp;

/// How much the journal keeps: the newest entries.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub entries: usize,
    pub blob_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Every entry is read when the journal is opened: some milliseconds
            // for so many. Nobody takes back what lies further behind.
            entries: 1_000,
            // Two contents a file and change; of source files, tens of thousands.
            blob_bytes: 1 << 30,
        }
    }
}

impl Journal {
    /// Drops the oldest entries beyond the limits, and contents that no entry
    /// names. The newest entry always stays. What cannot be removed is left to
    /// the next change.
    pub(super) fn prune(&mut self) {
        if !self.unreadable.is_empty() {
            // Their contents cannot be told from others; whoever repairs them
            // finds everything.
            return;
        }
        let Ok(blobs) = self.blobs_on_disk() else { return };
        let size_of = |entries: &[JournalEntry]| -> u64 {
            let named = named(entries);
            let kept = blobs.iter().filter(|blob| blob.hash.is_some_and(|h| named.contains(&h)));
            kept.map(|blob| blob.size_bytes).sum()
        };
        let last = self.entries.len().saturating_sub(1);
        let mut first = self.entries.len().saturating_sub(self.limits.entries).min(last);
        while first < last && size_of(&self.entries[first..]) > self.limits.blob_bytes {
            first += 1;
        }
        let entries = self.dir.join("entries");
        for entry in self.entries.drain(..first) {
            let place = entries.join(format!("{}.json", entry.id));
            let _ = self.layer.perform(DiskOp::Remove(&place));
        }
        let named = named(&self.entries);
        for blob in blobs.iter().filter(|blob| blob.hash.is_none_or(|h| !named.contains(&h))) {
            let _ = self.layer.perform(DiskOp::Remove(&blob.place));
        }
    }

    fn blobs_on_disk(&self) -> std::io::Result<Vec<Blob>> {
        let files = fs::read_dir(self.dir.join("blobs"))?.map(|file| {
            let file = file?;
            let hash = file.file_name().to_str().and_then(|name| name.parse().ok());
            Ok(Blob { place: file.path(), hash, size_bytes: file.metadata()?.len() })
        });
        files.collect()
    }
}

struct Blob {
    place: PathBuf,
    /// `None` for half a file that a crash left.
    hash: Option<ContentHash>,
    size_bytes: u64,
}

fn named(entries: &[JournalEntry]) -> HashSet<ContentHash> {
    let files = entries.iter().flat_map(|entry| &entry.files);
    files.flat_map(|file| [file.hash_before, file.hash_after]).flatten().collect()
}
