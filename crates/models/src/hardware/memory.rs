use std::path::Path;

use super::cgroup;
use super::files::{field, text};

/// Memory, as the system and the groups that this process is in tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// That of the machine, or the limit of this process's group.
    pub total_bytes: Option<u64>,
    /// What is free to use.
    pub available_bytes: Option<u64>,
    /// The limit of a control group, where there is one below the machine's.
    pub group_limit_bytes: Option<u64>,
}

impl Memory {
    /// Looks at this machine. What the system does not tell is left out.
    pub fn read() -> Self {
        Self::below(Path::new("/"))
    }

    /// What Linux tells: the machine's memory, and less where a control group
    /// that this process is in has a limit.
    pub(super) fn below(root: &Path) -> Self {
        let text = text(&root.join("proc/meminfo")).unwrap_or_default();
        let kibibytes = |name: &str| {
            let value = field(&text, name)?.split_whitespace().next()?;
            value.parse::<u64>().ok()?.checked_mul(1024)
        };
        #[cfg(target_os = "macos")]
        let fallback = super::macos::Told::ask().memory_bytes();
        #[cfg(not(target_os = "macos"))]
        let fallback = None;
        let machine = kibibytes("MemTotal").or(fallback);
        let mut memory = Self {
            total_bytes: machine,
            available_bytes: kibibytes("MemAvailable"),
            group_limit_bytes: None,
        };
        let least = |known: Option<u64>, bytes| Some(known.map_or(bytes, |k| k.min(bytes)));
        for limit in cgroup::memory(root) {
            memory.total_bytes = least(memory.total_bytes, limit.limit_bytes);
            let left = limit.limit_bytes.saturating_sub(limit.used_bytes);
            memory.available_bytes = least(memory.available_bytes, left);
            memory.group_limit_bytes = least(memory.group_limit_bytes, limit.limit_bytes);
        }
        // The first version writes no limit as a very large one.
        memory.group_limit_bytes =
            memory.group_limit_bytes.filter(|limit| machine.is_none_or(|all| *limit < all));
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn memory_is_the_least_of_machine_and_limits() {
        let check = |files: &[(&str, &str)], total, available, limit| {
            let expect =
                Memory { total_bytes: total, available_bytes: available, group_limit_bytes: limit };
            assert_eq!(Memory::below(tree(files).path()), expect, "{files:?}");
        };
        let machine = ("proc/meminfo", "MemTotal:  16 kB\nMemFree: 1 kB\nMemAvailable:  8 kB\n");
        if !cfg!(target_os = "macos") {
            check(&[], None, None, None);
        }
        check(&[machine], Some(16384), Some(8192), None);
        check(&[machine, ("sys/fs/cgroup/memory.max", "max\n")], Some(16384), Some(8192), None);
        let limit = ("sys/fs/cgroup/memory.max", "4096\n");
        check(&[machine, limit], Some(4096), Some(4096), Some(4096));
        let used = ("sys/fs/cgroup/memory.current", "1000\n");
        check(&[machine, limit, used], Some(4096), Some(3096), Some(4096));
        let group = ("proc/self/cgroup", "0::/a/b\n");
        let outer = ("sys/fs/cgroup/a/memory.max", "2048");
        check(&[machine, group, outer, limit, used], Some(2048), Some(2048), Some(2048));
        let outside = ("proc/self/cgroup", "0::/../../b\n");
        check(&[machine, outside, limit], Some(4096), Some(4096), Some(4096));
        let old = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        check(&[machine, old], Some(16384), Some(8192), None);
    }
}
