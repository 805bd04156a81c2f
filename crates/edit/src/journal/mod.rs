//! What was applied, so that it can be taken back.
//!
//! A folder outside the tree: `entries/` holds one JSON file a change,
//! `packs/` one file a change with the contents before and after by their
//! hash, `audit/` the log of who did what, and `pending.json`, while files are
//! being written, what has to be put back after a crash. Only the user may
//! read it: it holds copies of files that may be private.

mod choose;
mod commit;
mod lock;
mod pack;
mod pending;
mod place;
mod private;
mod prune;
mod record;
mod recover;
mod revert;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlxcode_base::{ContentHash, RelPath, Root};

use crate::audit::{AuditLog, AuditRecord, AuditReport, Audited, AuditedDecision};
use crate::content::Content;
use crate::error::{Error, Result};
use crate::layer::{Disk, DiskOp, FileLayer, FileTraits, Folder, Folders, Stored, write_new};

#[cfg(test)]
mod tests;

pub(crate) use commit::{Change, FileOp, now_ms};
use record::Unreadable;
pub use record::{Actor, EntryState, JournalEntry, JournalFile};

/// How much a journal keeps, and how long it waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JournalOptions {
    /// The most bytes of kept contents. The oldest entries go first, the newest
    /// one never.
    pub quota_bytes: u64,
    /// The most entries.
    pub max_entries: usize,
    /// How long to wait for another one that changes the same tree.
    pub patience: Duration,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            // Compressed source files, tens of thousands of them.
            quota_bytes: 512 << 20,
            // Every entry is read when the journal is opened: some milliseconds
            // for so many. Nobody takes back what lies further behind.
            max_entries: 1_000,
            patience: lock::PATIENCE,
        }
    }
}

/// The changes of one tree, and the means to take them back.
///
/// While it is open, nobody else can change the same tree: hold it no longer
/// than the work takes.
#[derive(Debug)]
pub struct Journal {
    root: Root,
    tree: Folders,
    dir: Folder,
    entries_dir: Folder,
    packs: Folder,
    audit: AuditLog,
    layer: Box<dyn FileLayer>,
    entries: Vec<JournalEntry>,
    /// Entries whose files hold no entry any more.
    unreadable: Vec<Unreadable>,
    options: JournalOptions,
    /// Held, and by that locked, as long as the journal is open.
    _lock: File,
    _root_lock: Option<File>,
}

impl Journal {
    /// Opens the journal of the tree at `root`, kept in the folder `dir`. A
    /// change that a crash cut in the middle is taken back.
    ///
    /// # Errors
    /// Waits some seconds for another one that is open, then gives
    /// [`Error::JournalBusy`] or, where that one keeps its journal elsewhere,
    /// [`Error::RootBusy`].
    pub fn open(dir: &Path, root: &Root) -> Result<Self> {
        Self::open_with(dir, root, &JournalOptions::default())
    }

    /// As [`open`](Self::open), with limits of one's own.
    pub fn open_with(dir: &Path, root: &Root, options: &JournalOptions) -> Result<Self> {
        Self::open_on(dir, root, Box::new(Disk), options)
    }

    /// Opens the journal of the tree at `root` among those in the folder
    /// `journals`, one a tree. A tree that was moved takes its journal along.
    pub fn open_among(journals: &Path, root: &Root, options: &JournalOptions) -> Result<Self> {
        let dir = place::find(journals, root.path());
        let journal = Self::open_with(&dir, root, options)?;
        place::note_owner(&dir, root.path());
        Ok(journal)
    }

    pub(crate) fn open_on(
        dir: &Path,
        root: &Root,
        layer: Box<dyn FileLayer>,
        options: &JournalOptions,
    ) -> Result<Self> {
        let open = |folder: &Path| {
            let opened = private::make_folder(folder).and_then(|()| Folder::open(folder));
            opened.map_err(|source| Error::JournalIo { path: folder.to_owned(), source })
        };
        let folder = open(dir)?;
        let lock = lock::acquire(&dir.join("lock"), options.patience)?;
        let root_lock = lock::acquire_root(root.path(), options.patience)?;
        let entries_dir = open(&dir.join("entries"))?;
        let (entries, unreadable) = record::read_all(entries_dir.path())?;
        let tree = Folders::new(root.path())
            .map_err(|source| Error::JournalIo { path: root.path().to_owned(), source })?;
        let mut journal = Self {
            root: root.clone(),
            tree,
            dir: folder,
            entries_dir,
            packs: open(&dir.join("packs"))?,
            audit: AuditLog::new(open(&dir.join("audit"))?),
            layer,
            entries,
            unreadable,
            options: options.clone(),
            _lock: lock,
            _root_lock: root_lock,
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

    /// All lines of the audit log that can be read, oldest first.
    pub fn audit(&self) -> Result<Vec<AuditRecord>> {
        self.audit.records().map_err(self.audit_unusable())
    }

    /// Writes into the audit log that something was allowed or refused.
    pub fn note_decision(&self, actor: Actor, decision: AuditedDecision) -> Result<()> {
        let what = Audited::Decide(decision);
        let record = AuditRecord { seq: 0, time_ms: now_ms(), actor, what };
        let after = self.audit.last_seq().map_err(self.audit_unusable())?;
        self.audit.append(&*self.layer, after, &[record]).map_err(self.audit_unusable())
    }

    /// Looks whether the audit log is as it was written. With `noted`, a head
    /// that was noted elsewhere, whether the log still goes through it.
    pub fn verify_audit(&self, noted: Option<ContentHash>) -> Result<AuditReport> {
        self.audit.verify(noted).map_err(self.audit_unusable())
    }

    fn audit_unusable(&self) -> impl FnOnce(io::Error) -> Error + use<> {
        let path = self.audit.path().to_owned();
        move |source| Error::JournalIo { path, source }
    }

    /// Where a file is, below the root, links followed.
    pub(crate) fn place(&self, path: &RelPath) -> Result<PathBuf> {
        let place = self.root.resolve(path)?;
        Ok(place.strip_prefix(self.root.path()).map(Path::to_owned).unwrap_or(place))
    }

    /// What a file holds now; `None` where there is none.
    pub(crate) fn current(&self, path: &RelPath) -> Result<Option<Stored>> {
        let place = self.place(path)?;
        self.stored(&place).map_err(|source| match source.kind() {
            // What was a folder a moment ago is a link now.
            io::ErrorKind::NotADirectory => Error::ChangedSince { path: path.clone() },
            _ => Error::Read { path: path.clone(), source },
        })
    }

    /// What stands at a place below the root; no link is followed.
    fn stored(&self, place: &Path) -> io::Result<Option<Stored>> {
        let folder = match self.tree.of_file(place) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        self.layer.read(folder.at(place.file_name().unwrap_or_default()))
    }

    pub(crate) fn next_id(&self) -> String {
        let damaged = self.unreadable.iter().map(|entry| &entry.id);
        let ids = self.entries.iter().map(|entry| &entry.id).chain(damaged);
        let last = ids.filter_map(|id| id.parse::<u64>().ok()).max();
        (last.unwrap_or(0) + 1).to_string()
    }

    pub(crate) fn next_turn(&self) -> u64 {
        self.entries.iter().map(|entry| entry.state_turn).max().unwrap_or(0) + 1
    }

    /// Gives a kept content of an entry back.
    fn kept(&self, pack: &pack::Pack, id: &str, hash: ContentHash) -> Result<Content> {
        pack.content(hash).map_err(|reason| Error::JournalCorrupt {
            path: self.packs.path().join(pack_name(id)),
            reason,
        })
    }

    /// Reads the pack of an entry.
    fn read_pack(&self, name: &str) -> Result<pack::Pack> {
        let path = self.packs.path().join(name);
        let stored = self
            .layer
            .read(self.packs.at(name))
            .map_err(|source| Error::JournalIo { path: path.clone(), source })?;
        let read = stored.ok_or_else(|| "it is missing".to_owned());
        read.and_then(|stored| pack::Pack::read(stored.bytes))
            .map_err(|reason| Error::JournalCorrupt { path, reason })
    }

    /// Writes a file of the journal whole: never half of it.
    fn write_whole(&self, folder: &Folder, name: &str, bytes: &[u8]) -> Result<()> {
        let temp_name = format!("{name}.new");
        let temp = folder.at(&temp_name);
        let write = || {
            self.layer.perform(DiskOp::Remove(temp))?;
            write_new(&*self.layer, temp, bytes, &FileTraits::PRIVATE)?;
            self.layer.perform(DiskOp::Rename { from: temp, to: name.as_ref(), replace: true })?;
            self.layer.perform(DiskOp::SyncDir(folder))
        };
        write().map_err(|source| {
            // On a full disk, half a file is in the way most of all.
            let _ = self.layer.perform(DiskOp::Remove(temp));
            Error::JournalIo { path: folder.path().join(name), source }
        })
    }
}

/// The file that keeps the contents of an entry.
fn pack_name(id: &str) -> String {
    format!("{id}.pack")
}

/// The file that keeps, while an entry is taken back or applied again, what
/// the files held.
const PENDING_PACK: &str = "pending.pack";
