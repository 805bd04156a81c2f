//! How far a pull is.

use std::collections::VecDeque;
use std::time::Duration;

/// What a pull does right now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullState {
    /// Asking the hub what there is.
    Asking,
    /// Bytes come.
    Fetching,
    /// Another process fetches the same; this one waits.
    Waiting,
    /// A request failed and is made again.
    Retrying {
        /// Why.
        reason: String,
    },
    /// Reading what was found in the cache.
    Checking,
    /// Checking the model and taking it into the store.
    Installing,
}

impl PullState {
    /// One word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Fetching => "fetching",
            Self::Waiting => "waiting",
            Self::Retrying { .. } => "retrying",
            Self::Checking => "checking",
            Self::Installing => "installing",
        }
    }
}

/// One report of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullEvent {
    /// What it does.
    pub state: PullState,
    /// The file that it is at; empty before the first.
    pub file: String,
    /// Bytes of that file that are here.
    pub file_done_bytes: u64,
    /// The file's size.
    pub file_bytes: u64,
    /// Bytes of all files that are here.
    pub done_bytes: u64,
    /// The size of all files; 0 while it is not known.
    pub total_bytes: u64,
    /// Bytes that came over the network in this run.
    pub fetched_bytes: u64,
    /// Bytes a second, over the last seconds.
    pub bytes_per_second: Option<u64>,
    /// How long the rest takes at that speed.
    pub remaining: Option<Duration>,
}

impl PullEvent {
    /// An event of which only the state is known, for who fills it in.
    pub fn new(state: PullState) -> Self {
        Self {
            state,
            file: String::new(),
            file_done_bytes: 0,
            file_bytes: 0,
            done_bytes: 0,
            total_bytes: 0,
            fetched_bytes: 0,
            bytes_per_second: None,
            remaining: None,
        }
    }
}

/// Whoever wants to hear of a pull; `()` wants to hear nothing.
///
/// Called about ten times a second, on a thread that works.
pub trait PullObserver: Send + Sync {
    /// Takes one report.
    fn report(&self, event: &PullEvent);
}

impl PullObserver for () {
    fn report(&self, _event: &PullEvent) {}
}

impl<F: Fn(&PullEvent) + Send + Sync> PullObserver for F {
    fn report(&self, event: &PullEvent) {
        self(event);
    }
}

/// Longer than a hiccup, shorter than a change of mind.
const WINDOW: Duration = Duration::from_secs(5);
/// Less says nothing about a speed.
const LEAST: Duration = Duration::from_millis(300);

/// Speed over the last seconds, from a count of bytes that only grows.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    samples: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Takes the count at a time; gives bytes a second.
    pub fn sample(&mut self, now: Duration, bytes: u64) -> Option<u64> {
        self.samples.push_back((now, bytes));
        while self.samples.len() > 2 && now.saturating_sub(self.samples[1].0) >= WINDOW {
            self.samples.pop_front();
        }
        let (begin, before) = *self.samples.front()?;
        let time = now.saturating_sub(begin);
        (time >= LEAST).then(|| (bytes.saturating_sub(before) as f64 / time.as_secs_f64()) as u64)
    }
}

/// How long `left` bytes take; `None` where nothing comes or it would be weeks.
pub fn remaining(left: u64, bytes_per_second: Option<u64>) -> Option<Duration> {
    const LONGEST_S: u64 = 30 * 24 * 3600;
    let speed = bytes_per_second.filter(|speed| *speed > 0)?;
    let seconds = left.div_ceil(speed);
    (seconds <= LONGEST_S).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_of_the_last_seconds() {
        let mut meter = Meter::default();
        let ms = Duration::from_millis;
        assert_eq!(meter.sample(ms(0), 0), None);
        assert_eq!(meter.sample(ms(100), 500), None);
        assert_eq!(meter.sample(ms(1000), 1000), Some(1000));
        // A stop is seen for what it is after the window.
        assert_eq!(meter.sample(ms(5500), 1000), Some(92));
        assert_eq!(meter.sample(ms(7000), 1000), Some(0));
        assert_eq!(meter.sample(ms(12_000), 6000), Some(1000));
    }

    #[test]
    fn the_rest_takes_what_the_speed_says() {
        assert_eq!(remaining(1000, Some(300)), Some(Duration::from_secs(4)));
        assert_eq!(remaining(0, Some(300)), Some(Duration::ZERO));
        assert_eq!(remaining(1000, Some(0)), None);
        assert_eq!(remaining(u64::MAX, Some(1)), None);
        assert_eq!(remaining(1000, None), None);
    }
}
