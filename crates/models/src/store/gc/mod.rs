//! Clears away what belongs to no model.

mod cache;

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mlxcode_base::CancelToken;

use super::checked::{FRESH_RECORD, RECORD};
use super::inode::{Inode, Tally};
use super::lock::LEFTOVERS;
use super::manifest::{FRESH_MANIFEST, Manifest};
use super::staging::is_alive;
use super::{MANIFEST, Store, check_name};
use crate::error::{Error, Result};

pub use cache::{Repository, repositories};

/// What is cleared away, and where.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GcOptions {
    /// What may still be in the making is left alone until it was not written
    /// to for so long.
    pub older_than: Duration,
    /// Download caches in the layout of the Hugging Face hub, to be cleared of
    /// downloads that were never finished and of files that nothing refers to.
    pub caches: Vec<PathBuf>,
    /// The time to measure ages by.
    pub now: SystemTime,
}

impl GcOptions {
    /// Seven days, no cache.
    pub fn new(now: SystemTime) -> Self {
        Self { older_than: Duration::from_hours(7 * 24), caches: Vec::new(), now }
    }

    /// Whether a file was last written to long enough ago.
    fn is_old(&self, meta: &Metadata) -> bool {
        let age = meta.modified().ok().and_then(|then| self.now.duration_since(then).ok());
        age.is_some_and(|age| age >= self.older_than)
    }
}

/// What there is to clear away, or was cleared away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcReport {
    /// Each thing.
    pub items: Vec<GcItem>,
    /// What all of it frees on the disk: a file with other names frees nothing.
    pub freed_bytes: u64,
    /// What could not be removed, and why.
    pub failed: Vec<(PathBuf, String)>,
}

/// One file or folder to be cleared away.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcItem {
    /// Where it is.
    pub path: PathBuf,
    /// Why it can go.
    pub kind: GcKind,
    /// What it takes on the disk.
    pub size_bytes: u64,
}

/// Why something can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GcKind {
    /// Left by a change of the store that was cut off.
    Leftover,
    /// In the store, but of no model.
    Orphan,
    /// A download that was not continued for long.
    Partial,
    /// A file of a cache that no revision refers to.
    Unreferenced,
}

impl GcKind {
    /// The stable name, such as `leftover`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leftover => "leftover",
            Self::Orphan => "orphan",
            Self::Partial => "partial",
            Self::Unreferenced => "unreferenced",
        }
    }
}

impl Store {
    /// What [`gc`](Self::gc) would clear away now. Changes nothing.
    pub fn gc_plan(&self, options: &GcOptions) -> Result<GcReport> {
        // Whoever holds the lock is at work on what else would be left over.
        let idle = self.folder.join(".lock").exists() && self.try_lock().is_some();
        self.plan(options, idle)
    }

    /// Clears away what changes that were cut off left in the store, files and
    /// folders in it that are of no model, and in download caches what was
    /// never finished and what nothing refers to. Never touches a model, what
    /// somebody uses, or what is younger than the options say.
    pub fn gc(&mut self, options: &GcOptions, cancel: &CancelToken) -> Result<GcReport> {
        let lock = if self.folder.exists() { Some(self.lock_only(cancel)?) } else { None };
        let planned = self.plan(options, lock.is_some())?;
        let mut report = GcReport::default();
        let mut tally = Tally::default();
        for item in planned.items {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let mut inodes = Vec::new();
            let removed = fs::symlink_metadata(&item.path).and_then(|meta| {
                walk(&item.path, &meta, &mut |_, meta| inodes.push(Inode::of(meta)))?;
                if meta.is_dir() {
                    fs::remove_dir_all(&item.path)
                } else {
                    fs::remove_file(&item.path)
                }
            });
            match removed {
                Ok(()) => {
                    for inode in inodes {
                        tally.add(inode);
                    }
                    report.items.push(item);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => report.failed.push((item.path, error.to_string())),
            }
        }
        report.freed_bytes = tally.freed();
        Ok(report)
    }

    fn plan(&self, options: &GcOptions, idle: bool) -> Result<GcReport> {
        let mut found = Found::default();
        self.orphans(options, idle, &mut found)?;
        for cache in &options.caches {
            cache::collect(cache, options, &mut found)?;
        }
        found.items.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
        let freed_bytes = found.tally.freed();
        Ok(GcReport { items: found.items, freed_bytes, failed: Vec::new() })
    }

    fn orphans(&self, options: &GcOptions, idle: bool, found: &mut Found) -> Result<()> {
        let used: BTreeSet<String> = self.leases()?.into_iter().map(|lease| lease.model).collect();
        for place in entries(&self.folder)? {
            let Some(name) = place.file_name().and_then(|name| name.to_str()) else { continue };
            let Ok(meta) = fs::symlink_metadata(&place) else { continue };
            if !meta.is_dir() {
                continue;
            }
            if LEFTOVERS.iter().any(|beginning| name.starts_with(beginning)) {
                if idle && !is_alive(&place) {
                    found.add(place, GcKind::Leftover)?;
                }
            } else if check_name(name).is_ok() && !used.contains(name) {
                match Manifest::read(&place.join(MANIFEST), name) {
                    // What cannot be read is a model that somebody may rescue.
                    Err(_) => {}
                    Ok(Some(manifest)) => strays(&place, &manifest, options, idle, found)?,
                    Ok(None) => {
                        let mut old = true;
                        let io = |source| Error::Io { path: place.clone(), source };
                        walk(&place, &meta, &mut |_, meta| old &= options.is_old(meta))
                            .map_err(io)?;
                        if old && options.is_old(&meta) {
                            found.add(place, GcKind::Orphan)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Files in a model's folder that are none of its own.
fn strays(
    folder: &Path,
    manifest: &Manifest,
    options: &GcOptions,
    idle: bool,
    found: &mut Found,
) -> Result<()> {
    for place in entries(folder)? {
        let Some(name) = place.file_name().and_then(|name| name.to_str()) else { continue };
        if name == FRESH_MANIFEST || name == FRESH_RECORD {
            if idle {
                found.add(place, GcKind::Leftover)?;
            }
            continue;
        }
        let own = name == MANIFEST || name == RECORD;
        if own || manifest.model.files.iter().any(|file| file.name == name) {
            continue;
        }
        let Ok(meta) = fs::symlink_metadata(&place) else { continue };
        let mut old = options.is_old(&meta);
        let io = |source| Error::Io { path: place.clone(), source };
        walk(&place, &meta, &mut |_, meta| old &= options.is_old(meta)).map_err(io)?;
        if old {
            found.add(place, GcKind::Orphan)?;
        }
    }
    Ok(())
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    items: Vec<GcItem>,
    tally: Tally,
}

impl Found {
    /// Takes a file or a whole folder. One that is gone meanwhile is none.
    fn add(&mut self, path: PathBuf, kind: GcKind) -> Result<()> {
        let mut own = Tally::default();
        let counted = fs::symlink_metadata(&path).and_then(|meta| {
            walk(&path, &meta, &mut |_, meta| {
                own.add(Inode::of(meta));
                self.tally.add(Inode::of(meta));
            })
        });
        match counted {
            Ok(()) => self.items.push(GcItem { path, kind, size_bytes: own.on_disk() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Io { path, source }),
        }
        Ok(())
    }
}

/// The entries of a folder in the order of their names; none where there is no
/// folder.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let io = |source| Error::Io { path: folder.to_owned(), source };
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io(source)),
    };
    let paths: io::Result<Vec<PathBuf>> = read.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(io)?;
    paths.sort();
    Ok(paths)
}

/// Visits a file, or all files below a folder; links are not followed.
pub fn walk(
    path: &Path,
    meta: &Metadata,
    visit: &mut dyn FnMut(&Path, &Metadata),
) -> io::Result<()> {
    if !meta.is_dir() {
        visit(path, meta);
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        walk(&path, &fs::symlink_metadata(&path)?, visit)?;
    }
    Ok(())
}
