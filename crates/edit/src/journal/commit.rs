//! Several files from one state to another, all or none.
//!
//! The new contents are first written beside their files, under other names.
//! Then `pending.json` says what will happen, the names are swapped one by
//! one, and the entry is written: from then on the change counts. Before, an
//! error or a crash puts every file back.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::{ContentHash, RelPath};
use serde::{Deserialize, Serialize};

use super::{FileOp, Journal, JournalEntry};
use crate::error::{Error, Result};

/// A change that is being written.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    /// The entry as it stands once the change counts.
    entry: JournalEntry,
    files: Vec<PendingFile>,
    /// Folders that are made for it, outermost first.
    folders: Vec<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PendingFile {
    path: RelPath,
    /// Where it is, links followed.
    place: PathBuf,
    /// Where the new content waits.
    temp: PathBuf,
    before: Option<ContentHash>,
    after: Option<ContentHash>,
}

impl Journal {
    /// Writes `ops` and records `entry`.
    pub(crate) fn commit(&mut self, ops: &[FileOp], entry: JournalEntry) -> Result<JournalEntry> {
        let pending = self.prepare(ops, entry)?;
        self.write_whole(&self.pending_place(), &encode(&pending))?;
        let written =
            self.write_files(&pending, ops).and_then(|()| self.write_entry(&pending.entry));
        if let Err(error) = written {
            self.roll_back(&pending)?;
            return Err(error);
        }
        // The change counts; a marker that stays is taken away on the next open.
        let _ = self.layer.remove(&self.pending_place());
        let entry = pending.entry;
        match self.entries.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => known.clone_from(&entry),
            None => self.entries.push(entry.clone()),
        }
        Ok(entry)
    }

    /// Takes a change back that was cut in the middle.
    pub(super) fn recover(&mut self) -> Result<()> {
        let place = self.pending_place();
        let bytes = self.layer.read(&place);
        let bytes = bytes.map_err(|source| Error::JournalIo { path: place.clone(), source })?;
        let Some(bytes) = bytes else { return Ok(()) };
        let pending: Pending = serde_json::from_slice(&bytes).map_err(|error| {
            Error::JournalCorrupt { path: place.clone(), reason: error.to_string() }
        })?;
        if self.entries.contains(&pending.entry) {
            return self
                .layer
                .remove(&place)
                .map_err(|source| Error::JournalIo { path: place, source });
        }
        self.roll_back(&pending)
    }

    fn prepare(&self, ops: &[FileOp], entry: JournalEntry) -> Result<Pending> {
        let mut files = Vec::new();
        let mut folders = BTreeSet::new();
        for (number, op) in ops.iter().enumerate() {
            let place = self.root.resolve(&op.path)?;
            let keep = |text: &Option<String>| {
                text.as_deref().map(|text| self.keep_blob(text)).transpose()
            };
            let (before, after) = (keep(&op.before)?, keep(&op.after)?);
            let folder = place.parent().unwrap_or(self.root.path());
            if after.is_some() {
                let missing = folder.ancestors().take_while(|folder| !folder.exists());
                folders.extend(missing.map(Path::to_owned));
            }
            let name = op.path.file_name();
            let temp = folder.join(format!(".{name}.{}-{number}.mlx-code.tmp", entry.id));
            files.push(PendingFile { path: op.path.clone(), place, temp, before, after });
        }
        Ok(Pending { entry, files, folders: folders.into_iter().collect() })
    }

    fn write_files(&self, pending: &Pending, ops: &[FileOp]) -> Result<()> {
        let failed = |path: &RelPath, source| Error::Write { path: path.clone(), source };
        let first = pending.files.first().map(|file| &file.path);
        for folder in &pending.folders {
            let made = self.layer.create_dir(folder);
            let Some(path) = first else { break };
            made.map_err(|source| failed(path, source))?;
        }
        for (file, op) in pending.files.iter().zip(ops) {
            let Some(text) = &op.after else { continue };
            let write = || {
                // What a crash left behind is ours by its name.
                self.layer.remove(&file.temp)?;
                self.layer.write_new(&file.temp, text.as_bytes(), &file.place)
            };
            write().map_err(|source| failed(&file.path, source))?;
        }
        // The last look before the files change.
        for file in &pending.files {
            let now = self.layer.read(&file.place).map_err(|source| failed(&file.path, source))?;
            if now.as_deref().map(ContentHash::of) != file.before {
                return Err(Error::ChangedSince { path: file.path.clone() });
            }
        }
        for file in &pending.files {
            let moved = match file.after {
                Some(_) => self.layer.rename(&file.temp, &file.place),
                None => self.layer.remove(&file.place),
            };
            moved.map_err(|source| failed(&file.path, source))?;
        }
        let folders: BTreeSet<&Path> =
            pending.files.iter().filter_map(|file| file.place.parent()).collect();
        let Some(path) = first else { return Ok(()) };
        folders
            .into_iter()
            .filter(|folder| folder.exists())
            .try_for_each(|folder| self.layer.sync_dir(folder))
            .map_err(|source| failed(path, source))
    }

    fn write_entry(&self, entry: &JournalEntry) -> Result<()> {
        let place = self.dir.join("entries").join(format!("{}.json", entry.id));
        self.write_whole(&place, &encode(entry))
    }

    /// Puts every file back that holds the new content; one that somebody
    /// else changed in between stays as it is.
    fn roll_back(&self, pending: &Pending) -> Result<()> {
        for file in &pending.files {
            let failed = |source| Error::RollbackFailed { path: file.path.clone(), source };
            self.layer.remove(&file.temp).map_err(failed)?;
            let now = self.layer.read(&file.place).map_err(failed)?;
            let now = now.as_deref().map(ContentHash::of);
            if now == file.before || now != file.after {
                continue;
            }
            match file.before {
                None => self.layer.remove(&file.place).map_err(failed)?,
                Some(hash) => {
                    let text = self.blob(hash)?;
                    self.put_back(file, &text).map_err(failed)?;
                }
            }
        }
        for folder in pending.folders.iter().rev() {
            self.layer
                .remove_dir(folder)
                .map_err(|source| Error::JournalIo { path: folder.clone(), source })?;
        }
        let place = self.pending_place();
        self.layer.remove(&place).map_err(|source| Error::JournalIo { path: place, source })
    }

    fn put_back(&self, file: &PendingFile, text: &str) -> io::Result<()> {
        self.layer.write_new(&file.temp, text.as_bytes(), &file.place)?;
        self.layer.rename(&file.temp, &file.place)
    }

    fn pending_place(&self) -> PathBuf {
        self.dir.join("pending.json")
    }
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    // Only maps with keys that are no strings fail, and these types have none.
    serde_json::to_vec_pretty(value).unwrap_or_default()
}
