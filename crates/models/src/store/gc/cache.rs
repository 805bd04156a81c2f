//! Download caches in the layout of the Hugging Face hub:
//! `models--ORG--NAME/{blobs,refs,snapshots}`, beside them
//! `.locks/models--ORG--NAME/ETAG.lock`. A snapshot is a folder of symbolic
//! links to blobs; a blob that is being fetched ends in `.incomplete`.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{Found, GcKind, GcOptions, entries};
use crate::error::{Error, Result};

/// A model's part of a cache.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its name, such as `org/name`.
    pub name: String,
    pub folder: PathBuf,
    pub blobs: Vec<Blob>,
}

/// A file of a cache.
#[derive(Clone, Debug)]
pub struct Blob {
    pub path: PathBuf,
    pub meta: Metadata,
}

impl Blob {
    fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// What a fetcher keeps beside a download, such as which parts of it are
    /// there, goes by the same name.
    fn is_partial(&self) -> bool {
        self.name().ends_with(".incomplete") || self.name().contains(".incomplete.")
    }

    /// Its SHA-256, by its name; small files have a shorter one.
    pub fn sha256(&self) -> Option<&str> {
        let name = self.name();
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (name.len() == 64 && name.bytes().all(hex)).then_some(name)
    }
}

/// The models of a cache, by name. What else lies in it is not looked at.
pub fn repositories(cache: &Path) -> Result<Vec<Repository>> {
    let mut found = Vec::new();
    for folder in entries(cache)? {
        let name = folder.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.strip_prefix("models--")) else { continue };
        let name = name.replace("--", "/");
        let mut blobs = Vec::new();
        for path in entries(&folder.join("blobs"))? {
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_file() => blobs.push(Blob { path, meta }),
                _ => {}
            }
        }
        found.push(Repository { name, folder, blobs });
    }
    Ok(found)
}

/// Finds what can go.
pub fn collect(cache: &Path, options: &GcOptions, found: &mut Found) -> Result<()> {
    for repository in repositories(cache)? {
        let referred = referred(&repository.folder.join("snapshots"))?;
        for blob in &repository.blobs {
            let kind = if blob.is_partial() {
                if !options.is_old(&blob.meta) {
                    continue;
                }
                GcKind::Partial
            } else {
                let real = fs::canonicalize(&blob.path).unwrap_or_else(|_| blob.path.clone());
                if referred.contains(&real) {
                    continue;
                }
                GcKind::Unreferenced
            };
            if !is_being_fetched(cache, &repository.folder, blob) {
                found.add(blob.path.clone(), kind)?;
            }
        }
    }
    Ok(())
}

/// The files that the revisions refer to.
fn referred(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let io = |source| Error::Io { path: path.clone(), source };
            let meta = fs::symlink_metadata(&path).map_err(io)?;
            if meta.is_dir() {
                folders.push(path);
                continue;
            }
            match fs::canonicalize(&path) {
                Ok(real) => {
                    files.insert(real);
                }
                // A link to what is not there refers to nothing.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io(error)),
            }
        }
    }
    Ok(files)
}

/// Whether somebody holds the lock under which a blob is fetched and linked.
fn is_being_fetched(cache: &Path, repository: &Path, blob: &Blob) -> bool {
    let etag = blob.name().split('.').next().unwrap_or_default();
    let locks = cache.join(".locks").join(repository.file_name().unwrap_or_default());
    let Ok(lock) = File::open(locks.join(format!("{etag}.lock"))) else { return false };
    matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
}
