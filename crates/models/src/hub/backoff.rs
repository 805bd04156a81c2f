//! Attempts and the waits between them.

use std::time::Duration;

use mlxcode_base::CancelToken;

use super::options::RetryOptions;
use crate::error::{Error, Result};

/// A pull can be stopped within this time while it waits.
const SLICE: Duration = Duration::from_millis(100);

/// Counts failures; shared by all that fetches one file.
#[derive(Clone, Debug)]
pub struct Attempts {
    options: RetryOptions,
    total: u32,
    without_progress: u32,
}

impl Attempts {
    pub fn new(options: &RetryOptions) -> Self {
        Self { options: options.clone(), total: 0, without_progress: 0 }
    }

    /// Bytes came.
    pub fn progressed(&mut self) {
        self.without_progress = 0;
    }

    /// Counts a failure; tells whether another attempt is allowed.
    pub fn failed(&mut self) -> bool {
        self.total += 1;
        self.without_progress += 1;
        self.total < self.options.attempts
            && self.without_progress < self.options.attempts_without_progress
    }

    /// Failures so far.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// The wait before the next attempt: exponential, half of it random, and
    /// no less than the server asks for.
    ///
    /// "Equal jitter" of M. Brooker, "Exponential Backoff And Jitter", AWS
    /// Architecture Blog, 2015.
    pub fn next_wait(&self, asked: Option<Duration>) -> Duration {
        let doublings = self.without_progress.saturating_sub(1).min(20);
        let whole = self.options.first_wait.saturating_mul(1 << doublings);
        let whole = whole.min(self.options.longest_wait);
        let part = (self.options.random)().clamp(0.0, 1.0);
        (whole / 2 + (whole / 2).mul_f64(part)).max(asked.unwrap_or_default())
    }

    /// Waits before the next attempt.
    pub fn wait(&self, asked: Option<Duration>, cancel: &CancelToken) -> Result<()> {
        sleep(self.next_wait(asked), &self.options, &|| cancel.is_cancelled())
    }
}

/// Sleeps in slices, until `stopped`.
pub fn sleep(time: Duration, options: &RetryOptions, stopped: &dyn Fn() -> bool) -> Result<()> {
    let mut left = time;
    while !left.is_zero() {
        if stopped() {
            return Err(Error::Cancelled);
        }
        let slice = left.min(SLICE);
        (options.sleep)(slice);
        left -= slice;
    }
    if stopped() { Err(Error::Cancelled) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn options(random: f64) -> RetryOptions {
        RetryOptions {
            attempts: 10,
            attempts_without_progress: 4,
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_millis(500),
            random: Arc::new(move || random),
            ..RetryOptions::default()
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        for (random, expect) in [(0.0, [50, 100, 200, 250, 250]), (1.0, [100, 200, 400, 500, 500])]
        {
            let mut attempts = Attempts::new(&options(random));
            for expect in expect {
                attempts.failed();
                assert_eq!(attempts.next_wait(None), Duration::from_millis(expect));
            }
            let asked = Duration::from_secs(7);
            assert_eq!(attempts.next_wait(Some(asked)), asked);
        }
    }

    #[test]
    fn two_limits_end_it() {
        let mut stuck = Attempts::new(&options(0.0));
        assert_eq!([1, 2, 3, 4].map(|_| stuck.failed()), [true, true, true, false]);
        let mut slow = Attempts::new(&options(0.0));
        let failures = (0..20).take_while(|_| {
            slow.progressed();
            slow.failed()
        });
        assert_eq!(failures.count(), 9);
        assert_eq!(slow.total(), 10);
    }

    #[test]
    fn a_wait_is_slept_in_slices_and_can_be_stopped() {
        let slept = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&slept);
        let options = RetryOptions {
            sleep: Arc::new(move |time| seen.lock().unwrap().push(time)),
            ..options(0.0)
        };
        sleep(Duration::from_millis(250), &options, &|| false).unwrap();
        let ms = |ms| Duration::from_millis(ms);
        assert_eq!(*slept.lock().unwrap(), [ms(100), ms(100), ms(50)]);
        let stopped = || slept.lock().unwrap().len() > 4;
        assert!(sleep(Duration::from_secs(9), &options, &stopped).is_err());
        assert_eq!(slept.lock().unwrap().len(), 5);
    }
}
