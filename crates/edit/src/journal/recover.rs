//! Ends what was begun: a change that counts gets its line in the audit log,
//! any other one is taken back.

use std::io;
use std::path::Path;

use super::commit::PENDING;
use super::pending::{Pending, hash};
use super::{Journal, PENDING_PACK, pack};
use crate::audit::AuditTurn;
use crate::error::{Error, Result};
use crate::layer::{DiskOp, Stored};

impl Journal {
    /// Takes a change back that was cut in the middle, or ends it where it
    /// counts already.
    pub(super) fn recover(&mut self) -> Result<()> {
        let place = self.dir.path().join(PENDING);
        let read = self.layer.read(self.dir.at(PENDING));
        let unusable = |source| Error::JournalIo { path: place.clone(), source };
        let Some(Stored { bytes, .. }) = read.map_err(unusable)? else {
            return Ok(());
        };
        let pending: Pending = serde_json::from_slice(&bytes).map_err(|error| {
            Error::JournalCorrupt { path: place.clone(), reason: error.to_string() }
        })?;
        self.tree.forget();
        if self.entries.contains(&pending.entry) {
            return self.finish(&pending);
        }
        self.roll_back(&pending)
    }

    /// What follows once a change counts.
    pub(super) fn finish(&self, pending: &Pending) -> Result<()> {
        self.audit
            .append(&*self.layer, pending.audit_seq, &pending.records())
            .map_err(self.audit_unusable())?;
        let remove = |at| self.layer.perform(DiskOp::Remove(at));
        if pending.turn != AuditTurn::Apply {
            // Nothing needs it any more, and the next one writes over it.
            let _ = remove(self.packs.at(PENDING_PACK));
        }
        let path = self.dir.path().join(PENDING);
        remove(self.dir.at(PENDING)).map_err(|source| Error::JournalIo { path, source })
    }

    /// Puts every file back that holds the new content; one that somebody
    /// else changed in between stays as it is.
    pub(super) fn roll_back(&self, pending: &Pending) -> Result<()> {
        // Read when the first file has to be put back: before that, it need
        // not be there.
        let mut kept: Option<pack::Pack> = None;
        for file in &pending.files {
            let failed = |source| Error::RollbackFailed { path: file.path.clone(), source };
            self.remove_temp(&file.temp).map_err(failed)?;
            let now = self.stored(&file.place).map_err(failed)?;
            if file.is_before(now.as_ref()) || hash(now.as_ref()) != file.after {
                continue;
            }
            let folder = self.tree.of_file(&file.place).map_err(failed)?;
            let name = file.place.file_name().unwrap_or_default();
            let Some(hash) = file.before else {
                self.layer.perform(DiskOp::Remove(folder.at(name))).map_err(failed)?;
                continue;
            };
            let pack = match &kept {
                Some(pack) => pack,
                None => kept.insert(self.read_pack(&pending.pack)?),
            };
            let content = pack.content(hash).map_err(|reason| Error::JournalCorrupt {
                path: self.packs.path().join(&pending.pack),
                reason,
            })?;
            self.write_temp(file, content.bytes(), &file.traits).map_err(failed)?;
            let from = folder.at(file.temp.file_name().unwrap_or_default());
            self.layer.perform(DiskOp::Rename { from, to: name, replace: true }).map_err(failed)?;
        }
        self.sync_rolled_back(pending)?;
        self.tree.forget();
        for folder in pending.folders.iter().rev() {
            let path = self.root.path().join(folder);
            let Ok(above) = self.tree.of_file(folder) else { continue };
            if !path.exists() {
                continue;
            }
            let name = folder.file_name().unwrap_or_default();
            self.layer
                .perform(DiskOp::RemoveDir(above.at(name)))
                .map_err(|source| Error::JournalIo { path, source })?;
        }
        self.withdraw(pending)
    }

    /// Without it, what was put back might be lost with the note that it has
    /// to be.
    fn sync_rolled_back(&self, pending: &Pending) -> Result<()> {
        let mut last = None;
        for file in &pending.files {
            let parent = file.place.parent().unwrap_or(Path::new(""));
            if last.replace(parent) == Some(parent) {
                continue;
            }
            let Ok(folder) = self.tree.below(parent) else { continue };
            self.layer
                .perform(DiskOp::SyncDir(&folder))
                .map_err(|source| Error::RollbackFailed { path: file.path.clone(), source })?;
        }
        Ok(())
    }

    /// Forgets a change that is not made.
    pub(super) fn withdraw(&self, pending: &Pending) -> Result<()> {
        let path = self.dir.path().join(PENDING);
        let removed = self.layer.perform(DiskOp::Remove(self.dir.at(PENDING)));
        removed.map_err(|source| Error::JournalIo { path, source })?;
        // One that stays is written over, or removed with the next change.
        let _ = self.layer.perform(DiskOp::Remove(self.packs.at(&pending.pack)));
        Ok(())
    }

    /// On a disk that is read-only, removing fails where there is nothing too.
    fn remove_temp(&self, temp: &Path) -> io::Result<()> {
        let folder = match self.tree.of_file(temp) {
            // Without its folder it is gone, and behind a link it never was.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(());
            }
            folder => folder?,
        };
        let at = folder.at(temp.file_name().unwrap_or_default());
        self.layer.perform(DiskOp::Remove(at)).or_else(|error| match self.layer.read(at) {
            Ok(None) => Ok(()),
            _ => Err(error),
        })
    }

    /// Whether every file holds what it held before the change.
    pub(super) fn is_as_before(&self, pending: &Pending) -> bool {
        let is_before = |now: Option<&Stored>, at: usize| pending.files[at].is_before(now);
        (0..pending.files.len()).all(|at| {
            self.stored(&pending.files[at].place).is_ok_and(|now| is_before(now.as_ref(), at))
        })
    }
}
