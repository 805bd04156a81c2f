use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Applying takes milliseconds; who holds the journal longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(10);

/// Takes the lock file at `place`, for as long as the result lives.
pub fn acquire(place: &Path, patience: Duration) -> Result<File> {
    let unusable = |source| Error::JournalIo { path: place.to_owned(), source };
    #[allow(clippy::disallowed_methods, reason = "a lock is no content that could be lost")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.create(true).truncate(false).write(true).open(place);
    let file = file.map_err(unusable)?;
    if wait(&file, patience).map_err(unusable)? {
        Ok(file)
    } else {
        Err(Error::JournalBusy { path: place.to_owned() })
    }
}

/// Takes the tree itself, whatever journal is used for it: a lock on the open
/// folder, which leaves nothing in it. `None` where the system or the file
/// system cannot lock a folder; the lock of the journal stands alone there.
pub fn acquire_root(root: &Path, patience: Duration) -> Result<Option<File>> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let Ok(folder) = File::open(root) else { return Ok(None) };
    match wait(&folder, patience) {
        Ok(true) => Ok(Some(folder)),
        Ok(false) => Err(Error::RootBusy { root: root.to_owned() }),
        Err(_) => Ok(None),
    }
}

/// Whether the lock came in time.
fn wait(file: &File, patience: Duration) -> std::io::Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(source)) => return Err(source),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => return Ok(false),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_an_error_and_not_a_wait_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("lock");
        let held = acquire(&place, Duration::ZERO).unwrap();
        let second = acquire(&place, Duration::ZERO);
        assert!(matches!(second, Err(Error::JournalBusy { .. })), "{second:?}");
        drop(held);
        acquire(&place, Duration::ZERO).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_tree_has_one_applier_whatever_its_journal_is() {
        let folder = tempfile::tempdir().unwrap();
        let held = acquire_root(folder.path(), Duration::ZERO).unwrap();
        assert!(held.is_some());
        let second = acquire_root(folder.path(), Duration::ZERO);
        assert!(matches!(second, Err(Error::RootBusy { .. })), "{second:?}");
        drop(held);
        assert!(acquire_root(folder.path(), Duration::ZERO).unwrap().is_some());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
