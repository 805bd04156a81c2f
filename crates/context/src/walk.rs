//! Reads the files of a tree.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::mpsc;

use ignore::{DirEntry, WalkBuilder, WalkState};
use mlxcode_base::{CancelToken, RelPath, Root};

use crate::error::{Error, Result};

/// Where a file with a zero byte in its beginning is taken for binary.
const BINARY_PROBE_BYTES: usize = 8 * 1024;

/// Folders with a leading dot that hold code of the project.
const SHOWN_FOLDERS: [&str; 6] = [".cargo", ".ci", ".circleci", ".config", ".github", ".gitlab"];

/// Files that hold secrets by custom; they are never shown to a model.
const SECRET_STARTS: [&str; 5] = [".env", ".netrc", ".npmrc", ".pypirc", "id_rsa"];

/// Which files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkOptions {
    /// Larger files are skipped.
    pub max_file_bytes: u64,
    /// Once this much was read, the rest is skipped.
    pub max_total_bytes: u64,
}

impl Default for WalkOptions {
    fn default() -> Self {
        // Sources are far smaller; what is larger is data or generated.
        Self { max_file_bytes: 1 << 20, max_total_bytes: 1 << 30 }
    }
}

/// How many files were left out, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// They hold no text.
    pub binary: usize,
    /// They are larger than the limit.
    pub too_large: usize,
    /// Their text is not UTF-8.
    pub not_utf8: usize,
    /// The system would not let them be read.
    pub unreadable: usize,
}

/// A file's text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub path: RelPath,
    pub text: String,
}

enum Read {
    File(SourceFile),
    Binary,
    TooLarge,
    NotUtf8,
    Unreadable,
}

/// Reads all text files below `root`, by path: gitignore rules hold, in a git
/// work tree or not.
pub fn walk(
    root: &Root,
    options: &WalkOptions,
    cancel: &CancelToken,
) -> Result<(Vec<SourceFile>, Skipped)> {
    let (sender, receiver) = mpsc::channel();
    let walker = WalkBuilder::new(root.path())
        .hidden(false)
        .require_git(false)
        // The user's own rules lie in the home folder, which is not ours.
        .git_global(false)
        .threads(threads())
        .filter_entry(is_shown)
        .build_parallel();
    walker.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            if cancel.is_cancelled() {
                return WalkState::Quit;
            }
            let read = match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    read(root, &entry, options.max_file_bytes)
                }
                Ok(_) => return WalkState::Continue,
                Err(_) => Some(Read::Unreadable),
            };
            // The receiver lives until all walkers are done.
            let _ = read.map(|read| sender.send(read));
            WalkState::Continue
        })
    });
    drop(sender);
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let mut files = Vec::new();
    let mut skipped = Skipped::default();
    for read in receiver {
        match read {
            Read::File(file) => files.push(file),
            Read::Binary => skipped.binary += 1,
            Read::TooLarge => skipped.too_large += 1,
            Read::NotUtf8 => skipped.not_utf8 += 1,
            Read::Unreadable => skipped.unreadable += 1,
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut total = 0;
    let before = files.len();
    files.retain(|file| {
        total += file.text.len() as u64;
        total <= options.max_total_bytes
    });
    skipped.too_large += before - files.len();
    Ok((files, skipped))
}

/// Threads for reading and ranking: more than eight only wait for the disk.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}

fn is_shown(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    if entry.depth() == 0 || !name.as_encoded_bytes().starts_with(b".") {
        return name != OsStr::new("id_rsa");
    }
    if entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return SHOWN_FOLDERS.iter().any(|shown| name == OsStr::new(shown));
    }
    !SECRET_STARTS.iter().any(|start| name.as_encoded_bytes().starts_with(start.as_bytes()))
}

fn read(root: &Root, entry: &DirEntry, max_bytes: u64) -> Option<Read> {
    let below = entry.path().strip_prefix(root.path()).ok()?;
    let Ok(path) = RelPath::from_path(below) else { return Some(Read::Unreadable) };
    Some(match entry.metadata() {
        Ok(meta) if meta.len() > max_bytes => Read::TooLarge,
        Ok(_) => read_text(path, entry.path()),
        Err(_) => Read::Unreadable,
    })
}

fn read_text(path: RelPath, place: &Path) -> Read {
    let Ok(bytes) = fs::read(place) else { return Read::Unreadable };
    let probe = &bytes[..bytes.len().min(BINARY_PROBE_BYTES)];
    if probe.contains(&0) {
        return Read::Binary;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Read::File(SourceFile { path, text }),
        Err(_) => Read::NotUtf8,
    }
}
