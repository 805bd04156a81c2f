//! Control groups: what this process is allowed of the machine.
//!
//! Both versions are read, `cgroup(7)` and the kernel's
//! `admin-guide/cgroup-v1` and `-v2` describe them. A limit of any group above
//! the own one holds too. In a container the own group is often mounted as the
//! root, so the root of the mount is always read.

use std::path::{Component, Path, PathBuf};

use super::files::{field, number, text};

/// A limit on memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit {
    /// The most bytes of the group.
    pub limit_bytes: u64,
    /// Those in use that the kernel would not take back for somebody who needs
    /// them: without pages of files that nobody used lately.
    pub used_bytes: u64,
}

/// The memory limits of every group that this process is in.
pub fn memory(root: &Path) -> Vec<MemoryLimit> {
    let read = |folder: PathBuf, limit: &str, used: &str, idle: &str| {
        let limit_bytes = number(&folder.join(limit))?;
        let used = number(&folder.join(used)).unwrap_or(0);
        let stat = text(&folder.join("memory.stat")).unwrap_or_default();
        let idle = field(&stat, idle).and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
        Some(MemoryLimit { limit_bytes, used_bytes: used.saturating_sub(idle) })
    };
    let second = |folder| read(folder, "memory.max", "memory.current", "inactive_file");
    let first = |folder| {
        read(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    };
    let second = folders(root, None).into_iter().filter_map(second);
    second.chain(folders(root, Some("memory")).into_iter().filter_map(first)).collect()
}

/// Processor cores that the group's time amounts to: the least of all limits,
/// such as 1.5.
pub fn cores(root: &Path) -> Option<f64> {
    let share = |quota: f64, period: f64| (quota > 0.0 && period > 0.0).then(|| quota / period);
    let second = |folder: PathBuf| {
        let text = text(&folder.join("cpu.max"))?;
        let mut words = text.split_whitespace();
        share(words.next()?.parse().ok()?, words.next()?.parse().ok()?)
    };
    // Here no limit is written as -1.
    let first = |folder: PathBuf| {
        let quota = number(&folder.join("cpu.cfs_quota_us"))?;
        share(quota as f64, number(&folder.join("cpu.cfs_period_us"))? as f64)
    };
    let second = folders(root, None).into_iter().filter_map(second);
    let first = ["cpu", "cpu,cpuacct"]
        .into_iter()
        .flat_map(|controller| folders(root, Some(controller)))
        .filter_map(first);
    second.chain(first).reduce(f64::min)
}

/// The folders of the own group and of all above it. `controller`: of the
/// first version, by the name that its folder has; `None`: the second one.
fn folders(root: &Path, controller: Option<&str>) -> Vec<PathBuf> {
    let groups = text(&root.join("proc/self/cgroup")).unwrap_or_default();
    // `ID:CONTROLLERS:/PATH`, with no controllers for the second version.
    let own = groups.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let wanted = controller.unwrap_or_default();
        (controllers == wanted || wanted.split(',').all(|one| has(controllers, one)))
            .then(|| path.trim_start_matches('/').to_owned())
    });
    let own = PathBuf::from(own.unwrap_or_default());
    let base = root.join("sys/fs/cgroup");
    let mounts = match controller {
        Some(name) => vec![base.join(name)],
        // Beside the first version, the second one has a folder of its own.
        None => vec![base.join("unified"), base],
    };
    let inside = !own.components().any(|part| part == Component::ParentDir);
    let of_mount = |mount: PathBuf| {
        let folder = if inside { mount.join(&own) } else { mount.clone() };
        let all = folder.ancestors().take_while(|folder| folder.starts_with(&mount));
        all.map(Path::to_owned).collect::<Vec<_>>()
    };
    mounts.into_iter().flat_map(of_mount).collect()
}

fn has(controllers: &str, name: &str) -> bool {
    !name.is_empty() && controllers.split(',').any(|one| one == name)
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn time_is_counted_in_cores() {
        let check = |files: &[(&str, &str)], expect: Option<f64>| {
            let root = tree(files);
            let found = cores(root.path());
            let same = found.zip(expect).map_or(found == expect, |(a, b)| (a - b).abs() < 1e-9);
            assert!(same, "{files:?}: {found:?}");
        };
        check(&[], None);
        check(&[("sys/fs/cgroup/cpu.max", "max 100000\n")], None);
        let half = ("sys/fs/cgroup/cpu.max", "50000 100000\n");
        check(&[half], Some(0.5));
        let own = ("proc/self/cgroup", "0::/a/b\n");
        let two = ("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
        check(&[own, two], Some(2.0));
        check(&[own, two, ("sys/fs/cgroup/a/cpu.max", "150000 100000")], Some(1.5));
        // A process of another mount of the tree.
        check(&[("proc/self/cgroup", "0::/../../b\n"), half], Some(0.5));
        let first = ("proc/self/cgroup", "3:cpu,cpuacct:/x\n0::/\n");
        let files = |quota| {
            [
                first,
                ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", quota),
                ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
            ]
        };
        check(&files("-1\n"), None);
        check(&files("300000\n"), Some(3.0));
        check(&files("rubbish"), None);
    }

    #[test]
    fn pages_of_files_that_nobody_uses_are_free() {
        let check = |files: &[(&str, &str)], expect: &[(u64, u64)]| {
            let found = memory(tree(files).path());
            let found: Vec<_> = found.iter().map(|one| (one.limit_bytes, one.used_bytes)).collect();
            assert_eq!(found, expect, "{files:?}");
        };
        let limit = ("sys/fs/cgroup/memory.max", "4096\n");
        let used = ("sys/fs/cgroup/memory.current", "3000\n");
        check(&[limit, used], &[(4096, 3000)]);
        let stat = "anon 500\nfile 2400\ninactive_anon 1\ninactive_file 2000\n";
        check(&[limit, used, ("sys/fs/cgroup/memory.stat", stat)], &[(4096, 1000)]);
        let own = ("proc/self/cgroup", "4:memory:/job\n");
        let first = [
            own,
            ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4096\n"),
            ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "3000\n"),
            ("sys/fs/cgroup/memory/job/memory.stat", "inactive_file 1\ntotal_inactive_file 500\n"),
        ];
        check(&first, &[(4096, 2500)]);
    }
}
