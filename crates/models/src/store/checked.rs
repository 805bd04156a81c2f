//! The bytes of an installed model before it loads.
//!
//! What is small is hashed at every load. What is large is hashed when
//! anything about the file changed, when the machine started anew, and after
//! some days; until then the record of the last time stands for it.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mlxcode_base::{CancelToken, Progress, ProgressEvent};
use serde::{Deserialize, Serialize};

use super::hash::hash_all;
use super::manifest::ModelFile;
use super::modified_ns;
use crate::error::{Error, Result};
use crate::files::read_optional;

/// A processor that sums in hardware takes a quarter of a second for as much,
/// which is little beside loading it.
const ALWAYS_BYTES: u64 = if cfg!(test) { 16 } else { 256 << 20 };

/// Disks lose bits over months; a week keeps the wait of some seconds rare.
const MOST_AGE: Duration = Duration::from_hours(7 * 24);

/// Hidden, as no file of a model is.
pub const RECORD: &str = ".checked.json";

/// The record before it is whole.
pub const FRESH_RECORD: &str = ".checked-new";

/// Some hundred bytes a file.
const MOST_BYTES: u64 = 16 << 20;

/// When a file was last found to be what was installed, and how it looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    modified_ns: u64,
    /// When anything of the file changed, its times included; nobody can set
    /// it back. 0 where the system does not tell.
    changed_ns: i128,
    /// Seconds since 1970.
    checked_s: u64,
    /// The start of the machine that it was under; `None` where not known.
    boot: Option<String>,
}

/// When, as a record needs it.
#[derive(Clone, Debug)]
pub struct Moment {
    now_s: u64,
    boot: Option<String>,
}

impl Moment {
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        Self {
            now_s: since.map_or(0, |since| since.as_secs()),
            boot: boot.map(|id| id.trim().to_owned()),
        }
    }
}

impl Seen {
    pub fn of(meta: &Metadata, moment: &Moment) -> Self {
        Self {
            modified_ns: modified_ns(meta),
            changed_ns: changed_ns(meta),
            checked_s: moment.now_s,
            boot: moment.boot.clone(),
        }
    }

    /// Whether a file that looks like `now` need not be read again.
    fn stands_for(&self, now: &Self) -> bool {
        // A clock that was set back says nothing of the age.
        let age = now.checked_s.checked_sub(self.checked_s);
        (self.modified_ns, self.changed_ns) == (now.modified_ns, now.changed_ns)
            && self.boot == now.boot
            && age.is_some_and(|age| age < MOST_AGE.as_secs())
    }
}

/// Whether a file must be read again before it is used.
fn is_due(size_bytes: u64, last: Option<&Seen>, now: &Seen) -> bool {
    size_bytes <= ALWAYS_BYTES || !last.is_some_and(|last| last.stands_for(now))
}

/// Checks that the files in `folder` are what was installed.
pub fn check(
    folder: &Path,
    files: &[ModelFile],
    moment: &Moment,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<()> {
    let record = read(folder);
    let mut seen = BTreeMap::new();
    let mut due = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        let meta = metadata(&path)?;
        if meta.len() != file.size_bytes {
            return Err(Error::ChecksumMismatch { path });
        }
        let now = Seen::of(&meta, moment);
        let last = record.get(&file.name);
        match last.filter(|_| !is_due(file.size_bytes, last, &now)) {
            Some(last) => {
                seen.insert(file.name.clone(), last.clone());
            }
            None => due.push((file, path, now)),
        }
    }
    let total = due.iter().map(|(file, ..)| file.size_bytes).sum();
    let done = AtomicU64::new(0);
    let paths: Vec<PathBuf> = due.iter().map(|(_, path, _)| path.clone()).collect();
    let found = hash_all(&paths, cancel, &|number, bytes| {
        let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let task = format!("checking {}", due[number].0.name);
        progress.report(ProgressEvent::new(task, done, Some(total)));
    });
    for ((file, path, now), found) in due.iter().zip(found) {
        if found? != file.sha256 {
            return Err(Error::ChecksumMismatch { path: path.clone() });
        }
        seen.insert(file.name.clone(), now.clone());
    }
    // Small ones are read each time; only a large one's record is of use.
    if files.iter().any(|file| file.size_bytes > ALWAYS_BYTES) && seen != record {
        write(folder, &seen);
    }
    Ok(())
}

/// What the system says of a model's file, links followed.
pub fn metadata(path: &Path) -> Result<Metadata> {
    fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::MissingFile { path: path.to_owned() },
        _ => Error::Io { path: path.to_owned(), source },
    })
}

/// A record that cannot be read only means that the files are.
fn read(folder: &Path) -> BTreeMap<String, Seen> {
    let bytes = read_optional(&folder.join(RECORD), MOST_BYTES).ok().flatten();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Writes the record where that is possible; without one, the next load reads
/// the files again.
pub fn write(folder: &Path, seen: &BTreeMap<String, Seen>) {
    let Ok(bytes) = serde_json::to_vec_pretty(seen) else { return };
    let fresh = folder.join(FRESH_RECORD);
    let _ = fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, folder.join(RECORD)));
}

#[cfg(unix)]
fn changed_ns(meta: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt;
    i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec())
}

#[cfg(not(unix))]
fn changed_ns(_meta: &Metadata) -> i128 {
    0
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::super::hash::hash;
    use super::*;

    const DAY_S: u64 = 24 * 60 * 60;

    #[test]
    fn a_large_file_is_read_again_when_there_is_a_reason() {
        let large = ALWAYS_BYTES + 1;
        let last = Seen {
            modified_ns: 5,
            changed_ns: 6,
            checked_s: 100 * DAY_S,
            boot: Some("one".to_owned()),
        };
        let later = Seen { checked_s: 106 * DAY_S, ..last.clone() };
        assert!(!is_due(large, Some(&last), &later));
        assert!(is_due(ALWAYS_BYTES, Some(&last), &later), "small ones always are");
        assert!(is_due(large, None, &later));
        for changed in [
            Seen { checked_s: 107 * DAY_S, ..last.clone() },
            Seen { checked_s: 99 * DAY_S, ..last.clone() },
            Seen { boot: Some("two".to_owned()), ..later.clone() },
            Seen { modified_ns: 4, ..later.clone() },
            Seen { changed_ns: 7, ..later.clone() },
        ] {
            assert!(is_due(large, Some(&last), &changed), "{changed:?}");
        }
    }

    #[test]
    fn a_large_file_is_read_when_it_is_due_and_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("model.gguf");
        fs::write(&place, "twenty bytes of it..").unwrap();
        let file = ModelFile {
            name: "model.gguf".to_owned(),
            size_bytes: 20,
            sha256: hash(&place, &CancelToken::new(), &mut |_| {}).unwrap(),
            modified_ns: 0,
            origin: None,
        };
        let read = |day: u64, boot: &str| {
            let moment = Moment { now_s: day * DAY_S, boot: Some(boot.to_owned()) };
            let most = AtomicU64::new(0);
            let progress = |event: ProgressEvent| most.store(event.done, Ordering::Relaxed);
            let files = slice::from_ref(&file);
            let checked = check(folder.path(), files, &moment, &progress, &CancelToken::new());
            checked.map(|()| most.into_inner())
        };
        assert_eq!(read(1, "one").unwrap(), 20);
        assert_eq!(read(7, "one").unwrap(), 0);
        assert_eq!(read(8, "one").unwrap(), 20);
        assert_eq!(read(9, "two").unwrap(), 20);
        assert_eq!(read(9, "two").unwrap(), 0);
        let time = fs::metadata(&place).unwrap().modified().unwrap();
        // Long enough for another time of the last change.
        std::thread::sleep(Duration::from_millis(30));
        let touch = |time| fs::File::options().write(true).open(&place).unwrap().set_modified(time);
        touch(UNIX_EPOCH).unwrap();
        assert_eq!(read(9, "two").unwrap(), 20);
        std::thread::sleep(Duration::from_millis(30));
        fs::write(&place, "Twenty bytes of it..").unwrap();
        touch(UNIX_EPOCH).unwrap();
        // Where the system keeps no time that nobody can set, after a week.
        let day = if cfg!(unix) { 9 } else { 16 };
        assert!(matches!(read(day, "two"), Err(Error::ChecksumMismatch { .. })));
        fs::write(&place, "twenty bytes of it..").unwrap();
        touch(time).unwrap();
        assert_eq!(read(day, "two").unwrap(), 20);
    }

    #[test]
    fn a_record_comes_back_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), BTreeMap::new());
        let meta = fs::metadata(folder.path()).unwrap();
        let seen = Seen::of(&meta, &Moment { now_s: 7, boot: None });
        let record = BTreeMap::from([("model.gguf".to_owned(), seen)]);
        write(folder.path(), &record);
        assert_eq!(read(folder.path()), record);
        fs::write(folder.path().join(RECORD), "{").unwrap();
        assert_eq!(read(folder.path()), BTreeMap::new());
    }
}
