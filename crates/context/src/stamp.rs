//! What the system tells of a file without opening it.

use std::fs;
use std::path::Path;

/// How long a file is and when it was changed; of a folder, when something in
/// it came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub size_bytes: u64,
    pub changed_ns: i64,
}

impl Stamp {
    /// That of what lies at `path`, or of the link there.
    pub fn of(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().map(|meta| Self::from(&meta))
    }
}

#[cfg(target_os = "linux")]
impl From<&rustix::fs::Stat> for Stamp {
    fn from(stat: &rustix::fs::Stat) -> Self {
        let is_folder = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir();
        let size_bytes = if is_folder { 0 } else { u64::try_from(stat.st_size).unwrap_or(0) };
        let seconds = stat.st_ctime.saturating_mul(1_000_000_000);
        let rest = i64::try_from(stat.st_ctime_nsec).unwrap_or(0);
        Self { size_bytes, changed_ns: seconds.saturating_add(rest) }
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(meta: &fs::Metadata) -> Self {
        // A folder's size says nothing that its time does not.
        let size_bytes = if meta.is_dir() { 0 } else { meta.len() };
        Self { size_bytes, changed_ns: changed_ns(meta) }
    }
}

/// When a file was last written or put in the place of another: the time that
/// programs cannot set, where the system has one.
#[cfg(unix)]
pub fn changed_ns(meta: &fs::Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt as _;
    meta.ctime().saturating_mul(1_000_000_000).saturating_add(meta.ctime_nsec())
}

/// When a file was last written, as far as the system tells.
#[cfg(not(unix))]
pub fn changed_ns(meta: &fs::Metadata) -> i64 {
    let since = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}
