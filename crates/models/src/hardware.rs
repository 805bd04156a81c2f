use std::fs;
use std::path::{Component, Path, PathBuf};

/// What the machine can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hardware {
    /// The processor's name, where the system tells.
    pub processor: Option<String>,
    /// Vector instructions that matter for inference.
    pub instructions: Vec<&'static str>,
    /// Threads that this process may use at once.
    pub threads: usize,
    /// Memory of the machine, or the limit of this process's group.
    pub memory_bytes: Option<u64>,
    /// Memory that is free to use.
    pub available_bytes: Option<u64>,
    /// Accelerators whose driver is there, by their makers' names for them.
    pub accelerators: Vec<&'static str>,
}

impl Hardware {
    /// Looks at this machine. What the system does not tell is left out.
    pub fn read() -> Self {
        let memory = Memory::of(Path::new("/"));
        Self {
            processor: processor(Path::new("/")),
            instructions: instructions(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory.total,
            available_bytes: memory.available,
            accelerators: accelerators(Path::new("/")),
        }
    }
}

/// By what the drivers put into the file system.
fn accelerators(root: &Path) -> Vec<&'static str> {
    let drivers = [("proc/driver/nvidia/version", "NVIDIA CUDA"), ("dev/kfd", "AMD ROCm")];
    let mut found: Vec<&str> = drivers
        .into_iter()
        .filter_map(|(place, name)| root.join(place).exists().then_some(name))
        .collect();
    if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        found.push("Apple Metal");
    }
    found
}

fn processor(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("proc/cpuinfo")).ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[derive(Debug, PartialEq, Eq)]
struct Memory {
    total: Option<u64>,
    available: Option<u64>,
}

impl Memory {
    /// What Linux tells: the machine's memory, and less where a control group
    /// that this process is in has a limit.
    fn of(root: &Path) -> Self {
        let text = fs::read_to_string(root.join("proc/meminfo")).unwrap_or_default();
        let field = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(1024)
        };
        let mut memory = Self { total: field("MemTotal:"), available: field("MemAvailable:") };
        for (limit, used) in limits(root) {
            let least = |known: Option<u64>, bytes| Some(known.map_or(bytes, |k| k.min(bytes)));
            memory.total = least(memory.total, limit);
            memory.available = least(memory.available, limit.saturating_sub(used));
        }
        memory
    }
}

/// The limit and the use of every control group that this process is in, in
/// bytes. In a container the own group is often mounted as the root.
fn limits(root: &Path) -> Vec<(u64, u64)> {
    let number = |place: PathBuf| fs::read_to_string(place).ok()?.trim().parse::<u64>().ok();
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let mounted = root.join("sys/fs/cgroup");
    let inside = !Path::new(own).components().any(|part| part == Component::ParentDir);
    let folder = if inside { mounted.join(own) } else { mounted.clone() };
    let folders = folder.ancestors().take_while(|folder| folder.starts_with(&mounted));
    let second = folders.map(|folder| (folder.join("memory.max"), folder.join("memory.current")));
    // The first version of control groups, where it is still mounted.
    let first = mounted.join("memory");
    let first = (first.join("memory.limit_in_bytes"), first.join("memory.usage_in_bytes"));
    let read = |(limit, used)| Some((number(limit)?, number(used).unwrap_or(0)));
    second.chain([first]).filter_map(read).collect()
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> Vec<&'static str> {
    let mut found = Vec::new();
    macro_rules! probe {
        ($($name:tt),*) => { $(if is_x86_feature_detected!($name) { found.push($name); })* };
    }
    probe!("avx2", "fma", "f16c", "avx512f", "avx512vnni", "avxvnni");
    found
}

#[cfg(target_arch = "aarch64")]
fn instructions() -> Vec<&'static str> {
    let mut found = Vec::new();
    macro_rules! probe {
        ($($name:tt),*) => {
            $(if std::arch::is_aarch64_feature_detected!($name) { found.push($name); })*
        };
    }
    probe!("neon", "dotprod", "i8mm", "bf16");
    found
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn instructions() -> Vec<&'static str> {
    Vec::new()
}

/// The bytes that are free on the disk that holds `path`, or would.
#[cfg(unix)]
pub fn free_disk_bytes(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|folder| folder.exists())?;
    let stats = rustix::fs::statvfs(existing).ok()?;
    Some(stats.f_bavail * stats.f_frsize)
}

/// The bytes that are free on the disk that holds `path`: not known here.
#[cfg(not(unix))]
pub fn free_disk_bytes(_path: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], total: Option<u64>, available: Option<u64>) {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let place = root.path().join(name);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        assert_eq!(Memory::of(root.path()), Memory { total, available }, "{files:?}");
    }

    #[test]
    fn memory_is_the_least_of_machine_and_limits() {
        let machine = ("proc/meminfo", "MemTotal:  16 kB\nMemFree: 1 kB\nMemAvailable:  8 kB\n");
        check(&[], None, None);
        check(&[machine], Some(16384), Some(8192));
        check(&[machine, ("sys/fs/cgroup/memory.max", "max\n")], Some(16384), Some(8192));
        let limit = ("sys/fs/cgroup/memory.max", "4096\n");
        check(&[machine, limit], Some(4096), Some(4096));
        let used = ("sys/fs/cgroup/memory.current", "1000\n");
        check(&[machine, limit, used], Some(4096), Some(3096));
        let group = ("proc/self/cgroup", "0::/a/b\n");
        let outer = ("sys/fs/cgroup/a/memory.max", "2048");
        check(&[machine, group, outer, limit, used], Some(2048), Some(2048));
        let outside = ("proc/self/cgroup", "0::/../../b\n");
        check(&[machine, outside, limit], Some(4096), Some(4096));
        let old = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        check(&[machine, old], Some(16384), Some(8192));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn accelerators_are_known_by_their_drivers() {
        let root = tempfile::tempdir().unwrap();
        assert!(accelerators(root.path()).is_empty());
        fs::create_dir_all(root.path().join("proc/driver/nvidia")).unwrap();
        fs::write(root.path().join("proc/driver/nvidia/version"), "").unwrap();
        assert_eq!(accelerators(root.path()), ["NVIDIA CUDA"]);
    }

    #[test]
    fn a_disk_has_room_for_a_path_that_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not/yet");
        assert_eq!(free_disk_bytes(&missing).is_some(), cfg!(unix));
    }
}
