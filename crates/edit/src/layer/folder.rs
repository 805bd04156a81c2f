//! Folders that are held open.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Folders that are held open at once: far fewer than a process may open.
const MOST_OPEN: usize = 64;

/// A folder that is held open: whatever happens to its name, what is done in
/// it is done in this one.
pub struct Folder {
    path: PathBuf,
    #[cfg(unix)]
    handle: std::os::fd::OwnedFd,
}

/// A name in a folder.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    pub folder: &'a Folder,
    pub name: &'a OsStr,
}

impl Folder {
    /// The name in this folder.
    pub fn at<'a>(&'a self, name: &'a (impl AsRef<OsStr> + ?Sized)) -> At<'a> {
        At { folder: self, name: name.as_ref() }
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(any(test, not(unix)))]
impl At<'_> {
    /// Where it was when its folder was opened.
    pub fn path(self) -> PathBuf {
        self.folder.path.join(self.name)
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

#[cfg(unix)]
impl Folder {
    /// Opens a folder, following links.
    pub fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{CWD, Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = openat(CWD, path, flags, Mode::empty())?;
        Ok(Self { path: path.to_owned(), handle })
    }

    /// Opens a folder in this one. No link is followed: step by step, each
    /// name has to be a folder itself, so there is no way out.
    pub fn below(&self, path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut handle = self.handle.try_clone()?;
        for component in path.components() {
            match component {
                Component::Normal(name) => {
                    handle = openat(&handle, name, flags, Mode::empty())?;
                }
                Component::CurDir => {}
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        Ok(Self { path: self.path.join(path), handle })
    }

    /// The open folder itself.
    pub fn handle(&self) -> &std::os::fd::OwnedFd {
        &self.handle
    }
}

#[cfg(not(unix))]
impl Folder {
    /// Opens a folder, following links.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned() })
    }

    /// Opens a folder in this one, if no step of the way is a link.
    pub fn below(&self, path: &Path) -> io::Result<Self> {
        let mut place = self.path.clone();
        for component in path.components() {
            match component {
                Component::Normal(name) => place.push(name),
                Component::CurDir => {}
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
            if !std::fs::symlink_metadata(&place)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(Self { path: place })
    }
}

/// The folders of a tree, opened when they are asked for.
#[derive(Debug)]
pub struct Folders {
    root: Arc<Folder>,
    open: Mutex<HashMap<PathBuf, Arc<Folder>>>,
}

impl Folders {
    /// Holds the tree's root open.
    pub fn new(root: &Path) -> io::Result<Self> {
        Ok(Self { root: Arc::new(Folder::open(root)?), open: Mutex::default() })
    }

    /// The folder at `path` below the root, without following a link.
    pub fn below(&self, path: &Path) -> io::Result<Arc<Folder>> {
        if path.as_os_str().is_empty() {
            return Ok(self.root.clone());
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = open.get(path) {
            return Ok(folder.clone());
        }
        let folder = Arc::new(self.root.below(path)?);
        if open.len() >= MOST_OPEN {
            open.clear();
        }
        open.insert(path.to_owned(), folder.clone());
        Ok(folder)
    }

    /// The folder of the file at `path` below the root.
    pub fn of_file(&self, path: &Path) -> io::Result<Arc<Folder>> {
        self.below(path.parent().unwrap_or(Path::new("")))
    }

    /// Forgets the folders, since some of them may have been removed.
    pub fn forget(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_link_is_followed_below_the_root() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(temp.path().join("out")).unwrap();
        symlink("../out", root.join("link")).unwrap();
        symlink("a", root.join("inner")).unwrap();
        let folders = Folders::new(&root).unwrap();
        assert!(folders.below(Path::new("a/b")).is_ok());
        for refused in ["link", "inner/b", "a/../../out", "/", "missing"] {
            assert!(folders.below(Path::new(refused)).is_err(), "{refused}");
        }
    }
}
