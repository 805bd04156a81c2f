//! Waits between attempts, and what is tried again.

use std::time::Duration;

use crate::options::RetryOptions;

/// A wait can be cancelled within this time.
const SLICE: Duration = Duration::from_millis(50);

/// Whether another attempt may bring what this status refused.
///
/// 408, 425, 429 and the server's own failures; 529 is Anthropic's "overloaded".
/// 501 and 505 say that the server will never be able to.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599)
}

/// The wait before attempt `attempt + 1`: exponential, half of it random, and
/// no less than the server asks for.
///
/// "Equal jitter" of M. Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015.
pub fn wait_after(attempt: u32, asked: Option<Duration>, options: &RetryOptions) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let whole = options.first_wait.saturating_mul(1 << doublings).min(options.longest_wait);
    let part = (options.random)().clamp(0.0, 1.0);
    (whole / 2 + (whole / 2).mul_f64(part)).max(asked.unwrap_or_default())
}

/// Reads `Retry-After`: seconds, as all providers write it. A date (RFC 9110
/// allows one) is not read, since the clocks of two machines differ.
pub fn asked_wait(header: Option<&str>, in_ms: Option<&str>) -> Option<Duration> {
    // Some send a second header with a finer unit.
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| (0.0..1e9).contains(n));
    in_ms
        .and_then(number)
        .map(|ms| Duration::from_secs_f64(ms / 1000.0))
        .or_else(|| header.and_then(number).map(Duration::from_secs_f64))
}

/// Sleeps in slices; tells whether nobody stopped it.
pub fn sleep(time: Duration, options: &RetryOptions, stopped: &dyn Fn() -> bool) -> bool {
    let mut left = time;
    while !left.is_zero() && !stopped() {
        let slice = left.min(SLICE);
        (options.sleep)(slice);
        left -= slice;
    }
    !stopped()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn options(random: f64) -> RetryOptions {
        RetryOptions {
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
            for (attempt, expect) in (1..).zip(expect) {
                let wait = wait_after(attempt, None, &options(random));
                assert_eq!(wait, Duration::from_millis(expect));
            }
            let asked = Duration::from_secs(7);
            assert_eq!(wait_after(1, Some(asked), &options(random)), asked);
        }
    }

    #[test]
    fn what_a_server_asks_for_is_read() {
        let check = |header, ms, expect: Option<u64>| {
            assert_eq!(asked_wait(header, ms), expect.map(Duration::from_millis));
        };
        check(Some("2"), None, Some(2000));
        check(Some(" 0.5 "), None, Some(500));
        check(Some("2"), Some("1500"), Some(1500));
        check(Some("Wed, 21 Oct 2026 07:28:00 GMT"), None, None);
        check(Some("-1"), None, None);
        check(Some("NaN"), Some("inf"), None);
        check(None, None, None);
    }

    #[test]
    fn some_statuses_pass() {
        for status in [408, 425, 429, 500, 502, 503, 504, 520, 529] {
            assert!(is_passing(status), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 413, 422, 501, 505] {
            assert!(!is_passing(status), "{status}");
        }
    }

    #[test]
    fn a_wait_is_slept_in_slices_and_can_be_stopped() {
        let slept = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&slept);
        let options = RetryOptions {
            sleep: Arc::new(move |time| seen.lock().unwrap().push(time)),
            ..options(0.0)
        };
        assert!(sleep(Duration::from_millis(120), &options, &|| false));
        let ms = |ms| Duration::from_millis(ms);
        assert_eq!(*slept.lock().unwrap(), [ms(50), ms(50), ms(20)]);
        let stopped = || slept.lock().unwrap().len() > 4;
        assert!(!sleep(Duration::from_secs(9), &options, &stopped));
        assert_eq!(slept.lock().unwrap().len(), 5);
    }
}
