use std::time::{Duration, Instant};

/// Tells how much time has passed.
pub trait Clock: Send + Sync {
    /// Since some moment, always the same one.
    fn now(&self) -> Duration;
}

/// The system's clock, which is never set back.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
