//! A folder in which a change of the store is made ready, while others change
//! it too.
//!
//! It is begun and ended under the store's lock. In between, a file in it that
//! is locked says that somebody is at work on it; that lock ends with its
//! process, and what is left then is cleared away by the next change.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use mlxcode_base::CancelToken;

use super::Store;
use super::lock::{ATTEMPTS, PAUSE};
use crate::error::{Error, Result};

/// The file whose lock says that somebody is at work.
const ALIVE: &str = ".alive";

/// A folder that is being filled; it goes with this value, unless it was put
/// in its place.
#[derive(Debug)]
pub struct Staging {
    store: Store,
    place: PathBuf,
    alive: Option<File>,
}

impl Store {
    /// Begins a folder of this name, once nobody else is at work on one.
    /// `allowed` is asked under the store's lock.
    pub(super) fn stage(
        &self,
        name: &str,
        cancel: &CancelToken,
        allowed: &dyn Fn() -> Result<()>,
    ) -> Result<Staging> {
        let place = self.folder.join(name);
        for _ in 0..ATTEMPTS {
            {
                let _lock = self.lock(cancel)?;
                allowed()?;
                if !is_alive(&place) {
                    let begun = begin(&place);
                    let alive =
                        begun.map_err(|source| Error::Io { path: place.clone(), source })?;
                    return Ok(Staging { store: self.clone(), place, alive: Some(alive) });
                }
            }
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            thread::sleep(PAUSE);
        }
        Err(Error::StoreBusy { path: self.folder.clone() })
    }
}

impl Staging {
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.place
    }

    /// Gives the folder its name, under the store's lock that the caller has.
    pub fn put(mut self, place: &Path) -> Result<()> {
        // Not every system renames a folder with an open file in it.
        self.alive = None;
        let put =
            fs::remove_file(self.place.join(ALIVE)).and_then(|()| fs::rename(&self.place, place));
        let staged = std::mem::take(&mut self.place);
        put.map_err(|source| {
            let _ = fs::remove_dir_all(&staged);
            Error::Io { path: place.to_owned(), source }
        })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.place.as_os_str().is_empty() {
            return;
        }
        // What cannot be removed now is hidden, and goes with the next change.
        if let Ok(_lock) = self.store.lock_only(&CancelToken::new()) {
            self.alive = None;
            let _ = fs::remove_dir_all(&self.place);
        }
    }
}

/// Whether somebody is at work on a folder. Only under the store's lock does
/// the answer last.
pub fn is_alive(folder: &Path) -> bool {
    let Ok(alive) = File::open(folder.join(ALIVE)) else { return false };
    matches!(alive.try_lock(), Err(TryLockError::WouldBlock))
}

fn begin(place: &Path) -> io::Result<File> {
    fs::create_dir(place)?;
    let alive = File::create_new(place.join(ALIVE))?;
    match alive.try_lock() {
        Ok(()) => Ok(alive),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_change_the_store_while_one_is_at_work() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (cancel, ok) = (CancelToken::new(), || Ok(()));
        let one = store.stage(".adding-a", &cancel, &ok).unwrap();
        fs::write(one.path().join("weights"), "many").unwrap();
        // Another change, which clears away what is left over.
        let two = store.stage(".adding-b", &cancel, &ok).unwrap();
        assert!(one.path().join("weights").exists());
        let busy = store.stage(".adding-a", &cancel, &ok).unwrap_err();
        assert!(matches!(busy, Error::StoreBusy { .. }), "{busy}");
        drop(two);
        let lock = store.lock(&cancel).unwrap();
        one.put(&folder.path().join("a")).unwrap();
        drop(lock);
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".lock", "a"]);
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn what_a_dead_process_left_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let place = folder.path().join(".adding-a");
        fs::create_dir(&place).unwrap();
        fs::write(place.join(ALIVE), "").unwrap();
        fs::write(place.join("weights"), "some").unwrap();
        let staging = store.stage(".adding-a", &CancelToken::new(), &|| Ok(())).unwrap();
        assert!(!staging.path().join("weights").exists());
    }
}
