//! Reads the files of a tree.

mod descend;
mod folder;
mod listing;
mod queue;
mod read;
mod rules;
mod shown;
mod tests;
mod walker;

use std::path::{Path, PathBuf};
use std::thread;

use mlxcode_base::{CancelToken, Language, Root};

pub use self::folder::OpenFolder;
pub use self::listing::{ListedFolder, Listing, Place, list};
pub use self::read::{Read, SourceFile, read_text};
pub use self::rules::{RULES, holds_rules};
pub use self::walker::{folders, walker};
use crate::error::{Error, Result};

/// Which files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkOptions {
    /// Larger files are skipped.
    pub max_file_bytes: u64,
    /// Larger files of source code are skipped: code is long where it is
    /// important, and is read in parts.
    pub max_source_bytes: u64,
    /// Files with rules of the user's own, in the form of `.gitignore`, for the
    /// whole tree. The library does not look for them.
    pub rules: Vec<PathBuf>,
    /// Lines as of a `.gitignore` in the root, on top of all other rules: what
    /// they name is not read whatever these say.
    pub exclude: Vec<String>,
    /// Files after those that take this much together, by path, are skipped.
    pub max_total_bytes: u64,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self {
            // What is larger and no code is data.
            max_file_bytes: 1 << 20,
            // Larger ones, which programs write, take seconds to parse.
            max_source_bytes: 16 << 20,
            rules: Vec::new(),
            exclude: Vec::new(),
            max_total_bytes: 1 << 30,
        }
    }
}

impl WalkOptions {
    /// The most bytes of a file at that path.
    pub(crate) fn most_bytes(&self, path: &Path) -> u64 {
        match Language::from_path(path) {
            Some(language) if language.is_code() => self.max_file_bytes.max(self.max_source_bytes),
            _ => self.max_file_bytes,
        }
    }
}

/// How many files were left out, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// They hold no text.
    pub binary: usize,
    /// They are larger than the limit.
    pub too_large: usize,
    /// Their text is not UTF-8, and in no other encoding that is told by its
    /// bytes: UTF-16 with its mark and windows-1252 are read.
    pub not_utf8: usize,
    /// The system would not let them be read.
    pub unreadable: usize,
}

/// Reads all text files below `root`, by path: gitignore rules hold, in a git
/// work tree or not.
pub fn walk(
    root: &Root,
    options: &WalkOptions,
    cancel: &CancelToken,
) -> Result<(Vec<SourceFile>, Skipped)> {
    let Listing { places, mut skipped, .. } = list(root, options, cancel)?;
    let mut files = Vec::with_capacity(places.len());
    for read in read::read_all(&places, options, cancel) {
        match read {
            Read::File(file) => files.push(file),
            Read::Binary => skipped.binary += 1,
            Read::TooLarge => skipped.too_large += 1,
            Read::NotUtf8 => skipped.not_utf8 += 1,
            Read::Unreadable => skipped.unreadable += 1,
        }
    }
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    Ok((files, skipped))
}

/// Threads for reading and ranking: more than eight only wait for the disk.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(8)
}
