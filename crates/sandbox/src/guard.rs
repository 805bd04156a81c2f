//! Places that are put back when a command has changed them.
//!
//! Landlock cannot take a right away below a folder in which files may be made,
//! so `.git/hooks` can be written while a command runs. What it leaves there
//! would be run by the next `git` outside: so these places are read before and
//! compared after, when nothing of the command runs any more.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The most that is kept of all guarded places together; hooks and
/// configuration are a few files.
const MOST_BYTES: u64 = 32 << 20;

/// The most files and folders in them.
const MOST_FILES: usize = 8_192;

/// How deep `.git/modules` is looked through; a submodule's name has as many
/// parts as its path.
const DEPTH: usize = 8;

/// What every repository below `.git` guards, as `GUARDED` does for the first.
const OF_A_REPOSITORY: [&str; 5] =
    ["hooks", "config", "config.worktree", "commondir", "info/attributes"];

/// The guarded places of a root as they were.
#[derive(Debug)]
pub(crate) struct Guard {
    root: PathBuf,
    patterns: Vec<String>,
    before: BTreeMap<PathBuf, Kept>,
}

/// One entry, by its path relative to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    File {
        bytes: Vec<u8>,
        mode: u32,
    },
    Link(PathBuf),
    Folder,
    /// A pipe, a socket: never there before, and removed after.
    Other,
}

impl Guard {
    /// Reads the places.
    pub(crate) fn read(root: &Path, patterns: &[String]) -> Result<Self> {
        let before = entries(root, patterns, Some(MOST_BYTES))?;
        Ok(Self { root: root.to_owned(), patterns: patterns.to_vec(), before })
    }

    /// Puts back what is different now, and tells which places that were.
    pub(crate) fn put_back(&self) -> Result<Vec<PathBuf>> {
        let now = entries(&self.root, &self.patterns, None)?;
        let changed = |place: &&PathBuf| now.get(*place) != self.before.get(*place);
        let mut places: Vec<PathBuf> =
            self.before.keys().chain(now.keys()).filter(changed).cloned().collect();
        places.sort();
        places.dedup();
        // What was made goes first, from the inside out; then what was there
        // comes back, from the outside in.
        for place in places.iter().rev().filter(|place| now.contains_key(*place)) {
            // Its folder may be gone with another place.
            self.remove(place).map_err(|source| self.failed(place, source))?;
        }
        for place in &places {
            if let Some(kept) = self.before.get(place) {
                self.restore(place, kept).map_err(|source| self.failed(place, source))?;
            }
        }
        Ok(places)
    }

    fn failed(&self, place: &Path, source: io::Error) -> Error {
        Error::NotPutBack { place: self.root.join(place), source }
    }

    #[allow(clippy::disallowed_methods, reason = "takes away what a command has left behind")]
    fn remove(&self, place: &Path) -> io::Result<()> {
        let at = self.root.join(place);
        match fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_dir() => {
                // A folder that is to be one stays, with what was not changed.
                if self.before.get(place) == Some(&Kept::Folder) {
                    Ok(())
                } else {
                    fs::remove_dir_all(&at)
                }
            }
            Ok(_) => fs::remove_file(&at),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "puts back what a command has changed")]
    fn restore(&self, place: &Path, kept: &Kept) -> io::Result<()> {
        if let Some(folder) = place.parent() {
            self.make_way(folder)?;
        }
        let at = self.root.join(place);
        match kept {
            Kept::Folder => match fs::create_dir(&at) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            },
            Kept::File { bytes, mode } => {
                // Beside and then renamed: no link is followed, no half is seen.
                let folder = at.parent().unwrap_or(&self.root);
                let file = tempfile::Builder::new().prefix(".put-back").tempfile_in(folder)?;
                fs::write(file.path(), bytes)?;
                set_mode(file.path(), *mode)?;
                file.persist(&at).map(drop).map_err(|error| error.error)
            }
            Kept::Link(target) => link(target, &at),
            Kept::Other => Ok(()),
        }
    }

    /// Makes the folders on the way, in place of links or files that stand
    /// there now.
    #[allow(clippy::disallowed_methods, reason = "puts back what a command has changed")]
    fn make_way(&self, folder: &Path) -> io::Result<()> {
        let mut at = self.root.clone();
        for part in folder {
            at.push(part);
            match fs::symlink_metadata(&at) {
                Ok(meta) if meta.is_dir() => continue,
                Ok(_) => fs::remove_file(&at)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            fs::create_dir(&at)?;
        }
        Ok(())
    }
}

/// All that is at the places now. With a limit, more is an error; without, what
/// a command has blown up is still found out as different.
fn entries(
    root: &Path,
    patterns: &[String],
    limit: Option<u64>,
) -> Result<BTreeMap<PathBuf, Kept>> {
    let mut reader = Reader { root, found: BTreeMap::new(), bytes: 0, limit };
    for pattern in patterns {
        for place in expand(root, pattern) {
            reader.read(&place)?;
        }
    }
    if patterns.iter().any(|pattern| pattern.starts_with(".git/")) {
        // In a work tree `.git` is a file that tells where the repository is.
        let git = root.join(".git");
        match fs::symlink_metadata(&git) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => reader.read(Path::new(".git"))?,
            Err(_) => {}
        }
        for folder in ["modules", "worktrees"] {
            repositories(&mut reader, &Path::new(".git").join(folder), DEPTH)?;
        }
    }
    Ok(reader.found)
}

fn repositories(reader: &mut Reader<'_>, folder: &Path, depth: usize) -> Result<()> {
    let at = reader.root.join(folder);
    if depth == 0 || !is_plain_folder(reader.root, folder) {
        return Ok(());
    }
    for name in OF_A_REPOSITORY {
        reader.read(&folder.join(name))?;
    }
    let inside = fs::read_dir(&at).into_iter().flatten().flatten();
    for entry in inside.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let name = entry.file_name();
        if !["objects", "refs", "logs", "hooks", "info"].iter().any(|plain| name == *plain) {
            repositories(reader, &folder.join(name), depth - 1)?;
        }
    }
    Ok(())
}

/// The places that a pattern means: itself, or with `*` at its end all entries
/// that begin so.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let Some(beginning) = pattern.strip_suffix('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (folder, name) = beginning.rsplit_once('/').unwrap_or(("", beginning));
    let inside = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    inside
        .map(|entry| entry.file_name())
        .filter(|entry| entry.as_encoded_bytes().starts_with(name.as_bytes()))
        .map(|entry| Path::new(folder).join(entry))
        .collect()
}

/// Whether a place is reached through folders alone, without a link.
fn is_plain_folder(root: &Path, folder: &Path) -> bool {
    let mut at = root.to_owned();
    folder.iter().all(|part| {
        at.push(part);
        fs::symlink_metadata(&at).is_ok_and(|meta| meta.is_dir())
    })
}

struct Reader<'a> {
    root: &'a Path,
    found: BTreeMap<PathBuf, Kept>,
    bytes: u64,
    limit: Option<u64>,
}

impl Reader<'_> {
    fn read(&mut self, place: &Path) -> Result<()> {
        let is_reached = place.parent().is_none_or(|folder| is_plain_folder(self.root, folder));
        let at = self.root.join(place);
        let Ok(meta) = fs::symlink_metadata(&at) else { return Ok(()) };
        if !is_reached || self.found.contains_key(place) {
            return Ok(());
        }
        let kept = if meta.is_symlink() {
            Kept::Link(fs::read_link(&at).unwrap_or_default())
        } else if meta.is_dir() {
            Kept::Folder
        } else if meta.is_file() {
            self.bytes += meta.len();
            match self.limit {
                Some(limit_bytes) if self.bytes > limit_bytes => {
                    return Err(Error::GuardTooLarge { place: at, limit_bytes });
                }
                // Larger than anything that was kept: another one, whatever it holds.
                None if self.bytes > 2 * MOST_BYTES => Kept::Other,
                _ => Kept::File { bytes: fs::read(&at).unwrap_or_default(), mode: mode(&meta) },
            }
        } else {
            Kept::Other
        };
        let is_folder = kept == Kept::Folder;
        self.found.insert(place.to_owned(), kept);
        if let Some(limit_bytes) = self.limit.filter(|_| self.found.len() > MOST_FILES) {
            return Err(Error::GuardTooLarge { place: at, limit_bytes });
        }
        if is_folder && self.found.len() <= 2 * MOST_FILES {
            for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
                self.read(&place.join(entry.file_name()))?;
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn mode(meta: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(meta) & 0o7777
}

#[cfg(not(unix))]
fn mode(_meta: &fs::Metadata) -> u32 {
    0
}

#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "puts back what a command has changed")]
fn set_mode(at: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(at, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_at: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_target: &Path, _at: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(unix)]
#[path = "guard_tests.rs"]
mod tests;
