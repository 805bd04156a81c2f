//! The few things that are done to the disk, so that tests can make each fail.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// The operations that a change is made of.
pub trait FileLayer: Debug + Send + Sync {
    /// Reads a file; `None` where there is none.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;
    /// Writes a new file and waits until it is on the disk. It gets the
    /// permissions of `like`, where that exists.
    fn write_new(&self, path: &Path, bytes: &[u8], like: &Path) -> io::Result<()>;
    /// Puts `from` in the place of `to`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file; none is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes one folder.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder; one that is missing or not empty stays.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Waits until a folder's entries are on the disk.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// The real disk.
#[derive(Debug)]
pub struct Disk;

impl FileLayer for Disk {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write_new(&self, path: &Path, bytes: &[u8], like: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        if let Ok(meta) = fs::metadata(like) {
            file.set_permissions(meta.permissions())?;
        }
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        match fs::remove_dir(path) {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // Only Unix lets a folder be opened and synced.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
}

#[cfg(test)]
pub mod fault {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// How the disk fails.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Fault {
        /// One operation fails, the next ones work: a full disk, a lost right.
        Once,
        /// Nothing works any more: the power is gone.
        Forever,
    }

    /// A disk on which the operation with one number fails. Reading never does.
    #[derive(Clone, Debug)]
    pub struct FaultyDisk {
        pub done: Arc<AtomicUsize>,
        pub fails_at: usize,
        pub fault: Fault,
    }

    impl FaultyDisk {
        pub fn new(fails_at: usize, fault: Fault) -> Self {
            Self { done: Arc::default(), fails_at, fault }
        }

        fn step(&self) -> io::Result<()> {
            let number = self.done.fetch_add(1, Ordering::SeqCst);
            let fails = match self.fault {
                Fault::Once => number == self.fails_at,
                Fault::Forever => number >= self.fails_at,
            };
            if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    impl FileLayer for FaultyDisk {
        fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
            Disk.read(path)
        }
        fn write_new(&self, path: &Path, bytes: &[u8], like: &Path) -> io::Result<()> {
            if let Err(error) = self.step() {
                // A full disk takes the first half.
                let _ = Disk.write_new(path, &bytes[..bytes.len() / 2], like);
                return Err(error);
            }
            Disk.write_new(path, bytes, like)
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.step()?;
            Disk.rename(from, to)
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            Disk.remove(path)
        }
        fn create_dir(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            Disk.create_dir(path)
        }
        fn remove_dir(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            Disk.remove_dir(path)
        }
        fn sync_dir(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            Disk.sync_dir(path)
        }
    }
}
