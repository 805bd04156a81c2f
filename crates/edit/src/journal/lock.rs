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
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => {
                return Err(Error::JournalBusy { path: place.to_owned() });
            }
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
}
