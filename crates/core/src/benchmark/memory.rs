//! The memory of this process, as the system counts it.

use std::fs;

/// What is in memory now. `None` where the system does not tell.
pub fn resident_bytes() -> Option<u64> {
    field(&status()?, "VmRSS:")
}

/// The most that ever was in memory. `None` where the system does not tell.
pub fn peak_resident_bytes() -> Option<u64> {
    field(&status()?, "VmHWM:")
}

/// What another process has in memory now. `None` where the system does not
/// tell, or it ended.
pub fn resident_bytes_of(process: u32) -> Option<u64> {
    field(&fs::read_to_string(format!("/proc/{process}/status")).ok()?, "VmRSS:")
}

/// Linux tells it here; elsewhere there is no such file.
fn status() -> Option<String> {
    fs::read_to_string("/proc/self/status").ok()
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_kibibytes() {
        let status = "Name:\tx\nVmHWM:\t    4096 kB\nVmRSS:\t       1 kB\nThreads:\t1\n";
        assert_eq!(field(status, "VmHWM:"), Some(4 << 20));
        assert_eq!(field(status, "VmRSS:"), Some(1024));
        assert_eq!(field(status, "Threads:"), None);
        assert_eq!(field("", "VmRSS:"), None);
        assert_eq!(field("VmRSS: 99999999999999999 kB", "VmRSS:"), None);
    }
}
