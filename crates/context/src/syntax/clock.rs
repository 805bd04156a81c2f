//! The time that a thread works.

use std::time::Duration;

/// How long this thread has worked: a process that stands still, or waits for
/// its turn on a busy machine, takes none of it. Only differences mean
/// something.
#[cfg(target_os = "linux")]
pub fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How long it has been since the first call: all that can be told everywhere.
#[cfg(not(target_os = "linux"))]
pub fn worked() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;

    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}
