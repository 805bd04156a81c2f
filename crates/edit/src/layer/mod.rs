//! The few things that are done to the disk, so that tests can make each fail.
//!
//! Every file is named by a folder that is held open and a name in it
//! ([`At`]): who swaps a folder for a link meanwhile leads nothing astray.

#![allow(clippy::disallowed_methods, reason = "the one place that writes files")]

mod disk;
#[cfg(test)]
pub mod fault;
mod folder;
#[cfg(test)]
pub mod lossy;
mod new_file;
mod traits;

use std::ffi::OsStr;
use std::fmt::Debug;
use std::fs::File;
use std::io;

pub use disk::{Disk, open_regular};
pub use folder::{At, Folder, Folders};
pub use new_file::write_new;
pub use traits::FileTraits;

/// The disk, as a change sees it.
pub trait FileLayer: Debug + Send + Sync {
    /// Reads a file; `None` where there is none.
    fn read(&self, at: At<'_>) -> io::Result<Option<Stored>>;
    /// Whether the user may write the file that stands there.
    fn check_writable(&self, at: At<'_>) -> io::Result<()>;
    /// Opens a file to write it: a new one, or one that grows.
    fn open(&self, at: At<'_>, how: Opening) -> io::Result<File>;
    /// Changes one thing: one system call, or a few that count as one.
    fn perform(&self, op: DiskOp<'_>) -> io::Result<()>;
}

/// A file as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    /// What the system keeps beside the content.
    pub traits: FileTraits,
}

/// How a file is opened to be written.
#[derive(Clone, Copy, Debug)]
pub enum Opening {
    /// It must not exist yet; with these permission bits, before the mask.
    New { mode: u32 },
    /// It is made where it is missing, readable for the user alone; what is
    /// written goes to its end.
    Append,
}

/// The operations that a change is made of.
#[derive(Clone, Copy, Debug)]
pub enum DiskOp<'a> {
    /// Writes all of `bytes`.
    Write { file: &'a File, bytes: &'a [u8] },
    /// Gives the file away.
    SetOwner { file: &'a File, owner: Option<u32>, group: Option<u32> },
    /// Sets the permission bits.
    SetMode { file: &'a File, mode: u32 },
    /// Sets an extended attribute.
    SetAttribute { file: &'a File, name: &'a OsStr, value: &'a [u8] },
    /// Waits until the file's content is on the disk.
    Sync(&'a File),
    /// Cuts the file off.
    Truncate { file: &'a File, size_bytes: u64 },
    /// Puts a file in the place of another one in the same folder; without
    /// `replace`, an error where there is one.
    Rename { from: At<'a>, to: &'a OsStr, replace: bool },
    /// Removes a file; none is fine.
    Remove(At<'a>),
    /// Makes one folder; one that is there is fine.
    CreateDir(At<'a>),
    /// Removes an empty folder; one that is missing or not empty stays.
    RemoveDir(At<'a>),
    /// Waits until a folder's entries are on the disk.
    SyncDir(&'a Folder),
}
