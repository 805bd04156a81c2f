//! All processes of a command, found by a mark that they cannot take off.
//!
//! A process group is left with `setsid`, and a parent is lost when it ends.
//! The limit on file locks (`RLIMIT_LOCKS`) means nothing to Linux since 2.4.25,
//! is inherited, stands in `/proc/PID/limits`, and the filter of system calls
//! keeps a command from setting it. So a number of our own stands there.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::keeper::{Deed, Keeper};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, kill_process_group, pidfd_open, pidfd_send_signal,
    prlimit,
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
        // All of it comes with one call: this is done for many processes.
        let mut buffer = [0; 4096];
        let length = fs::File::open(format!("/proc/{pid}/limits"))
            .and_then(|mut file| file.read(&mut buffer))
            .unwrap_or(0);
        let limits = String::from_utf8_lossy(&buffer[..length]);
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
    /// Processes of others that were there before the command, or when somebody
    /// looked last.
    others: BTreeSet<u32>,
    /// Tasks of the whole system that gave no reason to look.
    tasks: u64,
    keeper: Keeper,
}

/// What the processes of a command take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) processes: usize,
    pub(crate) memory_bytes: u64,
}

impl Tree {
    /// The processes of a shell that has not become the command yet.
    pub(crate) fn new(tag: Tag, group: Pid, keeper: Keeper) -> Self {
        let mut others = processes();
        others.remove(&(group.as_raw_nonzero().get() as u32));
        Self { tag, group, others, tasks: tasks().unwrap_or(0), keeper }
    }

    /// Whether there are more processes than there may be, asked often and in
    /// little time: a single number of the whole system tells whether that can
    /// be. Where it can, all are stopped while they are counted: a counter that
    /// shares the processors with a thousand others would come too late.
    pub(crate) fn has_more_than(&mut self, limit: usize) -> bool {
        let Some(tasks) = tasks() else { return false };
        if tasks <= self.tasks.saturating_add(limit as u64) {
            self.tasks = self.tasks.min(tasks);
            return false;
        }
        self.keeper.does(Deed::Stop);
        if self.look().processes > limit {
            return true;
        }
        self.keeper.does(Deed::Continue);
        self.tasks = tasks;
        false
    }

    /// Looks what all processes take. One of ours that got the number of
    /// another's that has ended since the last look is missed.
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

    /// Kills all processes, waits until they are gone, and tells how many there
    /// were beside the first. That one has not been waited for yet, so that its
    /// group's number is no other's.
    pub(crate) fn kill(&mut self) -> usize {
        let first = self.group.as_raw_nonzero().get() as u32;
        let deadline = Instant::now() + GONE;
        if !self.keeper.reaches_all() {
            return self.kill_one_by_one(first, deadline);
        }
        let left = self.look().processes - usize::from(!is_dead(first));
        if !self.keeper.does(Deed::Kill) {
            return self.kill_one_by_one(first, deadline).max(left);
        }
        // Killed they all are; what one was about to write may still come.
        while self.look().processes > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_micros(200));
        }
        left
    }

    /// Kills what bears the mark until nothing is found any more: where the
    /// kernel does not bound signals, or the keeper is gone.
    fn kill_one_by_one(&mut self, first: u32, deadline: Instant) -> usize {
        let mut killed = BTreeSet::new();
        let mut in_a_row = 0;
        while in_a_row < SURE && Instant::now() < deadline {
            // The group at once: no process of it can start another meanwhile.
            let _ = kill_process_group(self.group, Signal::KILL);
            let mut found = false;
            for pid in processes() {
                let Some(id) = Pid::from_raw(pid as i32) else { continue };
                // The file descriptor holds on to the process whose mark is
                // looked at, whatever becomes of its number.
                let Ok(process) = pidfd_open(id, PidfdFlags::empty()) else { continue };
                if !self.tag.is_on(pid) {
                    continue;
                }
                let _ = pidfd_send_signal(&process, Signal::KILL);
                if !is_dead(pid) {
                    found = true;
                    if pid != first {
                        killed.insert(pid);
                    }
                }
            }
            in_a_row = if found { 0 } else { in_a_row + 1 };
        }
        killed.len()
    }
}

/// How many tasks the whole system has.
fn tasks() -> Option<u64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().nth(3)?.split_once('/')?.1.parse().ok()
}

/// The numbers of all processes.
fn processes() -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
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
