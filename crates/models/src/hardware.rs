use std::fs;
use std::path::Path;

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
}

impl Hardware {
    /// Looks at this machine.
    pub fn read() -> Self {
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let field = |name: &str| {
            let line = memory.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
        };
        let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
        let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
        let total = field("MemTotal:");
        let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
        Self {
            processor,
            instructions: instructions(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: [total, limit].into_iter().flatten().min(),
            available_bytes: field("MemAvailable:"),
        }
    }
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
