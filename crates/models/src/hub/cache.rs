//! The cache, in the layout of Python's `huggingface_hub` 2:
//!
//! ```text
//! models--org--name/
//!   blobs/<checksum>                  a file's bytes, once for all commits
//!   blobs/<checksum>.mlx-code.incomplete       what came of it so far
//!   blobs/<checksum>.mlx-code.incomplete.parts which parts those are
//!   snapshots/<commit>/<path>         a relative link to the blob
//!   refs/<revision>                   the commit that it was last at
//! .locks/models--org--name/<checksum>.lock     held while a blob is fetched
//! ```
//!
//! What else lies there is left alone. A partial file of ours has a name that
//! no other program goes on from: it has its full length from the beginning,
//! which others take for all of it.

#![allow(clippy::disallowed_methods, reason = "the cache is written here, and nothing else")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::tree::{FileChecksum, RemoteFile, RepoTree, is_commit};
use crate::error::{Error, Result};
use crate::reference::is_safe_path;

/// The ending of a partial file.
pub const PARTIAL_ENDING: &str = ".mlx-code.incomplete";
/// The ending of what tells which parts of it came.
pub const PARTS_ENDING: &str = ".mlx-code.incomplete.parts";

/// As much as any cached model's listing may be deep and long.
const MOST_ENTRIES: usize = 100_000;

/// One repository in the cache.
#[derive(Clone, Debug)]
pub struct RepoCache {
    folder: PathBuf,
    locks: PathBuf,
}

impl RepoCache {
    /// Where a repository lies. `repo` is `org/name`.
    pub fn new(cache_dir: &Path, repo: &str) -> Self {
        let name = format!("models--{}", repo.replace('/', "--"));
        Self { folder: cache_dir.join(&name), locks: cache_dir.join(".locks").join(name) }
    }

    /// The bytes of a file.
    pub fn blob(&self, checksum: &FileChecksum) -> PathBuf {
        self.folder.join("blobs").join(checksum.as_str())
    }

    /// What came of a file so far.
    pub fn partial(&self, checksum: &FileChecksum) -> PathBuf {
        self.folder.join("blobs").join(format!("{}{PARTIAL_ENDING}", checksum.as_str()))
    }

    /// Which parts of it came.
    pub fn parts(&self, checksum: &FileChecksum) -> PathBuf {
        self.folder.join("blobs").join(format!("{}{PARTS_ENDING}", checksum.as_str()))
    }

    /// The folder of a commit's files.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// The place of a file of a commit.
    pub fn file(&self, commit: &str, path: &str) -> PathBuf {
        path.split('/').fold(self.snapshot(commit), |place, part| place.join(part))
    }

    /// Makes the folders for a blob and a lock.
    pub fn prepare(&self) -> Result<()> {
        for folder in [self.folder.join("blobs"), self.locks.clone()] {
            fs::create_dir_all(&folder).map_err(|source| Error::Io { path: folder, source })?;
        }
        Ok(())
    }

    /// Takes the lock of a blob, which Python's client takes as well; `None`
    /// while somebody else has it. It ends with the file that is returned.
    pub fn try_lock(&self, checksum: &FileChecksum) -> Result<Option<File>> {
        let path = self.locks.join(format!("{}.lock", checksum.as_str()));
        let io = |source| Error::Io { path: path.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// The commit that a revision was last seen at.
    pub fn commit_of(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let text = fs::read_to_string(self.reference(revision)?).ok()?;
        Some(text.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Remembers which commit a revision is at.
    pub fn set_commit(&self, revision: &str, commit: &str) -> Result<()> {
        if is_commit(revision) || self.commit_of(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let Some(path) = self.reference(revision) else { return Ok(()) };
        let new = path.with_file_name(format!(".{}.new", std::process::id()));
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&new, commit))
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|source| Error::Io { path, source })
    }

    fn reference(&self, revision: &str) -> Option<PathBuf> {
        let place = self.folder.join("refs");
        is_safe_path(revision)
            .then(|| revision.split('/').fold(place, |path, part| path.join(part)))
    }

    /// Puts a blob where its commit has it: a relative link, or on a disk that
    /// has none, the bytes themselves under a second name or a copy of them.
    pub fn link(&self, commit: &str, file: &RemoteFile) -> Result<()> {
        let place = self.file(commit, &file.path);
        let blob = self.blob(&file.checksum);
        if let (Ok(a), Ok(b)) = (fs::canonicalize(&place), fs::canonicalize(&blob))
            && a == b
        {
            return Ok(());
        }
        let io = |source| Error::Io { path: place.clone(), source };
        fs::create_dir_all(place.parent().unwrap_or(&place)).map_err(io)?;
        match fs::remove_file(&place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let up = "../".repeat(2 + file.path.matches('/').count());
        let target = format!("{up}blobs/{}", file.checksum.as_str());
        symlink(&target, &place)
            .or_else(|_| fs::hard_link(&blob, &place))
            .or_else(|_| fs::copy(&blob, &place).map(drop))
            .map_err(io)
    }

    /// What is here of a commit, as its listing would say it; `None` where
    /// nothing is. Links tell the checksums; a file that is no link has none
    /// and is left out.
    pub fn cached_tree(&self, repo: &str, revision: &str) -> Option<RepoTree> {
        let commit = self.commit_of(revision)?;
        let snapshot = self.snapshot(&commit);
        let mut files = Vec::new();
        let mut folders = vec![(snapshot, String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(folder).ok()?.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = format!("{prefix}{name}");
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push((entry.path(), format!("{path}/")));
                } else if is_safe_path(&path)
                    && let Ok(blob) = fs::canonicalize(entry.path())
                    && let Some(checksum) =
                        blob.file_name().and_then(|name| FileChecksum::parse(name.to_str()?))
                    && let Ok(meta) = fs::metadata(&blob)
                {
                    files.push(RemoteFile { path, size_bytes: meta.len(), checksum });
                }
                if files.len() > MOST_ENTRIES {
                    return None;
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let (repo, revision) = (repo.to_owned(), revision.to_owned());
        (!files.is_empty()).then_some(RepoTree { repo, revision, commit, files })
    }

    /// Removes what came of a file that nobody wants any more, unless somebody
    /// fetches it.
    pub fn remove_partial(&self, checksum: &FileChecksum) -> Result<()> {
        if !self.partial(checksum).exists() && !self.parts(checksum).exists() {
            return Ok(());
        }
        if let Some(_lock) = self.try_lock(checksum)? {
            for path in [self.partial(checksum), self.parts(checksum)] {
                match fs::remove_file(&path) {
                    Err(source) if source.kind() != io::ErrorKind::NotFound => {
                        return Err(Error::Io { path, source });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn symlink(target: &str, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(windows)]
fn symlink(target: &str, place: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target.replace('/', "\\"), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn cache() -> (tempfile::TempDir, RepoCache, RemoteFile) {
        let temp = tempfile::tempdir().unwrap();
        let cache = RepoCache::new(temp.path(), "org/name");
        cache.prepare().unwrap();
        let checksum = FileChecksum::Sha256("a".repeat(64));
        fs::write(cache.blob(&checksum), "bytes").unwrap();
        (temp, cache, RemoteFile { path: "sub/a.gguf".to_owned(), size_bytes: 5, checksum })
    }

    #[test]
    fn a_file_is_found_where_others_look_for_it() {
        let (temp, cache, file) = cache();
        cache.link(COMMIT, &file).unwrap();
        cache.link(COMMIT, &file).unwrap();
        cache.set_commit("refs/pr/1", COMMIT).unwrap();
        let repo = temp.path().join("models--org--name");
        let place = repo.join("snapshots").join(COMMIT).join("sub/a.gguf");
        assert_eq!(fs::read_to_string(&place).unwrap(), "bytes");
        #[cfg(unix)]
        assert_eq!(
            fs::read_link(&place).unwrap(),
            Path::new("../../../blobs").join(file.checksum.as_str())
        );
        assert_eq!(fs::read_to_string(repo.join("refs/refs/pr/1")).unwrap(), COMMIT);
        assert_eq!(cache.commit_of("refs/pr/1").as_deref(), Some(COMMIT));
        fs::write(repo.join("snapshots").join(COMMIT).join("README.md"), "no link").unwrap();
        let tree = cache.cached_tree("org/name", "refs/pr/1").unwrap();
        assert_eq!((&*tree.commit, tree.files), (COMMIT, vec![file]));
        assert!(cache.cached_tree("org/name", "main").is_none());
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_made_anew() {
        let (_temp, cache, file) = cache();
        let place = cache.file(COMMIT, &file.path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, "other").unwrap();
        cache.link(COMMIT, &file).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "bytes");
    }

    #[test]
    fn one_at_a_time_fetches_a_blob() {
        let (_temp, cache, file) = cache();
        let held = cache.try_lock(&file.checksum).unwrap();
        assert!(held.is_some());
        assert!(cache.try_lock(&file.checksum).unwrap().is_none());
        fs::write(cache.partial(&file.checksum), "by").unwrap();
        cache.remove_partial(&file.checksum).unwrap();
        assert!(cache.partial(&file.checksum).exists());
        drop(held);
        cache.remove_partial(&file.checksum).unwrap();
        assert!(!cache.partial(&file.checksum).exists());
    }
}
