//! One process at a time changes the store.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::thread;
use std::time::Duration;

use mlxcode_base::CancelToken;

use super::checked::FRESH_RECORD;
use super::manifest::FRESH_MANIFEST;
use super::staging::is_alive;
use super::{Store, check_name};
use crate::error::{Error, Result};

/// Changes take moments, since what takes long is made ready without the lock:
/// so long a wait means that somebody is at fault.
pub(super) const ATTEMPTS: u32 = 50;
/// A change that is ready after minutes of work waits longer before it is
/// thrown away.
const PATIENT_ATTEMPTS: u32 = 600;
pub(super) const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 100 });

/// Folders of an attempt that was cut off begin so.
pub(super) const LEFTOVERS: [&str; 3] = [ADDING, ".removed-", REPAIRING];

/// A folder of a model that is being added.
pub(super) const ADDING: &str = ".adding-";

/// A folder of files that are to take the place of broken ones.
pub(super) const REPAIRING: &str = ".repairing-";

impl Store {
    /// Waits up to five seconds until no other process changes the store, and
    /// clears what was left by one that was cut off. The lock ends with the
    /// file that is returned.
    pub(super) fn lock(&self, cancel: &CancelToken) -> Result<File> {
        let file = self.lock_only(cancel)?;
        self.clear_leftovers();
        Ok(file)
    }

    /// As [`lock`](Self::lock), and leaves what is left over.
    pub(super) fn lock_only(&self, cancel: &CancelToken) -> Result<File> {
        self.try_lock_for(ATTEMPTS, cancel)
    }

    /// As [`lock_only`](Self::lock_only), for the last step of a long work.
    pub(super) fn lock_patiently(&self, cancel: &CancelToken) -> Result<File> {
        self.try_lock_for(PATIENT_ATTEMPTS, cancel)
    }

    fn try_lock_for(&self, attempts: u32, cancel: &CancelToken) -> Result<File> {
        fs::create_dir_all(&self.folder).map_err(|source| self.io(source))?;
        let place = self.folder.join(".lock");
        let io = |source| Error::Io { path: place.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&place);
        let file = file.map_err(io)?;
        for _ in 0..attempts {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
        }
        Err(Error::StoreBusy { path: self.folder.clone() })
    }

    /// The lock where nobody has it, and the store is there.
    pub(super) fn try_lock(&self) -> Option<File> {
        let file = File::open(self.folder.join(".lock")).ok()?;
        file.try_lock().ok().map(|()| file)
    }

    /// They are hidden and take only space, so one that cannot be removed now
    /// is left to the next time.
    fn clear_leftovers(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if LEFTOVERS.iter().any(|beginning| name.starts_with(beginning)) {
                if !is_alive(&entry.path()) {
                    let _ = fs::remove_dir_all(entry.path());
                }
            } else if check_name(&name).is_ok() {
                // Nobody but who holds the lock writes a manifest. A record in
                // the making is only written again.
                let _ = fs::remove_file(entry.path().join(FRESH_MANIFEST));
                let _ = fs::remove_file(entry.path().join(FRESH_RECORD));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_being_changed_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let held = store.lock(&CancelToken::new()).unwrap();
        let busy = store.lock(&CancelToken::new()).unwrap_err();
        assert!(matches!(busy, Error::StoreBusy { .. }), "{busy}");
        let cancel = CancelToken::new();
        cancel.cancel();
        assert!(matches!(store.lock(&cancel), Err(Error::Cancelled)));
        drop(held);
        assert!(store.lock(&CancelToken::new()).is_ok());
    }
}
