//! The few things that are done to the disk, so that tests can make each fail.

#![allow(clippy::disallowed_methods, reason = "the one place that writes files")]

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// The disk, as a change sees it.
pub trait FileLayer: Debug + Send + Sync {
    /// Reads a file; `None` where there is none.
    fn read(&self, path: &Path) -> io::Result<Option<Stored>>;
    /// Changes one thing.
    fn perform(&self, op: DiskOp<'_>) -> io::Result<()>;
}

/// A file as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    /// Permission bits; `None` where the system has none.
    pub mode: Option<u32>,
}

/// The operations that a change is made of.
#[derive(Clone, Copy, Debug)]
pub enum DiskOp<'a> {
    /// Writes a file that is not there yet and waits until it is on the disk.
    WriteNew { path: &'a Path, bytes: &'a [u8], mode: Option<u32> },
    /// Puts `from` in the place of `to`.
    Rename { from: &'a Path, to: &'a Path },
    /// Removes a file; none is fine.
    Remove(&'a Path),
    /// Makes one folder.
    CreateDir(&'a Path),
    /// Removes an empty folder; one that is missing or not empty stays.
    RemoveDir(&'a Path),
    /// Waits until a folder's entries are on the disk.
    SyncDir(&'a Path),
}

/// The real disk.
#[derive(Debug)]
pub struct Disk;

impl FileLayer for Disk {
    fn read(&self, path: &Path) -> io::Result<Option<Stored>> {
        let mut file = match open_regular(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(Stored { bytes, mode: mode_of(&file)? }))
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        match op {
            DiskOp::WriteNew { path, bytes, mode } => write_new(path, bytes, mode),
            DiskOp::Rename { from, to } => fs::rename(from, to),
            DiskOp::Remove(path) => unless(fs::remove_file(path), &[io::ErrorKind::NotFound]),
            DiskOp::CreateDir(path) => fs::create_dir(path),
            DiskOp::RemoveDir(path) => unless(
                fs::remove_dir(path),
                &[io::ErrorKind::NotFound, io::ErrorKind::DirectoryNotEmpty],
            ),
            // Only Unix lets a folder be opened and synced.
            DiskOp::SyncDir(path) if cfg!(unix) => File::open(path)?.sync_all(),
            DiskOp::SyncDir(_) => Ok(()),
        }
    }
}

fn unless(result: io::Result<()>, fine: &[io::ErrorKind]) -> io::Result<()> {
    result.or_else(|error| if fine.contains(&error.kind()) { Ok(()) } else { Err(error) })
}

/// Opens a file to read it. A FIFO, a socket or a device would be waited for
/// without end, or answer to being read: none of them is opened.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let refuse = || io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
    if !fs::metadata(path)?.is_file() {
        return Err(refuse());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    // Something else may stand there since: opening it does not wait either.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refuse()) }
}

#[cfg(unix)]
fn mode_of(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    Ok(Some(file.metadata()?.permissions().mode() & 0o7777))
}

#[cfg(not(unix))]
fn mode_of(_file: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

#[cfg(unix)]
fn write_new(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if mode.is_some() {
        // Nobody else may read the content before it has its own permissions.
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    if let Some(mode) = mode {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    file.sync_all()
}

#[cfg(not(unix))]
fn write_new(path: &Path, bytes: &[u8], _mode: Option<u32>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
pub mod fault {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// How the disk fails.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Fault {
        /// One operation fails, the next ones work.
        Once(io::ErrorKind),
        /// Nothing works any more: the power is gone.
        Forever,
    }

    /// A disk on which the operation with one number fails, reading included.
    #[derive(Clone, Debug)]
    pub struct FaultyDisk {
        done: Arc<AtomicUsize>,
        fails_at: usize,
        fault: Fault,
    }

    impl FaultyDisk {
        pub fn new(fails_at: usize, fault: Fault) -> Self {
            Self { done: Arc::default(), fails_at, fault }
        }

        /// Whether the failing operation was reached.
        pub fn has_failed(&self) -> bool {
            self.done.load(Ordering::SeqCst) > self.fails_at
        }

        fn step(&self) -> io::Result<()> {
            let number = self.done.fetch_add(1, Ordering::SeqCst);
            match self.fault {
                Fault::Once(kind) if number == self.fails_at => Err(kind.into()),
                Fault::Forever if number >= self.fails_at => Err(io::ErrorKind::Other.into()),
                _ => Ok(()),
            }
        }
    }

    impl FileLayer for FaultyDisk {
        fn read(&self, path: &Path) -> io::Result<Option<Stored>> {
            self.step()?;
            Disk.read(path)
        }

        fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
            let Err(error) = self.step() else { return Disk.perform(op) };
            if let DiskOp::WriteNew { path, bytes, mode } = op {
                // A full disk takes the first half.
                let _ = write_new(path, &bytes[..bytes.len() / 2], mode);
            }
            Err(error)
        }
    }
}
