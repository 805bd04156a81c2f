//! Who uses an installed model, so that nobody pulls its files away.
//!
//! A lease is a file that its holder keeps locked. The system ends the lock
//! with the process, however that ends, so a lease that can be locked by
//! another one is none.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Store;
use crate::error::{Error, Result};
use crate::files::read_optional;

/// Hidden, as no model is.
const FOLDER: &str = ".leases";
/// A lease before its holder has locked it.
const FRESH: &str = ".new-";
/// One has some hundred bytes.
const MOST_BYTES: u64 = 64 << 10;
/// Tries to make one while others clear away what looks left over.
const ATTEMPTS: u32 = 100;

static LAST: AtomicU64 = AtomicU64::new(0);

/// A model in use. As long as it is held, the model is neither removed nor
/// cleared away; dropping it, or the end of the process, gives the model back.
#[derive(Debug)]
pub struct Lease {
    place: PathBuf,
    /// Locked until it is closed.
    _file: File,
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeaseHolder {
    /// The model.
    pub model: String,
    /// The number of the process.
    pub process: u32,
    /// The program's name; empty where the system does not tell.
    pub program: String,
    /// Since when, in seconds since 1970, UTC.
    pub since_s: u64,
    /// The size of the model's files.
    pub bytes: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Removed before the lock ends with the file, so that nobody takes the
        // name of one that is still held.
        let _ = fs::remove_file(&self.place);
    }
}

impl Store {
    /// Marks an installed model as in use, by this process, until the lease is
    /// dropped. `None` where the store cannot be written, as nothing is removed
    /// from such a store either.
    pub fn lease(&self, name: &str) -> Result<Option<Lease>> {
        let bytes = self.manifest(name)?.model.size_bytes;
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let holder = LeaseHolder {
            model: name.to_owned(),
            process: process::id(),
            program: program(),
            since_s: since.map_or(0, |since| since.as_secs()),
            bytes,
        };
        let folder = self.folder.join(FOLDER);
        match take(&folder, &holder) {
            Ok(lease) => {
                // It may have been removed before the lease was there.
                self.manifest(name)?;
                Ok(Some(lease))
            }
            Err(error) => match error.kind() {
                io::ErrorKind::PermissionDenied
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::Unsupported => Ok(None),
                _ => Err(Error::Io { path: folder, source: error }),
            },
        }
    }

    /// The leases that are held now, by model. Those of processes that ended
    /// without a word are cleared away.
    pub fn leases(&self) -> Result<Vec<LeaseHolder>> {
        let folder = self.folder.join(FOLDER);
        let mut holders = held(&folder).map_err(|source| Error::Io { path: folder, source })?;
        holders.sort_by(|a, b| {
            (&a.model, a.since_s, a.process).cmp(&(&b.model, b.since_s, b.process))
        });
        Ok(holders)
    }

    /// Who uses the model called `name`.
    pub(super) fn holders(&self, name: &str) -> Result<Vec<LeaseHolder>> {
        let mut holders = self.leases()?;
        holders.retain(|holder| holder.model == name);
        Ok(holders)
    }
}

/// A number that no lease had before, also of an earlier process that had this
/// one's number.
fn number() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.map_or(0, |since| since.as_nanos() as u64);
    let next = |last: u64| Some(now.max(last + 1));
    LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
        .map_or(now, |last| now.max(last + 1))
}

/// What the system calls this process.
fn program() -> String {
    let name = fs::read_to_string("/proc/self/comm").unwrap_or_default();
    name.trim().to_owned()
}

fn take(folder: &Path, holder: &LeaseHolder) -> io::Result<Lease> {
    fs::create_dir_all(folder)?;
    let mut attempts = 0;
    loop {
        let name = format!("{}.{}.{}", holder.model, holder.process, number());
        let place = folder.join(&name);
        let fresh = folder.join(format!("{FRESH}{name}"));
        match try_take(folder, &place, &fresh, holder) {
            Ok(file) => return Ok(Lease { place, _file: file }),
            // Somebody cleared it away before it was locked, or has the same
            // number in another container.
            Err(error)
                if attempts < ATTEMPTS
                    && matches!(
                        error.kind(),
                        io::ErrorKind::NotFound
                            | io::ErrorKind::AlreadyExists
                            | io::ErrorKind::WouldBlock
                    ) =>
            {
                attempts += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes the lease under a name that does not count, locks it, then gives it
/// the name that does: at no moment is there an unlocked lease.
fn try_take(folder: &Path, place: &Path, fresh: &Path, holder: &LeaseHolder) -> io::Result<File> {
    if place.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(fresh)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(error)) => {
            let _ = fs::remove_file(fresh);
            return Err(error);
        }
    }
    let named = file
        .write_all(&serde_json::to_vec(holder).map_err(io::Error::from)?)
        .and_then(|()| fs::rename(fresh, place));
    if let Err(error) = named {
        let _ = fs::remove_file(fresh);
        return Err(error);
    }
    Ok(file)
}

/// The holders of all leases that are locked; the others are removed.
fn held(folder: &Path) -> io::Result<Vec<LeaseHolder>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut holders = Vec::new();
    for entry in entries {
        let entry = entry?;
        let place = entry.path();
        let Ok(name) = entry.file_name().into_string() else { continue };
        // It was given back meanwhile.
        let Ok(file) = File::open(&place) else { continue };
        match file.try_lock() {
            // Whoever held it is gone.
            Ok(()) => {
                let _ = fs::remove_file(&place);
            }
            Err(_) if name.starts_with(FRESH) => {}
            Err(_) => holders.extend(holder(&place, &name)),
        }
    }
    Ok(holders)
}

/// What a lease says, or what its name does where it cannot be read.
fn holder(place: &Path, name: &str) -> Option<LeaseHolder> {
    let bytes = read_optional(place, MOST_BYTES).ok().flatten();
    let said = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    said.or_else(|| {
        let mut parts = name.rsplitn(3, '.').skip(1);
        let process = parts.next()?.parse().ok()?;
        let model = parts.next()?.to_owned();
        Some(LeaseHolder { model, process, program: String::new(), since_s: 0, bytes: 0 })
    })
}
