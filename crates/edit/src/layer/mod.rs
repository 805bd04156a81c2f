//! The few things that are done to the disk, so that tests can make each fail.

#![allow(clippy::disallowed_methods, reason = "the one place that writes files")]

#[cfg(test)]
pub mod fault;
mod new_file;

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use new_file::write_new;

/// The disk, as a change sees it.
pub trait FileLayer: Debug + Send + Sync {
    /// Reads a file; `None` where there is none.
    fn read(&self, path: &Path) -> io::Result<Option<Stored>>;
    /// Whether the user may write the file that stands there.
    fn check_writable(&self, path: &Path) -> io::Result<()>;
    /// Changes one thing.
    fn perform(&self, op: DiskOp<'_>) -> io::Result<()>;
}

/// A file as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    /// What the system keeps beside the content.
    pub traits: FileTraits,
}

/// What a file has beside its name and content; nothing where the system has
/// no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTraits {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner and group, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<(u32, u32)>,
    /// Of a new file without permissions of its own: whether it is a program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub program: bool,
}

impl FileTraits {
    /// Nobody but the user may read the file.
    pub const PRIVATE: Self = Self { mode: Some(0o600), owner: None, program: false };

    /// The same file as a program, or as none: who may read it may run it.
    pub fn as_program(self, program: bool) -> Self {
        let changed = |mode| if program { mode | (mode & 0o444) >> 2 } else { mode & !0o111 };
        let mode = self.mode.map(changed);
        Self { mode, program, ..self }
    }
}

/// The operations that a change is made of.
#[derive(Clone, Copy, Debug)]
pub enum DiskOp<'a> {
    /// Writes a file that is not there yet and waits until it is on the disk.
    WriteNew { path: &'a Path, bytes: &'a [u8], traits: FileTraits },
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
        Ok(Some(Stored { bytes, traits: traits_of(&file)? }))
    }

    #[cfg(unix)]
    fn check_writable(&self, path: &Path) -> io::Result<()> {
        use rustix::fs::{Access, AtFlags, CWD, accessat};
        Ok(accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS)?)
    }

    #[cfg(not(unix))]
    fn check_writable(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        match op {
            DiskOp::WriteNew { path, bytes, traits } => write_new(path, bytes, traits),
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
fn traits_of(file: &File) -> io::Result<FileTraits> {
    use std::os::unix::fs::MetadataExt;
    let meta = file.metadata()?;
    Ok(FileTraits {
        mode: Some(meta.mode() & 0o7777),
        owner: Some((meta.uid(), meta.gid())),
        program: false,
    })
}

#[cfg(not(unix))]
fn traits_of(_file: &File) -> io::Result<FileTraits> {
    Ok(FileTraits::default())
}
