//! All processes of a command, found by a mark that they cannot take off.
//!
//! A process group is left with `setsid`, and a parent is lost when it ends.
//! The limit on file locks (`RLIMIT_LOCKS`) means nothing to Linux since 2.4.25,
//! is inherited, stands in `/proc/PID/limits`, and the filter of system calls
//! keeps a command from setting it. So a number of our own stands there.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::spawned::WATCHER;

use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, kill_process_group, pidfd_open,
    pidfd_send_signal, prlimit,
};

/// How long processes are looked for that have been killed: one that waits in a
/// driver is not gone before the driver lets it.
const GONE: Duration = Duration::from_secs(10);

/// How often nothing has to be found in a row.
const SURE: usize = 2;

/// A number that the processes of one command bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(u64);

impl Tag {
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

    fn is_on(self, pid: u32) -> bool {
        let Ok(limits) = fs::read_to_string(format!("/proc/{pid}/limits")) else { return false };
        let line = limits.lines().find_map(|line| line.strip_prefix("Max file locks"));
        // The hard limit is the second number.
        let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        number == Some(self.0)
    }
}

/// The processes of a command.
#[derive(Debug)]
pub(crate) struct Tree {
    tag: Tag,
    /// The group of the first process, until that is waited for.
    group: Pid,
    /// Processes of others that were there when somebody looked last.
    others: BTreeSet<u32>,
}

/// What the processes of a command take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) processes: usize,
    pub(crate) memory_bytes: u64,
}

impl Tree {
    pub(crate) fn new(tag: Tag, group: Pid) -> Self {
        Self { tag, group, others: BTreeSet::new() }
    }

    /// Looks what all processes take. A process of another that has ended and
    /// whose number a new one of ours got since the last look is missed; what
    /// ends the command looks at all.
    pub(crate) fn look(&mut self) -> Use {
        let here = processes();
        self.others.retain(|pid| here.contains(pid));
        let mut used = Use::default();
        for pid in here {
            if self.others.contains(&pid) {
                continue;
            }
            if !self.tag.is_on(pid) {
                self.others.insert(pid);
            } else if !is_dead(pid) {
                used.processes += 1;
                used.memory_bytes += memory(pid);
            }
        }
        used
    }

    /// Kills all processes, and tells how many there were beside the first.
    /// The first one has not been waited for yet, so that its group's number is
    /// no other's.
    pub(crate) fn kill(&self) -> usize {
        let deadline = Instant::now() + GONE;
        let first = self.group.as_raw_nonzero().get() as u32;
        let mut killed = BTreeSet::new();
        let mut in_a_row = 0;
        let mut round = 0_u32;
        while in_a_row < SURE && Instant::now() < deadline {
            // The group at once: no process of it can start another meanwhile.
            let _ = kill_process_group(self.group, Signal::KILL);
            let mut found = false;
            for pid in processes() {
                let Some(id) = Pid::from_raw(pid as i32) else { continue };
                // The file descriptor holds on to the process whose mark is
                // looked at, whatever becomes of its number.
                let Ok(process) = pidfd_open(id, PidfdFlags::empty()) else { continue };
                if !self.tag.is_on(pid) || is_dead(pid) {
                    continue;
                }
                found = true;
                let _ = pidfd_send_signal(&process, Signal::KILL);
                if pid != first && !is_watcher(pid) {
                    killed.insert(pid);
                }
            }
            in_a_row = if found { 0 } else { in_a_row + 1 };
            round += 1;
            // At first nobody gets time to start another; a process that does
            // not end is not looked at without pause.
            if found && round > 50 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        killed.len()
    }
}

/// The numbers of all processes.
fn processes() -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Whether it is the shell that we left behind ourselves.
fn is_watcher(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
        let line = String::from_utf8_lossy(&line);
        line.contains(WATCHER)
    })
}

/// Whether a process has ended and only waits to be waited for.
fn is_dead(pid: u32) -> bool {
    let Ok(stat) = fs::read(format!("/proc/{pid}/stat")) else { return true };
    // The name in parentheses may hold anything.
    let state = stat.iter().rposition(|byte| *byte == b')').and_then(|at| stat.get(at + 2));
    matches!(state, None | Some(b'Z' | b'X'))
}

/// Memory that nothing but this process fills: what files back is left out.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status")));
    let status = status.unwrap_or_default();
    let kibibytes = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    (kibibytes("RssAnon:") + kibibytes("RssShmem:")) << 10
}
