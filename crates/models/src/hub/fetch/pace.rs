//! A limit on bytes a second, shared by all connections.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How fast bytes may come; can be changed while they do.
#[derive(Debug)]
pub struct Pace {
    /// 0 is no limit.
    limit: AtomicU64,
    begin: Instant,
    free_at: Mutex<Duration>,
}

impl Pace {
    /// Begins with a limit in bytes a second, or none.
    pub fn new(limit: Option<u64>) -> Self {
        Self {
            limit: AtomicU64::new(limit.unwrap_or(0)),
            begin: Instant::now(),
            free_at: Mutex::new(Duration::ZERO),
        }
    }

    /// The limit.
    pub fn limit(&self) -> Option<u64> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Changes the limit.
    pub fn set_limit(&self, limit: Option<u64>) {
        self.limit.store(limit.unwrap_or(0), Ordering::Relaxed);
    }

    /// Counts bytes that came; gives how long to wait before more are read.
    pub fn take(&self, bytes: usize) -> Duration {
        let Some(limit) = self.limit() else { return Duration::ZERO };
        let Ok(mut free_at) = self.free_at.lock() else { return Duration::ZERO };
        let now = self.begin.elapsed();
        *free_at = next_free(*free_at, now, bytes as u64, limit);
        free_at.saturating_sub(now)
    }

    /// How much is read at once: no more than a tenth of a second's bytes, so
    /// that a slow pace is an even one.
    pub fn most_at_once(&self, most: usize) -> usize {
        self.limit().map_or(most, |limit| most.min((limit / 10).max(1) as usize))
    }
}

/// When the next bytes may come. Time in which nothing came is not made up
/// for, since a limit is a promise to whoever else uses the line.
fn next_free(free_at: Duration, now: Duration, bytes: u64, limit: u64) -> Duration {
    free_at.max(now) + Duration::from_secs_f64(bytes as f64 / limit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_the_time_that_the_limit_gives_them() {
        let ms = Duration::from_millis;
        let mut free_at = Duration::ZERO;
        for (now, bytes, expect) in
            [(ms(0), 500, ms(500)), (ms(100), 500, ms(1000)), (ms(5000), 100, ms(5100))]
        {
            free_at = next_free(free_at, now, bytes, 1000);
            assert_eq!(free_at, expect);
        }
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let pace = Pace::new(None);
        assert_eq!((pace.take(1 << 30), pace.most_at_once(4096)), (Duration::ZERO, 4096));
        pace.set_limit(Some(1000));
        assert_eq!(pace.most_at_once(4096), 100);
        assert!(!pace.take(1 << 20).is_zero());
    }
}
