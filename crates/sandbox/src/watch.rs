//! How much of the disk a command has taken.

use std::path::{Path, PathBuf};

use crate::policy::Limits;

/// The disks that a command writes to, as they were before it.
#[derive(Debug)]
pub(crate) struct Disks {
    before: Vec<(PathBuf, Room)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    bytes: u64,
    files: u64,
}

impl Disks {
    /// Looks at the disks of some folders. One that cannot be asked is left
    /// out.
    pub(crate) fn look<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Self {
        let before = folders.into_iter().filter_map(|at| Some((at.to_owned(), room(at)?)));
        Self { before: before.collect() }
    }

    /// Whether a limit is passed.
    pub(crate) fn are_full(&self, limits: &Limits) -> bool {
        self.before
            .iter()
            .filter_map(|(folder, before)| Some((*before, room(folder)?)))
            .any(|(before, now)| is_beyond(before, now, limits))
    }
}

fn is_beyond(before: Room, now: Room, limits: &Limits) -> bool {
    let taken = before.bytes.saturating_sub(now.bytes);
    // A disk that was nearly full before is not the command's doing.
    let leaves = limits.free_bytes.min(before.bytes / 2);
    taken > limits.disk_bytes
        || now.bytes < leaves
        || before.files.saturating_sub(now.files) > limits.files
}

#[cfg(unix)]
fn room(folder: &Path) -> Option<Room> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(Room { bytes: stat.f_bavail.saturating_mul(stat.f_frsize), files: stat.f_ffree })
}

#[cfg(not(unix))]
fn room(_folder: &Path) -> Option<Room> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fills_is_seen_and_one_that_was_full_is_not_blamed() {
        let mut limits = Limits::default();
        (limits.disk_bytes, limits.free_bytes, limits.files) = (1_000, 100, 10);
        let room = |bytes, files| Room { bytes, files };
        for (before, now, expect) in [
            (room(5_000, 50), room(5_000, 50), false),
            (room(5_000, 50), room(4_000, 40), false),
            (room(5_000, 50), room(3_999, 50), true),
            (room(5_000, 50), room(5_000, 39), true),
            (room(500, 50), room(99, 50), true),
            (room(50, 50), room(40, 50), false),
            (room(50, 50), room(20, 50), true),
            (room(0, 0), room(0, 0), false),
            (room(500, 50), room(900, 90), false),
        ] {
            assert_eq!(is_beyond(before, now, &limits), expect, "{before:?} {now:?}");
        }
    }
}
