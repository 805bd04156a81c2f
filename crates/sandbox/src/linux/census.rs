//! All processes of a command, counted.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem::MaybeUninit;

use rustix::fs::{Mode, OFlags, RawDir};

use super::mark::Mark;

/// Bytes of the list of processes that are read at once, some fifteen of them.
const AT_ONCE_BYTES: usize = 512;

/// Of processes that are known to be others', every so many is a reason to ask
/// whether to go on.
const CHEAP: usize = 16;

/// What the processes of a command are and take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// Processes that run.
    pub(super) living: usize,
    /// Processes that have ended and that nobody has waited for: these take a
    /// number too, and a control group counts them.
    pub(super) dead: usize,
    /// Threads of all that run, of each the first too.
    pub(super) threads: usize,
    pub(super) memory_bytes: u64,
}

/// Finds the processes that bear a mark.
#[derive(Debug)]
pub(super) struct Census {
    mark: Mark,
    known: BTreeMap<u32, Known>,
    looks: u64,
}

/// What was found out of a process once: a mark stays.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The number of its folder's inode. A number of a process is another's
    /// soon where many are started; this one is not.
    inode: u64,
    is_ours: bool,
    /// The number of the last look in which it was there.
    seen: u64,
}

/// What `/proc/PID/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    letter: u8,
    pub(super) threads: usize,
}

impl State {
    /// Whether nothing of the process runs any more. Its first thread may have
    /// ended alone.
    fn is_dead(self) -> bool {
        matches!(self.letter, b'Z' | b'X') && self.threads <= 1
    }
}

impl Census {
    /// Takes note of the processes that are there, so that a later count reads
    /// less.
    pub(super) fn new(mark: Mark) -> Self {
        let mut census = Self { mark, known: BTreeMap::new(), looks: 0 };
        census.find();
        census
    }

    /// Counts what bears the mark now, or until what was counted is enough.
    pub(super) fn count(&mut self, mut is_enough: impl FnMut(&Use) -> bool) -> Use {
        let mut used = Use::default();
        self.look(|pid, is_ours| {
            if is_ours && let Some(state) = state(pid) {
                if state.is_dead() {
                    used.dead += 1;
                } else {
                    used.living += 1;
                    used.threads += state.threads;
                    used.memory_bytes += memory(pid, state.threads);
                }
            }
            is_enough(&used)
        });
        used
    }

    /// How many processes run.
    pub(super) fn living(&mut self) -> usize {
        self.find().into_iter().filter(|pid| lives(*pid)).count()
    }

    /// Whether a process bears the mark now.
    pub(super) fn bears_the_mark(&self, pid: u32) -> bool {
        self.mark.is_on(pid) == Some(true)
    }

    /// The numbers of the processes that bear the mark.
    pub(super) fn find(&mut self) -> Vec<u32> {
        let mut found = Vec::new();
        self.look(|pid, is_ours| {
            found.extend(is_ours.then_some(pid));
            false
        });
        found
    }

    /// Looks at each process, whether it is ours, until `is_enough`.
    fn look(&mut self, mut is_enough: impl FnMut(u32, bool) -> bool) {
        self.looks += 1;
        let seen = self.looks;
        let mut looked_at = 0_usize;
        let is_whole = processes(|pid, inode| {
            let known = self.known.get(&pid).filter(|known| known.inode == inode && inode > 1);
            let is_known = known.is_some();
            let is_ours = match known {
                Some(known) => known.is_ours,
                None => match self.mark.is_on(pid) {
                    Some(is_ours) => is_ours,
                    // It is asked again where it could not be looked at.
                    None => return is_enough(pid, false),
                },
            };
            self.known.insert(pid, Known { inode, is_ours, seen });
            looked_at += 1;
            // What costs nothing is not worth a question each time.
            let is_cheap = is_known && !is_ours && !looked_at.is_multiple_of(CHEAP);
            !is_cheap && is_enough(pid, is_ours)
        });
        if !is_whole {
            return;
        }
        self.known.retain(|_, known| known.seen == seen);
    }
}

/// Whether a process is there and not dead. One that cannot be looked at, for
/// whatever reason but that it is gone, is.
pub(super) fn lives(pid: u32) -> bool {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(stat) => parse(&stat).is_none_or(|state| !state.is_dead()),
        Err(error) => !is_gone(&error),
    }
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// The state of a process that is there.
pub(super) fn state(pid: u32) -> Option<State> {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(stat) => parse(&stat),
        Err(error) if is_gone(&error) => None,
        Err(_) => Some(State { letter: b'?', threads: 1 }),
    }
}

fn parse(stat: &[u8]) -> Option<State> {
    // The name in parentheses may hold anything.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let letter = *fields.next()?.as_bytes().first()?;
    // The state is the third field of the line, the threads are the twentieth.
    let threads = fields.nth(16)?.parse().ok()?;
    Some(State { letter, threads })
}

/// Hands out the numbers of all processes, each with that of its folder's
/// inode, until `is_enough`; false where that was before the end.
///
/// They are read few at a time: where hundreds of processes share the
/// processors, what this thread does in a millisecond takes a tenth of a
/// second, and who counts has to notice that there are more and more.
pub(super) fn processes(mut is_enough: impl FnMut(u32, u64) -> bool) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = rustix::fs::open("/proc", flags, Mode::empty()) else { return false };
    let mut buffer = [MaybeUninit::uninit(); AT_ONCE_BYTES];
    let mut entries = RawDir::new(folder, &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        let pid = entry.file_name().to_str().ok().and_then(|name| name.parse().ok());
        if pid.is_some_and(|pid| is_enough(pid, entry.ino())) {
            return false;
        }
    }
    true
}

/// Memory that nothing but this process fills: what files back is left out.
fn memory(pid: u32, threads: usize) -> u64 {
    let status = |path: String| fs::read_to_string(path).ok().and_then(|text| anonymous(&text));
    if let Some(bytes) = status(format!("/proc/{pid}/status")) {
        return bytes;
    }
    if threads <= 1 {
        return 0;
    }
    // The first thread has ended, and memory is told by the others alone.
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut numbers = tasks.filter_map(|task| task.file_name().into_string().ok());
    numbers.find_map(|task| status(format!("/proc/{pid}/task/{task}/status"))).unwrap_or(0)
}

fn anonymous(status: &str) -> Option<u64> {
    let kibibytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some((kibibytes("RssAnon:")? + kibibytes("RssShmem:")?) << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_programs_name_is() {
        let line = |name: &str, state: char, threads: u32| {
            let middle = "1 2 2 0 -1 4194560 5 0 0 0 0 0 0 0 20 0";
            format!("77 ({name}) {state} {middle} {threads} 0 123 0 0\n").into_bytes()
        };
        for (name, letter, threads, is_dead) in [
            ("sh", 'S', 1, false),
            ("a) Z 1 (b", 'R', 12, false),
            ("sh", 'Z', 1, true),
            ("sh", 'X', 0, true),
            // The first thread alone has ended.
            ("sh", 'Z', 2, false),
        ] {
            let state = parse(&line(name, letter, threads)).unwrap();
            assert_eq!((state.letter, state.threads), (letter as u8, threads as usize));
            assert_eq!(state.is_dead(), is_dead, "{state:?}");
        }
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"77 (sh) S 1 2"), None);
    }

    #[test]
    fn memory_is_what_no_file_backs() {
        let status = "Name:\tx\nRssAnon:\t     100 kB\nRssFile:\t 7 kB\nRssShmem:\t 28 kB\n";
        assert_eq!(anonymous(status), Some(128 << 10));
        assert_eq!(anonymous("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    /// Where many processes are started, a number is another's after a moment.
    /// Which number comes next is root's to say.
    #[test]
    fn a_number_that_is_anothers_now_is_looked_at_again() {
        let start = || std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = |child: &std::process::Child| rustix::process::Pid::from_child(child);
        let mark = Mark::new();
        for _ in 0..20 {
            let mut child = start();
            let number = child.id();
            let mut census = Census::new(mark);
            assert!(census.find().is_empty());
            child.kill().unwrap();
            child.wait().unwrap();
            if fs::write("/proc/sys/kernel/ns_last_pid", (number - 1).to_string()).is_err() {
                return;
            }
            let mut child = start();
            let is_same = child.id() == number;
            mark.put_on(pid(&child)).unwrap();
            let found = census.find();
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(found, [child.id()]);
            if is_same {
                return;
            }
        }
    }

    #[test]
    fn this_process_lives_and_one_that_was_waited_for_does_not() {
        assert!(lives(std::process::id()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!lives(child.id()));
    }
}
