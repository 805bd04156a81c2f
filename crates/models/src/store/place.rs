//! How a file comes into the store.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use mlxcode_base::CancelToken;

use super::hash::{copy, hash};
use crate::error::{Error, Result};

/// How a file was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It shares its blocks with the original until one of them is written to.
    Cloned,
    /// It is the original under a second name: who writes into the one changes
    /// the other, which the next load notices.
    Linked,
    /// All bytes were written again.
    Copied,
}

/// Puts `source` into the new file `target` in the cheapest way that the disk
/// has, and gives the SHA-256 of what is there, which is on the disk then.
/// `took` hears of every part.
pub fn place(
    source: &Path,
    target: &Path,
    cancel: &CancelToken,
    took: &mut dyn FnMut(Placed, u64),
) -> Result<String> {
    let io = |source: io::Error| Error::Io { path: target.to_owned(), source };
    // Download caches are made of symbolic links; a link to one would lead
    // nowhere from here.
    let source = &fs::canonicalize(source)
        .map_err(|error| Error::Io { path: source.to_owned(), source: error })?;
    let placed = if clone(source, target) {
        Placed::Cloned
    } else if fs::hard_link(source, target).is_ok() {
        Placed::Linked
    } else {
        Placed::Copied
    };
    let mut took = |bytes| took(placed, bytes);
    let sha256 = match placed {
        Placed::Copied => copy(source, target, cancel, &mut took)?,
        _ => hash(target, cancel, &mut took)?,
    };
    File::open(target).and_then(|file| file.sync_all()).map_err(io)?;
    Ok(sha256)
}

/// Whether `target` now has the blocks of `source`, copied only when one of
/// them is written to (Btrfs, XFS, bcachefs and others).
#[cfg(target_os = "linux")]
fn clone(source: &Path, target: &Path) -> bool {
    let Ok(original) = File::open(source) else { return false };
    let Ok(file) = File::create_new(target) else { return false };
    if rustix::fs::ioctl_ficlone(&file, &original).is_ok() {
        return true;
    }
    let _ = fs::remove_file(target);
    false
}

#[cfg(not(target_os = "linux"))]
fn clone(_source: &Path, _target: &Path) -> bool {
    false
}

/// Puts a folder's names on the disk: a file that was renamed into it, or out
/// of it, is found so after a power cut.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|file| file.sync_all());
    synced.map_err(|source| Error::Io { path: folder.to_owned(), source })
}

/// Windows writes names to the disk with the files.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}
