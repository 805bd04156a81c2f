//! How much there is, of the whole system and of one user.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};

use super::census::{processes, state};

/// The tasks of the whole system, which are read often and in little time.
#[derive(Debug)]
pub(super) struct Tasks(fs::File);

/// How many tasks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Those that run or wait for a processor.
    pub(super) running: u64,
    pub(super) all: u64,
}

impl Tasks {
    pub(super) fn open() -> Option<Self> {
        fs::File::open("/proc/loadavg").ok().map(Self)
    }

    pub(super) fn load(&self) -> Option<Load> {
        let mut buffer = [0; 128];
        let length = self.0.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(&buffer[..length]).ok()?;
        let (running, all) = text.split_whitespace().nth(3)?.split_once('/')?;
        Some(Load { running: running.parse().ok()?, all: all.parse().ok()? })
    }
}

/// The memory of the whole system that programs could still have.
#[derive(Debug)]
pub(super) struct Memory(fs::File);

impl Memory {
    pub(super) fn open() -> Option<Self> {
        fs::File::open("/proc/meminfo").ok().map(Self)
    }

    pub(super) fn available_bytes(&self) -> Option<u64> {
        // It is the third line.
        let mut buffer = [0; 256];
        let length = self.0.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(&buffer[..length]).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
    }
}

/// How many tasks whoever runs this has, or a number that is surely not less:
/// what the kernel compares with a limit of its own on them. Nothing for the
/// system's root, whom it does not compare.
pub(crate) fn tasks_of_the_user() -> Option<u64> {
    let user = rustix::process::getuid();
    if user.is_root() && is_the_systems_root() {
        return None;
    }
    // Elsewhere than in the system's first space of process numbers, not all of
    // a user's tasks can be seen, but the kernel counts them.
    let sees_all = fs::read_link("/proc/self/ns/pid")
        .is_ok_and(|place| place.as_os_str() == "pid:[4026531836]");
    if !sees_all {
        return Tasks::open()?.load().map(|load| load.all);
    }
    let user = user.as_raw();
    let own =
        |pid: u32| fs::metadata(format!("/proc/{pid}")).is_ok_and(|folder| folder.uid() == user);
    let mut tasks = 0;
    processes(|pid, _| {
        if own(pid) {
            tasks += state(pid).map_or(0, |state| state.threads.max(1) as u64);
        }
        false
    });
    Some(tasks)
}

/// Whether root here is root everywhere, and not of a user namespace alone.
fn is_the_systems_root() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_some() {
        let load = Tasks::open().unwrap().load().unwrap();
        assert!(load.all >= load.running && load.running >= 1, "{load:?}");
        assert!(Memory::open().unwrap().available_bytes().unwrap() > 0);
        assert!(tasks_of_the_user().is_none_or(|tasks| tasks >= 1));
    }
}
