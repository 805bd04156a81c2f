//! Several files from one state to another, all or none.
//!
//! `pending.json` says what will happen, the contents from before are kept by
//! their hash. Then the new contents are written beside their files, under
//! other names, the names are swapped one by one, and the entry is written:
//! from then on the change counts. Before, an error or a crash puts every
//! file back.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::{ContentHash, RelPath};
use serde::{Deserialize, Serialize};

use super::{EntryState, FileOp, Journal, JournalEntry};
use crate::error::{Error, Result};
use crate::layer::{DiskOp, FileTraits, Stored};

/// A change that is being written. Places are below the root, so that a tree
/// that was moved after a crash is still put right.
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
    #[serde(flatten)]
    traits: FileTraits,
    /// Those after the change; `None` where they stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traits_after: Option<FileTraits>,
}

impl Journal {
    /// Writes `ops` and records `entry`.
    pub(crate) fn commit(&mut self, ops: &[FileOp], entry: JournalEntry) -> Result<JournalEntry> {
        // What an earlier failure of this very journal left comes first.
        self.recover()?;
        let pending = self.prepare(ops, entry)?;
        if let Err(error) = self.announce(&pending) {
            let _ = self.layer.perform(DiskOp::Remove(&self.pending_place()));
            return Err(error);
        }
        let written =
            self.write_files(&pending, ops).and_then(|()| self.write_entry(&pending.entry));
        if let Err(error) = written {
            return match self.roll_back(&pending) {
                // What could not be tidied up is, by the next one that opens the journal.
                Err(_) if self.is_as_before(&pending) => Err(error),
                Err(worse) => Err(worse),
                Ok(()) => Err(error),
            };
        }
        // The change counts; a marker that stays is taken away on the next open.
        let _ = self.layer.perform(DiskOp::Remove(&self.pending_place()));
        let entry = pending.entry;
        match self.entries.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => known.clone_from(&entry),
            None => self.entries.push(entry.clone()),
        }
        self.prune();
        Ok(entry)
    }

    /// Takes a change back that was cut in the middle.
    pub(super) fn recover(&mut self) -> Result<()> {
        let place = self.pending_place();
        let unusable = |source| Error::JournalIo { path: place.clone(), source };
        let Some(Stored { bytes, .. }) = self.layer.read(&place).map_err(unusable)? else {
            return Ok(());
        };
        let pending: Pending = serde_json::from_slice(&bytes).map_err(|error| {
            Error::JournalCorrupt { path: place.clone(), reason: error.to_string() }
        })?;
        if self.entries.contains(&pending.entry) {
            return self.layer.perform(DiskOp::Remove(&place)).map_err(unusable);
        }
        self.roll_back(&pending)
    }

    fn prepare(&self, ops: &[FileOp], mut entry: JournalEntry) -> Result<Pending> {
        let root = self.root.path();
        let below = |place: &Path| place.strip_prefix(root).unwrap_or(place).to_owned();
        let mut files = Vec::new();
        let mut folders = BTreeSet::new();
        for (number, op) in ops.iter().enumerate() {
            let place = self.root.resolve(&op.path)?;
            if op.before.is_some() {
                // Swapping names would get around what the user may not write.
                self.check_writable(&place, op.traits)
                    .map_err(|source| Error::Write { path: op.path.clone(), source })?;
            }
            let keep = |text: &Option<String>| {
                text.as_deref().map(|text| self.keep_blob(text)).transpose()
            };
            let (before, after) = (keep(&op.before)?, keep(&op.after)?);
            let folder = place.parent().unwrap_or(root);
            if after.is_some() {
                let missing = folder.ancestors().take_while(|folder| !folder.exists());
                folders.extend(missing.map(below));
            }
            let temp = below(&folder.join(format!(".mlx-code-{}-{number}.tmp", entry.id)));
            let (path, traits) = (op.path.clone(), op.traits);
            let traits_after = Some(op.traits_after).filter(|after| *after != traits);
            files.push(PendingFile {
                path,
                place: below(&place),
                temp,
                before,
                after,
                traits,
                traits_after,
            });
        }
        if entry.state == EntryState::Applied {
            let made = folders.iter().filter_map(|folder| RelPath::from_path(folder).ok());
            entry.folders = made.collect();
        }
        Ok(Pending { entry, files, folders: folders.into_iter().collect() })
    }

    /// Whether the file may be written, by the superuser too: he cleared the
    /// permission bits himself, or somebody meant them.
    fn check_writable(&self, place: &Path, traits: FileTraits) -> io::Result<()> {
        if traits.mode.is_some_and(|mode| mode & 0o222 == 0) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.layer.check_writable(place)
    }

    /// Puts on the disk what a later crash needs.
    fn announce(&self, pending: &Pending) -> Result<()> {
        self.sync_blobs()?;
        let place = self.pending_place();
        self.write_whole(&place, &encode(pending, &place)?)?;
        self.sync(&self.dir)
    }

    fn write_files(&self, pending: &Pending, ops: &[FileOp]) -> Result<()> {
        let root = self.root.path();
        let failed = |path: &RelPath, source| Error::Write { path: path.clone(), source };
        // Folders are made and synced for all files; the first stands for them.
        let Some(first) = pending.files.first().map(|file| &file.path) else { return Ok(()) };
        for folder in &pending.folders {
            self.layer
                .perform(DiskOp::CreateDir(&root.join(folder)))
                .map_err(|source| failed(first, source))?;
        }
        for (file, op) in pending.files.iter().zip(ops) {
            let Some(text) = &op.after else { continue };
            let traits = file.traits_after.unwrap_or(file.traits);
            self.write_temp(file, text, traits).map_err(|source| failed(&file.path, source))?;
        }
        // The last look before the files change.
        for file in &pending.files {
            let now = self.stored(file).map_err(|source| failed(&file.path, source))?;
            if hash(now.as_ref()) != file.before {
                return Err(Error::ChangedSince { path: file.path.clone() });
            }
        }
        for file in &pending.files {
            let place = root.join(&file.place);
            let moved = match file.after {
                Some(_) => {
                    let from = root.join(&file.temp);
                    self.layer.perform(DiskOp::Rename { from: &from, to: &place })
                }
                None => self.layer.perform(DiskOp::Remove(&place)),
            };
            moved.map_err(|source| failed(&file.path, source))?;
        }
        let folders: BTreeSet<PathBuf> = pending
            .files
            .iter()
            .filter_map(|file| root.join(&file.place).parent().map(Path::to_owned))
            .collect();
        folders
            .iter()
            .filter(|folder| folder.exists())
            .try_for_each(|folder| self.layer.perform(DiskOp::SyncDir(folder)))
            .map_err(|source| failed(first, source))
    }

    fn write_entry(&self, entry: &JournalEntry) -> Result<()> {
        let folder = self.dir.join("entries");
        let place = folder.join(format!("{}.json", entry.id));
        self.write_whole(&place, &encode(entry, &place)?)?;
        // The entry is there and the change counts, synced or not.
        let _ = self.sync(&folder);
        Ok(())
    }

    /// Puts every file back that holds the new content; one that somebody
    /// else changed in between stays as it is.
    fn roll_back(&self, pending: &Pending) -> Result<()> {
        let root = self.root.path();
        for file in &pending.files {
            let failed = |source| Error::RollbackFailed { path: file.path.clone(), source };
            self.remove_temp(&root.join(&file.temp)).map_err(failed)?;
            let now = self.stored(file).map_err(failed)?;
            if file.is_before(now.as_ref()) || hash(now.as_ref()) != file.after {
                continue;
            }
            let place = root.join(&file.place);
            match file.before {
                None => self.layer.perform(DiskOp::Remove(&place)).map_err(failed)?,
                Some(hash) => {
                    let text = self.blob(hash)?;
                    self.write_temp(file, &text, file.traits).map_err(failed)?;
                    let from = root.join(&file.temp);
                    self.layer
                        .perform(DiskOp::Rename { from: &from, to: &place })
                        .map_err(failed)?;
                }
            }
        }
        for folder in pending.folders.iter().rev() {
            let path = root.join(folder);
            if !path.exists() {
                continue;
            }
            self.layer
                .perform(DiskOp::RemoveDir(&path))
                .map_err(|source| Error::JournalIo { path, source })?;
        }
        let path = self.pending_place();
        self.layer
            .perform(DiskOp::Remove(&path))
            .map_err(|source| Error::JournalIo { path, source })
    }

    /// On a disk that is read-only, removing fails where there is nothing too.
    fn remove_temp(&self, temp: &Path) -> io::Result<()> {
        self.layer.perform(DiskOp::Remove(temp)).or_else(|error| match self.layer.read(temp) {
            Ok(None) => Ok(()),
            _ => Err(error),
        })
    }

    /// Whether every file holds what it held before the change.
    fn is_as_before(&self, pending: &Pending) -> bool {
        pending
            .files
            .iter()
            .all(|file| self.stored(file).is_ok_and(|now| file.is_before(now.as_ref())))
    }

    fn write_temp(&self, file: &PendingFile, text: &str, traits: FileTraits) -> io::Result<()> {
        let path = self.root.path().join(&file.temp);
        // What a crash left behind is ours by its name.
        self.layer.perform(DiskOp::Remove(&path))?;
        let bytes = text.as_bytes();
        self.layer.perform(DiskOp::WriteNew { path: &path, bytes, traits })
    }

    fn stored(&self, file: &PendingFile) -> io::Result<Option<Stored>> {
        self.layer.read(&self.root.path().join(&file.place))
    }

    fn pending_place(&self) -> PathBuf {
        self.dir.join("pending.json")
    }
}

impl PendingFile {
    /// Whether the file is as it was; of a change of the permissions alone, they
    /// tell.
    fn is_before(&self, now: Option<&Stored>) -> bool {
        let mode = now.and_then(|now| now.traits.mode);
        let same_mode = self.traits_after.is_none() || mode == self.traits.mode;
        hash(now) == self.before && (self.before != self.after || same_mode)
    }
}

fn hash(stored: Option<&Stored>) -> Option<ContentHash> {
    stored.map(|stored| ContentHash::of(&stored.bytes))
}

fn encode(value: &impl Serialize, place: &Path) -> Result<Vec<u8>> {
    // A folder behind a link may have a name that is no UTF-8.
    serde_json::to_vec_pretty(value)
        .map_err(|error| Error::JournalIo { path: place.to_owned(), source: error.into() })
}
