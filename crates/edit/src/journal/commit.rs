//! Several files from one state to another, all or none.
//!
//! The contents from before are packed, `pending.json` says what will happen.
//! Then the new contents are written beside their files, under other names,
//! the names are swapped one by one, and the entry is written: from then on
//! the change counts. Before, an error or a crash puts every file back. After,
//! the audit log gets its lines; a crash in between makes up for them later.
//!
//! Each wait for the disk is done once for all files, or for many at a time.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use mlxcode_base::RelPath;
use serde::Serialize;

use super::pending::{Pending, PendingFile, hash};
use super::{Actor, EntryState, Journal, JournalEntry, PENDING_PACK, pack, pack_name};
use crate::audit::AuditTurn;
use crate::content::Content;
use crate::error::{Error, Result};
use crate::layer::{DiskOp, FileTraits, write_new};
use crate::plan::ChangeKind;

/// Files that are written at a time: they wait for the disk, not for the
/// processor, and file systems join what waits together.
const WRITERS: usize = 16;

/// From this many files on, they are written side by side.
const MANY_FILES: usize = 16;

/// One file from a state to another.
#[derive(Clone, Debug)]
pub struct FileOp {
    pub path: RelPath,
    pub kind: ChangeKind,
    pub before: Option<Content>,
    pub after: Option<Content>,
    /// The permissions and owner that the file has.
    pub traits: FileTraits,
    /// Those that it gets.
    pub traits_after: FileTraits,
    /// How exactly the edits fitted.
    pub level: Option<String>,
}

/// What is to be written, and as what.
#[derive(Debug)]
pub struct Change<'c> {
    pub ops: &'c [FileOp],
    /// The entry as it stands once the change counts.
    pub entry: JournalEntry,
    pub turn: AuditTurn,
    pub actor: Actor,
    pub time_ms: u64,
}

impl Journal {
    /// Writes the files and records the entry.
    pub(crate) fn commit(&mut self, change: Change<'_>) -> Result<JournalEntry> {
        // What an earlier failure of this very journal left comes first.
        self.recover()?;
        self.tree.forget();
        let ops = change.ops;
        let pending = self.prepare(change)?;
        if let Err(error) = self.announce(&pending, ops) {
            let _ = self.withdraw(&pending);
            return Err(error);
        }
        let written =
            self.write_files(&pending, ops).and_then(|()| self.write_entry(&pending.entry));
        if let Err(error) = written
            && !self.counts_all_the_same(&pending.entry)
        {
            return match self.roll_back(&pending) {
                // What could not be tidied up is, by the next one that opens the journal.
                Err(_) if self.is_as_before(&pending) => Err(error),
                Err(worse) => Err(worse),
                Ok(()) => Err(error),
            };
        }
        let entry = pending.entry.clone();
        match self.entries.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => known.clone_from(&entry),
            None => self.entries.push(entry.clone()),
        }
        // The change counts. What fails now is done before the next change.
        if self.finish(&pending).is_ok() {
            self.prune();
        }
        Ok(entry)
    }

    fn prepare(&self, change: Change<'_>) -> Result<Pending> {
        let Change { ops, mut entry, turn, actor, time_ms } = change;
        let mut files = Vec::new();
        let mut folders = BTreeSet::new();
        let mut known = HashSet::new();
        for (number, op) in ops.iter().enumerate() {
            let place = self.place(&op.path)?;
            let folder = place.parent().unwrap_or(Path::new("")).to_owned();
            if op.before.is_some() {
                // Swapping names would get around what the user may not write.
                self.check_writable(&place, &op.traits)
                    .map_err(|source| Error::Write { path: op.path.clone(), source })?;
            }
            if op.after.is_some() && known.insert(folder.clone()) {
                let is_missing = |folder: &&Path| !self.root.path().join(folder).exists();
                folders.extend(folder.ancestors().take_while(is_missing).map(Path::to_owned));
            }
            let temp = self.free_name(&folder, &entry.id, number);
            let traits_after = Some(&op.traits_after).filter(|after| **after != op.traits);
            files.push(PendingFile {
                path: op.path.clone(),
                kind: op.kind,
                place,
                temp,
                before: op.before.as_ref().map(Content::hash),
                after: op.after.as_ref().map(Content::hash),
                traits: op.traits.clone(),
                traits_after: traits_after.cloned(),
                level: op.level.clone(),
            });
        }
        if entry.state == EntryState::Applied {
            let made = folders.iter().filter_map(|folder| RelPath::from_path(folder).ok());
            entry.folders = made.collect();
        }
        let pack = match turn {
            AuditTurn::Apply => pack_name(&entry.id),
            AuditTurn::Undo | AuditTurn::Redo => PENDING_PACK.to_owned(),
        };
        let audit_seq = self.audit.last_seq().map_err(self.audit_unusable())?;
        let folders = folders.into_iter().collect();
        Ok(Pending { entry, turn, actor, time_ms, audit_seq, pack, files, folders })
    }

    /// A name beside the file that nothing has: what has it later is ours.
    fn free_name(&self, folder: &Path, id: &str, number: usize) -> PathBuf {
        let name = |tries: usize| match tries {
            0 => folder.join(format!(".mlx-code-{id}-{number}.tmp")),
            _ => folder.join(format!(".mlx-code-{id}-{number}-{tries}.tmp")),
        };
        let taken = |name: &PathBuf| self.root.path().join(name).symlink_metadata().is_ok();
        (0..100).map(name).find(|name| !taken(name)).unwrap_or_else(|| name(100))
    }

    /// Whether the file may be written, by the superuser too: he cleared the
    /// permission bits himself, or somebody meant them.
    fn check_writable(&self, place: &Path, traits: &FileTraits) -> io::Result<()> {
        if traits.mode.is_some_and(|mode| mode & 0o222 == 0) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let folder = self.tree.of_file(place)?;
        self.layer.check_writable(folder.at(place.file_name().unwrap_or_default()))
    }

    /// Puts on the disk what a later crash needs.
    fn announce(&self, pending: &Pending, ops: &[FileOp]) -> Result<()> {
        let mut contents: Vec<(&Content, Option<&Content>)> = Vec::new();
        for op in ops {
            contents.extend(op.before.as_ref().map(|before| (before, None)));
            // What an entry makes is needed when it is taken back; what taking
            // it back makes is there already.
            if pending.turn == AuditTurn::Apply {
                contents.extend(op.after.as_ref().map(|after| (after, op.before.as_ref())));
            }
        }
        self.write_whole(&self.packs, &pending.pack, &pack::encode(&contents))?;
        let place = self.dir.path().join(PENDING);
        self.write_whole(&self.dir, PENDING, &encode(pending, &place)?)
    }

    fn write_files(&self, pending: &Pending, ops: &[FileOp]) -> Result<()> {
        let failed = |path: &RelPath, source| Error::Write { path: path.clone(), source };
        // Folders are made and synced for all files; the first stands for them.
        let Some(first) = pending.files.first().map(|file| &file.path) else { return Ok(()) };
        for folder in &pending.folders {
            let make = || {
                let above = self.tree.of_file(folder)?;
                let name = folder.file_name().unwrap_or_default();
                self.layer.perform(DiskOp::CreateDir(above.at(name)))
            };
            make().map_err(|source| failed(first, source))?;
        }
        let pairs: Vec<(&PendingFile, &FileOp)> = pending.files.iter().zip(ops).collect();
        side_by_side(&pairs, |(file, op)| {
            let Some(content) = &op.after else { return Ok(()) };
            self.write_temp(file, content.bytes(), &op.traits_after)
                .map_err(|source| failed(&file.path, source))
        })?;
        // The last look before the files change.
        side_by_side(&pending.files.iter().collect::<Vec<_>>(), |file| {
            let now = self.stored(&file.place).map_err(|source| failed(&file.path, source))?;
            if hash(now.as_ref()) == file.before {
                return Ok(());
            }
            Err(Error::ChangedSince { path: file.path.clone() })
        })?;
        let swap = |file: &&PendingFile| {
            self.swap(file).map_err(|source| match source.kind() {
                // It came between the last look and now.
                io::ErrorKind::AlreadyExists => Error::ChangedSince { path: file.path.clone() },
                _ => failed(&file.path, source),
            })
        };
        // Names that come and go do so in their order: where case does not
        // count, one may be the other. Those that stay are each for itself.
        let (stay, change): (Vec<_>, Vec<_>) =
            pending.files.iter().partition(|file| file.before.is_some() && file.after.is_some());
        change.iter().try_for_each(swap)?;
        side_by_side(&stay, swap)?;
        let parent = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
        let places = pending.files.iter().map(|file| parent(&file.place));
        let folders: BTreeSet<PathBuf> =
            places.chain(pending.folders.iter().map(|folder| parent(folder))).collect();
        let folders: Vec<PathBuf> = folders.into_iter().collect();
        side_by_side(&folders, |folder| {
            let sync = || self.layer.perform(DiskOp::SyncDir(&*self.tree.below(folder)?));
            match sync() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                result => result.map_err(|source| failed(first, source)),
            }
        })
    }

    /// The new content takes the name of the old one.
    fn swap(&self, file: &PendingFile) -> io::Result<()> {
        let folder = match self.tree.of_file(&file.place) {
            // Nothing is left to remove.
            Err(error) if file.after.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(());
            }
            folder => folder?,
        };
        let name = file.place.file_name().unwrap_or_default();
        if file.after.is_none() {
            return self.layer.perform(DiskOp::Remove(folder.at(name)));
        }
        let from = folder.at(file.temp.file_name().unwrap_or_default());
        self.layer.perform(DiskOp::Rename { from, to: name, replace: file.before.is_some() })
    }

    fn write_entry(&self, entry: &JournalEntry) -> Result<()> {
        let name = format!("{}.json", entry.id);
        let bytes = encode(entry, &self.entries_dir.path().join(&name))?;
        self.write_whole(&self.entries_dir, &name, &bytes)
    }

    /// Whether the entry stands, though writing it ended in an error, and cannot
    /// be taken away again.
    fn counts_all_the_same(&self, entry: &JournalEntry) -> bool {
        let name = format!("{}.json", entry.id);
        let stands = || match self.layer.read(self.entries_dir.at(&name)) {
            Ok(Some(stored)) => {
                serde_json::from_slice::<JournalEntry>(&stored.bytes).is_ok_and(|e| &e == entry)
            }
            _ => false,
        };
        if !stands() {
            return false;
        }
        let retracted = match self.entries.iter().find(|known| known.id == entry.id) {
            Some(known) => self.write_entry(known).is_ok(),
            None => self.layer.perform(DiskOp::Remove(self.entries_dir.at(&name))).is_ok(),
        };
        !retracted && stands()
    }

    /// Writes a content beside its file.
    pub(super) fn write_temp(
        &self,
        file: &PendingFile,
        bytes: &[u8],
        traits: &FileTraits,
    ) -> io::Result<()> {
        let folder = self.tree.of_file(&file.temp)?;
        let at = folder.at(file.temp.file_name().unwrap_or_default());
        write_new(&*self.layer, at, bytes, traits)
    }
}

/// Does the work for each item, for many of them at a time where there are
/// many. Gives the first error; what has begun ends before.
fn side_by_side<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    if items.len() < MANY_FILES {
        return items.iter().try_for_each(work);
    }
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..WRITERS.min(items.len()) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = work(item) {
                        next.store(items.len(), Ordering::Relaxed);
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// The file that says what has to be put back.
pub(super) const PENDING: &str = "pending.json";

/// The time, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_millis() as u64)
}

fn encode(value: &impl Serialize, place: &Path) -> Result<Vec<u8>> {
    // A folder behind a link may have a name that is no UTF-8.
    serde_json::to_vec(value)
        .map_err(|error| Error::JournalIo { path: place.to_owned(), source: error.into() })
}
