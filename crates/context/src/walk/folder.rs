//! A folder that is held open: its entries, and what the system tells of them.
//!
//! Asking for a file in a folder that is open spares the way to it, which takes
//! half of the time.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use crate::stamp::Stamp;

/// What an entry is. Links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Other,
}

/// A folder that is being listed.
#[cfg(target_os = "linux")]
pub struct OpenFolder(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl OpenFolder {
    /// Opens a folder. A link to one is followed at the `top` alone.
    pub fn open(path: &Path, top: bool) -> io::Result<Self> {
        use rustix::fs::{CWD, Mode, OFlags, openat};

        let follow = if top { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | follow;
        Ok(Self(openat(CWD, path, flags, Mode::empty())?))
    }

    /// When something in it came or went.
    pub fn stamp(&self) -> Option<Stamp> {
        rustix::fs::fstat(&self.0).ok().map(|stat| Stamp::from(&stat))
    }

    /// Its entries, in any order.
    pub fn entries(&self) -> io::Result<Vec<(OsString, Kind)>> {
        use std::mem::MaybeUninit;
        use std::os::unix::ffi::OsStrExt as _;

        use rustix::fs::{FileType, RawDir};

        // Most folders fit in one call.
        let mut buffer = [MaybeUninit::uninit(); 8 << 10];
        let mut raw = RawDir::new(&self.0, &mut buffer);
        let mut found = Vec::new();
        while let Some(entry) = raw.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let name = OsStr::from_bytes(name).to_owned();
            let kind = match entry.file_type() {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Folder,
                // Some file systems do not tell.
                FileType::Unknown => self.kind(&name),
                _ => Kind::Other,
            };
            found.push((name, kind));
        }
        Ok(found)
    }

    /// What the system tells of a file in it; `None` where there is none.
    pub fn stamp_of(&self, name: &OsStr) -> Option<Stamp> {
        self.stat(name).map(|stat| Stamp::from(&stat))
    }

    fn kind(&self, name: &OsStr) -> Kind {
        use rustix::fs::FileType;

        match self.stat(name).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Some(FileType::RegularFile) => Kind::File,
            Some(FileType::Directory) => Kind::Folder,
            _ => Kind::Other,
        }
    }

    fn stat(&self, name: &OsStr) -> Option<rustix::fs::Stat> {
        rustix::fs::statat(&self.0, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).ok()
    }
}

/// A folder that is being listed.
#[cfg(not(target_os = "linux"))]
pub struct OpenFolder(std::path::PathBuf);

#[cfg(not(target_os = "linux"))]
impl OpenFolder {
    /// Opens a folder. A link to one is followed at the `top` alone.
    pub fn open(path: &Path, top: bool) -> io::Result<Self> {
        let meta = if top { std::fs::metadata(path)? } else { std::fs::symlink_metadata(path)? };
        if meta.is_dir() {
            Ok(Self(path.to_owned()))
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// When something in it came or went.
    pub fn stamp(&self) -> Option<Stamp> {
        Stamp::of(&self.0)
    }

    /// Its entries, in any order.
    pub fn entries(&self) -> io::Result<Vec<(OsString, Kind)>> {
        let entry = |entry: io::Result<std::fs::DirEntry>| {
            let entry = entry?;
            let kind = match entry.file_type()? {
                kind if kind.is_file() => Kind::File,
                kind if kind.is_dir() => Kind::Folder,
                _ => Kind::Other,
            };
            Ok((entry.file_name(), kind))
        };
        std::fs::read_dir(&self.0)?.map(entry).collect()
    }

    /// What the system tells of a file in it; `None` where there is none.
    pub fn stamp_of(&self, name: &OsStr) -> Option<Stamp> {
        Stamp::of(&self.0.join(name))
    }
}
