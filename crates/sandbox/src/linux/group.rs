//! A control group of its own for a command, in which the kernel starts no more
//! tasks than there may be.
//!
//! That is a bound which nothing outruns, and the only one for root, whom
//! `RLIMIT_NPROC` does not count. The group lies below our own, so that what
//! bounds us bounds it too; a neighbour would escape the limits of a service.
//! So it can be had where groups that hold processes may have others below them
//! that count: in the first version of the interface, and in the root group of
//! the second.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::Pid;

/// How groups of ours are called, with the number of who made them behind it.
const NAME: &str = "mlx-code-";

/// How often a group is tried to be removed, a millisecond apart: what was
/// killed is gone a little later.
const TRIES: usize = 100;

/// A group, removed with the value.
#[derive(Debug)]
pub(crate) struct Group(PathBuf);

/// Where a group could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    folder: PathBuf,
    /// Whether the folder has to say that it hands on the counting to the
    /// groups in it, as in the second version of the interface.
    hands_on: bool,
}

impl Group {
    /// Makes a group for so many tasks, threads among them; nothing where that
    /// cannot be done.
    pub(crate) fn make(tasks: usize) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        places(&mounts, &groups).iter().find_map(|place| Self::make_in(place, tasks))
    }

    #[allow(clippy::disallowed_methods, reason = "settings of the kernel, no files")]
    fn make_in(place: &Place, tasks: usize) -> Option<Self> {
        if place.hands_on {
            let handed = fs::read_to_string(place.folder.join("cgroup.subtree_control")).ok()?;
            handed.split_whitespace().find(|controller| *controller == "pids")?;
        }
        let number = RandomState::new().hash_one(tasks);
        let name = format!("{NAME}{}-{number:016x}", std::process::id());
        let folder = place.folder.join(name);
        fs::create_dir(&folder).ok()?;
        remove_the_abandoned(&place.folder);
        let group = Self(folder);
        // Dropped where it does not take the limit.
        fs::write(group.0.join("pids.max"), tasks.to_string()).ok()?;
        Some(group)
    }

    /// Takes in a process that has started no other.
    #[allow(clippy::disallowed_methods, reason = "a setting of the kernel, no file")]
    pub(crate) fn take(&self, pid: Pid) -> io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.as_raw_nonzero().to_string())
    }
}

impl Drop for Group {
    #[allow(clippy::disallowed_methods, reason = "a group of the kernel, no folder")]
    fn drop(&mut self) {
        for _ in 0..TRIES {
            match fs::remove_dir(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    thread::sleep(Duration::from_millis(1));
                }
                _ => return,
            }
        }
    }
}

/// Removes groups of programs that were killed before they could.
#[allow(clippy::disallowed_methods, reason = "groups of the kernel, no folders")]
fn remove_the_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split_once('-'));
        if maker.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            // What holds a process stays.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Where groups could be made, the best first.
fn places(mounts: &str, groups: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for group in groups.lines() {
        let mut parts = group.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) =
            (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let of_old = controllers.split(',').any(|controller| controller == "pids");
        let of_now = number == "0" && controllers.is_empty();
        let Some(own) = (of_old || of_now).then(|| in_mounts(mounts, of_now, path)).flatten()
        else {
            continue;
        };
        places.push(Place { folder: own, hands_on: of_now });
    }
    places
}

/// Where a group lies in the file system.
fn in_mounts(mounts: &str, of_now: bool, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    if path.components().any(|part| part == Component::ParentDir) {
        // Outside of what this process sees of the groups.
        return None;
    }
    mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let (kind, options) = (system.next()?, system.nth(1)?);
        let fits = if of_now {
            kind == "cgroup2"
        } else {
            kind == "cgroup" && options.split(',').any(|option| option == "pids")
        };
        let mut fields = mount.split(' ').skip(3);
        let (root, at) = (fields.next()?, fields.next()?);
        let below = path.strip_prefix(root).ok()?;
        // Nobody mounts them where a space would have to be written by number.
        (fits && !at.contains('\\')).then(|| Path::new(at).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mounts: &str, groups: &str, expect: &[(&str, bool)]) {
        let expect: Vec<Place> = expect
            .iter()
            .map(|(folder, hands_on)| Place { folder: folder.into(), hands_on: *hands_on })
            .collect();
        assert_eq!(places(mounts, groups), expect, "{mounts}{groups}");
    }

    #[test]
    fn places_are_those_that_a_process_sees_of_its_groups() {
        let now =
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        check(
            now,
            "0::/user.slice/user-0.slice/session-3.scope\n",
            &[("/sys/fs/cgroup/user.slice/user-0.slice/session-3.scope", true)],
        );
        check(now, "0::/\n", &[("/sys/fs/cgroup/", true)]);
        check(now, "0::/../other\n", &[]);
        let of_old = "31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
            32 25 0:28 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n";
        check(of_old, "9:cpu:/x\n8:pids:/build\n0::/\n", &[("/sys/fs/cgroup/pids/build", false)]);
        // A part of the tree is mounted.
        let part = "32 25 0:28 /docker/1 /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n";
        check(part, "8:pids:/docker/1\n", &[("/sys/fs/cgroup/pids/", false)]);
        check(part, "8:pids:/docker/1/sub\n", &[("/sys/fs/cgroup/pids/sub", false)]);
        check(part, "8:pids:/elsewhere\n", &[]);
        check("", "8:pids:/\n0::/a\n", &[]);
        check("damaged\n1 2 - \n", "8:pids\nx\n\n", &[]);
    }

    /// Where this machine lets us: a loop that starts processes without end is
    /// told to stop by the kernel.
    #[test]
    fn no_more_tasks_are_started_than_there_may_be() {
        let Some(group) = Group::make(20) else { return };
        let folder = group.0.clone();
        let script = "read go; i=0; while [ $i -lt 60 ]; do sleep 2 & i=$((i+1)); done";
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", script])
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        group.take(Pid::from_child(&child)).unwrap();
        drop(child.stdin.take());
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("fork"), "{text}");
        let inside = fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        let inside: Vec<i32> = inside.lines().map(|line| line.parse().unwrap()).collect();
        assert!(inside.len() <= 20, "{inside:?}");
        for pid in inside {
            let _ = rustix::process::kill_process(
                Pid::from_raw(pid).unwrap(),
                rustix::process::Signal::KILL,
            );
        }
        drop(group);
        assert!(!folder.exists());
    }
}
