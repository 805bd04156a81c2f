//! What models take on the disk, and what of it could be spared.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::gc::{Repository, repositories};
use super::inode::{Inode, Tally};
use super::{GcOptions, MANIFEST, Store};
use crate::error::Result;
use crate::hardware::free_disk_bytes;

/// What is asked of the disk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DiskOptions {
    /// Download caches in the layout of the Hugging Face hub.
    pub caches: Vec<PathBuf>,
    /// When each model was last used, by name, as far as that is known.
    pub last_used: BTreeMap<String, SystemTime>,
    /// A model that was not used for so long is pointed out.
    pub unused_for: Duration,
    /// The time to measure ages by.
    pub now: SystemTime,
}

impl DiskOptions {
    /// Thirty days, no cache, no record of use.
    pub fn new(now: SystemTime) -> Self {
        let unused_for = Duration::from_hours(30 * 24);
        Self { caches: Vec::new(), last_used: BTreeMap::new(), unused_for, now }
    }
}

/// What models take, and what could be spared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskReport {
    /// What is free on the disk of the store; `None` where the system does not
    /// tell.
    pub free_bytes: Option<u64>,
    /// The models of the store, then those of the caches; the largest first.
    pub models: Vec<ModelDisk>,
    /// What all of them take together, each file counted once.
    pub total_bytes: u64,
    /// Files that are there several times.
    pub duplicates: Vec<Duplicate>,
    /// What [`Store::gc`] would free.
    pub reclaimable_bytes: u64,
}

/// What one model takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelDisk {
    /// Its name: an installed one's, or `org/name` in a cache.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Whether it is in a cache, and not installed.
    pub cached: bool,
    /// What would be free without it.
    pub own_bytes: u64,
    /// What it shares with other names of the same files.
    pub shared_bytes: u64,
    /// When it was last used, in seconds since 1970, UTC; `None` where that is
    /// not known.
    pub last_used_s: Option<u64>,
    /// For how many whole days an installed model was not used, where these are
    /// as many as asked for. One that was never used counts from when it was
    /// installed.
    pub unused_days: Option<u64>,
}

/// A file that is there several times, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Duplicate {
    /// The SHA-256 of all of them.
    pub sha256: String,
    /// The size of each.
    pub size_bytes: u64,
    /// Where they are; names of the same file stand side by side.
    pub paths: Vec<PathBuf>,
    /// What would be free if there were only one.
    pub wasted_bytes: u64,
}

/// The places of files with the same hash and size.
type Places = BTreeMap<(String, u64), Vec<(PathBuf, Inode)>>;

impl Store {
    /// Looks at what the models of the store and of download caches take.
    /// Nothing is hashed: what was installed, and what a cache calls by its
    /// hash, is known. Changes nothing.
    pub fn disk(&self, options: &DiskOptions) -> Result<DiskReport> {
        let mut models = Vec::new();
        let mut all = Tally::default();
        let mut places = Places::new();
        for (name, manifest) in self.manifests()? {
            let folder = self.folder.join(&name);
            let Ok(manifest) = manifest else { continue };
            let mut tally = Tally::default();
            for file in manifest.model.files {
                let path = folder.join(&file.name);
                let Ok(meta) = fs::metadata(&path) else { continue };
                let inode = Inode::of(&meta);
                tally.add(inode);
                all.add(inode);
                places.entry((file.sha256, meta.len())).or_default().push((path, inode));
            }
            let used = options.last_used.get(&name).copied();
            let installed = fs::metadata(folder.join(MANIFEST)).and_then(|meta| meta.modified());
            let since = used.max(installed.ok());
            let idle = since.and_then(|since| options.now.duration_since(since).ok());
            let idle = idle.filter(|idle| *idle >= options.unused_for);
            models.push(ModelDisk {
                unused_days: idle.map(|idle| idle.as_secs() / (24 * 60 * 60)),
                last_used_s: used
                    .and_then(|used| Some(used.duration_since(UNIX_EPOCH).ok()?.as_secs())),
                ..model(name, folder, false, &tally)
            });
        }
        let mut cached = Vec::new();
        for cache in &options.caches {
            for Repository { name, folder, blobs } in repositories(cache)? {
                let mut tally = Tally::default();
                for blob in blobs {
                    let inode = Inode::of(&blob.meta);
                    tally.add(inode);
                    all.add(inode);
                    if let Some(sha256) = blob.sha256() {
                        let known = (sha256.to_owned(), blob.meta.len());
                        places.entry(known).or_default().push((blob.path.clone(), inode));
                    }
                }
                cached.push(model(name, folder, true, &tally));
            }
        }
        for models in [&mut models, &mut cached] {
            models.sort_by(|a, b| (b.bytes(), &a.name).cmp(&(a.bytes(), &b.name)));
        }
        models.append(&mut cached);
        let mut gc = GcOptions::new(options.now);
        gc.caches.clone_from(&options.caches);
        Ok(DiskReport {
            free_bytes: free_disk_bytes(&self.folder),
            models,
            total_bytes: all.on_disk(),
            duplicates: duplicates(places),
            reclaimable_bytes: self.gc_plan(&gc)?.freed_bytes,
        })
    }
}

impl ModelDisk {
    /// What it takes in all.
    pub fn bytes(&self) -> u64 {
        self.own_bytes + self.shared_bytes
    }
}

fn model(name: String, folder: PathBuf, cached: bool, tally: &Tally) -> ModelDisk {
    let own_bytes = tally.freed();
    let shared_bytes = tally.on_disk() - own_bytes;
    ModelDisk {
        name,
        folder,
        cached,
        own_bytes,
        shared_bytes,
        last_used_s: None,
        unused_days: None,
    }
}

fn duplicates(places: Places) -> Vec<Duplicate> {
    let mut found = Vec::new();
    for ((sha256, size_bytes), mut files) in places {
        // Names of the same file side by side; without an identity, each is its
        // own.
        files.sort_by(|a, b| (a.1.id, &a.0).cmp(&(b.1.id, &b.0)));
        let same = |a: &Inode, b: &Inode| a.id.is_some() && a.id == b.id;
        let mut copies: Vec<Inode> = files.iter().map(|(_, inode)| *inode).collect();
        copies.dedup_by(|a, b| same(a, b));
        let taken: u64 = copies.iter().map(|copy| copy.bytes).sum();
        let most = copies.iter().map(|copy| copy.bytes).max().unwrap_or(0);
        // The largest is kept in mind as the one that stays, and an empty or
        // tiny file wastes nothing worth a line.
        if copies.len() > 1 && size_bytes >= LEAST_DUPLICATE_BYTES {
            let paths = files.into_iter().map(|(path, _)| path).collect();
            found.push(Duplicate { sha256, size_bytes, paths, wasted_bytes: taken - most });
        }
    }
    found.sort_by(|a, b| (b.wasted_bytes, &a.paths).cmp(&(a.wasted_bytes, &b.paths)));
    found
}

/// Configurations and tokenizers are the same in many models.
const LEAST_DUPLICATE_BYTES: u64 = 1 << 20;
