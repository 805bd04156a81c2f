//! What was applied, so that it can be taken back.
//!
//! A folder outside the tree: `entries/` holds one JSON file a change,
//! `blobs/` the contents before and after by their hash, and `pending.json`,
//! while files are being written, what has to be put back after a crash. Only
//! the user may read it: it holds copies of files that may be private.

mod blobs;
mod commit;
mod lock;
mod place;
mod private;
mod prune;
mod record;
mod undo;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::{RelPath, Root};

use crate::error::{Error, Result};
use crate::layer::{Disk, DiskOp, FileLayer, FileTraits, Stored};
use crate::plan::ChangeKind;

#[cfg(test)]
mod tests;

use prune::Limits;
use record::Unreadable;
pub use record::{EntryState, JournalEntry, JournalFile};

/// The changes of one tree, and the means to take them back.
///
/// While it is open, nobody else can open the same folder: hold it no longer
/// than the work takes.
#[derive(Debug)]
pub struct Journal {
    root: Root,
    dir: PathBuf,
    layer: Box<dyn FileLayer>,
    entries: Vec<JournalEntry>,
    /// Entries whose files hold no entry any more.
    unreadable: Vec<Unreadable>,
    limits: Limits,
    /// Held, and by that locked, as long as the journal is open.
    _lock: File,
}

/// One file from a state to another.
#[derive(Clone, Debug)]
pub struct FileOp {
    pub path: RelPath,
    pub kind: ChangeKind,
    pub before: Option<String>,
    pub after: Option<String>,
    /// The permissions and owner that the file has.
    pub traits: FileTraits,
    /// Those that it gets.
    pub traits_after: FileTraits,
}

impl Journal {
    /// Opens the journal of the tree at `root`, kept in the folder `dir`. A
    /// change that a crash cut in the middle is taken back.
    ///
    /// # Errors
    /// Waits some seconds for another one that is open, then gives
    /// [`Error::JournalBusy`].
    pub fn open(dir: &Path, root: &Root) -> Result<Self> {
        Self::open_on(dir, root, Box::new(Disk))
    }

    /// Opens the journal of the tree at `root` among those in the folder
    /// `journals`, one a tree. A tree that was moved takes its journal along.
    pub fn open_among(journals: &Path, root: &Root) -> Result<Self> {
        let dir = place::find(journals, root.path());
        let journal = Self::open(&dir, root)?;
        place::note_owner(&dir, root.path());
        Ok(journal)
    }

    pub(crate) fn open_on(dir: &Path, root: &Root, layer: Box<dyn FileLayer>) -> Result<Self> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| Error::JournalIo { path, source }
        };
        for folder in [dir.to_owned(), dir.join("entries"), dir.join("blobs")] {
            private::make_folder(&folder).map_err(unusable(&folder))?;
        }
        let lock = lock::acquire(&dir.join("lock"), lock::PATIENCE)?;
        let (entries, unreadable) = record::read_all(&dir.join("entries"))?;
        let mut journal = Self {
            root: root.clone(),
            dir: dir.to_owned(),
            layer,
            entries,
            unreadable,
            limits: Limits::default(),
            _lock: lock,
        };
        journal.recover()?;
        Ok(journal)
    }

    /// All changes, oldest first.
    pub fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    /// The entries that cannot be read any more, by name, each with the reason.
    pub fn damaged(&self) -> Vec<(String, Error)> {
        self.unreadable.iter().map(|entry| (entry.id.clone(), entry.error())).collect()
    }

    /// What a file holds now; `None` where there is none.
    pub(crate) fn current(&self, path: &RelPath) -> Result<Option<Stored>> {
        let place = self.root.resolve(path)?;
        self.layer.read(&place).map_err(|source| Error::Read { path: path.clone(), source })
    }

    pub(crate) fn next_id(&self) -> String {
        let damaged = self.unreadable.iter().map(|entry| &entry.id);
        let ids = self.entries.iter().map(|entry| &entry.id).chain(damaged);
        let last = ids.filter_map(|id| id.parse::<u64>().ok()).max();
        (last.unwrap_or(0) + 1).to_string()
    }

    /// Writes a file of the journal whole: never half of it.
    fn write_whole(&self, place: &Path, bytes: &[u8]) -> Result<()> {
        let temp = place.with_extension("new");
        let write = || {
            self.layer.perform(DiskOp::Remove(&temp))?;
            let traits = FileTraits::PRIVATE;
            self.layer.perform(DiskOp::WriteNew { path: &temp, bytes, traits })?;
            self.layer.perform(DiskOp::Rename { from: &temp, to: place })
        };
        write().map_err(|source| {
            // On a full disk, half a file is in the way most of all.
            let _ = self.layer.perform(DiskOp::Remove(&temp));
            Error::JournalIo { path: place.to_owned(), source }
        })
    }

    fn sync(&self, folder: &Path) -> Result<()> {
        let synced = self.layer.perform(DiskOp::SyncDir(folder));
        synced.map_err(|source| Error::JournalIo { path: folder.to_owned(), source })
    }
}
