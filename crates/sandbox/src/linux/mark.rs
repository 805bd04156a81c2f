use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// A number that all processes of one command bear, and cannot take off.
///
/// A process group is left with `setsid`, and a parent is lost when it ends.
/// The limit on file locks (`RLIMIT_LOCKS`) means nothing to Linux since 2.4.25,
/// is inherited, stands in `/proc/PID/limits`, and the filter of system calls
/// keeps a command from setting it. So a number of our own stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    /// A number that no other command has.
    pub(crate) fn new() -> Self {
        // The standard library's hasher has random keys. Half of all numbers
        // are left out: the largest ones mean "no limit".
        Self(RandomState::new().hash_one(std::process::id()) >> 1 | 1)
    }

    /// Marks a process, before it has started another one.
    pub(crate) fn put_on(self, pid: Pid) -> io::Result<()> {
        let limit = Rlimit { current: Some(self.0), maximum: Some(self.0) };
        prlimit(Some(pid), Resource::Locks, limit)?;
        Ok(())
    }

    /// Whether a process bears it, also one that is dead and not waited for;
    /// nothing where it is gone or cannot be looked at now.
    pub(super) fn is_on(self, pid: u32) -> Option<bool> {
        // All of it comes with one call: this is done for many processes.
        let mut buffer = [0; 4096];
        let length = fs::File::open(format!("/proc/{pid}/limits"))
            .and_then(|mut file| file.read(&mut buffer))
            .ok()?;
        let limits = String::from_utf8_lossy(&buffer[..length]);
        let line = limits.lines().find_map(|line| line.strip_prefix("Max file locks"))?;
        // The hard limit is the second number.
        let number = line.split_whitespace().nth(1)?;
        Some(number.parse() == Ok(self.0))
    }
}
