//! What a tree holds, without reading its files.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlxcode_base::{CancelToken, RelPath, Root};

use super::descend::descend;
use super::{Skipped, WalkOptions};
use crate::error::Result;
use crate::stamp::{Stamp, changed_ns};

/// A file that is to be read.
#[derive(Clone, Debug)]
pub struct Place {
    pub path: RelPath,
    /// The folder that the path begins in.
    root: Arc<Path>,
    pub size_bytes: u64,
    /// When it was last changed, in nanoseconds; 0 where the system does not
    /// tell.
    pub changed_ns: i64,
}

impl Place {
    /// The file at `path`; `None` where there is no plain file.
    pub fn at(root: &Root, path: &RelPath) -> Option<Self> {
        let full = root.path().join(path.as_path());
        let meta = fs::symlink_metadata(full).ok().filter(fs::Metadata::is_file)?;
        let (size_bytes, changed_ns) = (meta.len(), changed_ns(&meta));
        Some(Self { path: path.clone(), root: root.path().into(), size_bytes, changed_ns })
    }

    /// The file at `path`, of which the system told this.
    pub fn new(root: Arc<Path>, path: RelPath, stamp: Stamp) -> Self {
        let Stamp { size_bytes, changed_ns } = stamp;
        Self { path, root, size_bytes, changed_ns }
    }

    /// Where it lies on the disk.
    pub fn full(&self) -> PathBuf {
        self.root.join(self.path.as_path())
    }
}

/// A folder, and the files in it that the rules let through, as they were when
/// it was listed.
#[derive(Debug)]
pub struct ListedFolder {
    pub path: PathBuf,
    pub stamp: Stamp,
    /// By their names.
    pub files: Vec<(OsString, Stamp)>,
}

/// What a tree holds.
#[derive(Debug)]
pub struct Listing {
    /// The files that are read, by path.
    pub places: Vec<Place>,
    pub skipped: Skipped,
    /// All folders that the rules let through, with all their files, read or
    /// not.
    pub folders: Vec<ListedFolder>,
}

/// The files that [`walk`](super::walk) would read, by path, without reading
/// them.
pub fn list(root: &Root, options: &WalkOptions, cancel: &CancelToken) -> Result<Listing> {
    let mut listing = descend(root, options, cancel)?;
    let Listing { places, skipped, .. } = &mut listing;
    places.retain(|one| {
        one.size_bytes <= options.max_file_bytes
            || one.size_bytes <= options.most_bytes(one.path.as_path())
            || {
                skipped.too_large += 1;
                false
            }
    });
    // What is read is settled before reading, by path and size alone: a tree
    // beyond the limit gives the same files each time and never fills memory.
    let mut total = 0;
    let fitting = places.iter().take_while(|one| {
        total += one.size_bytes;
        total <= options.max_total_bytes
    });
    let fitting = fitting.count();
    skipped.too_large += places.len() - fitting;
    places.truncate(fitting);
    Ok(listing)
}
