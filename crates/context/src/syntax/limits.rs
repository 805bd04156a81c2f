//! How long a file may take.

use std::ops::ControlFlow;
use std::time::Duration;

use super::clock::worked;

/// How much of a file is read at once, and how long that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseLimits {
    /// A longer text is read in parts of at most this many bytes, each by
    /// itself.
    pub part_bytes: usize,
    /// A part that takes more reports of the parser, one each hundred steps,
    /// is given up. Sources of a megabyte take a few thousand. Steps, and not
    /// time, are the limit that is met: else one file would give different
    /// symbols on a busy machine.
    pub reports: u32,
    /// A part that takes more time is given up, whatever it counted: steps
    /// that each read far ahead are few and slow. It is the time that the
    /// thread works, where the system tells, not the time that passes.
    pub time: Duration,
    /// As `reports`, of all readings of a file together: parts that come when
    /// it is met are given up, and those before them are kept.
    pub file_reports: u32,
    /// As `time`, of all readings of a file together.
    pub file_time: Duration,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            // The largest file that people wrote, a compiler's checker in one
            // function, takes three megabytes; it is to be seen whole.
            part_bytes: 4 << 20,
            reports: 60_000,
            time: Duration::from_secs(5),
            // Plain C takes 4,000 a megabyte, and is read up to three times: the
            // largest file that an index reads, of 16 MB, fits.
            file_reports: 240_000,
            file_time: Duration::from_secs(20),
        }
    }
}

/// What all readings of a file may still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    reports: u32,
    time: Duration,
}

impl Budget {
    /// All that a file may take.
    pub fn new(limits: &ParseLimits) -> Self {
        Self { reports: limits.file_reports, time: limits.file_time }
    }

    /// Begins to count one reading; `None` where nothing is left.
    pub fn watch(&mut self, limits: &ParseLimits) -> Option<Watch<'_>> {
        if self.reports == 0 || self.time.is_zero() {
            return None;
        }
        let left = limits.reports.min(self.reports);
        let (begun, most) = (worked(), limits.time.min(self.time));
        Some(Watch { left, given: left, begun, most, budget: self })
    }

    /// Whether there is as much left as was taken since it was `before`.
    pub fn allows_again(&self, before: Self) -> bool {
        before.reports - self.reports <= self.reports
            && before.time.saturating_sub(self.time) <= self.time
    }
}

/// Counts the steps of one reading, and takes them from what the file may take.
pub struct Watch<'b> {
    left: u32,
    given: u32,
    begun: Duration,
    most: Duration,
    budget: &'b mut Budget,
}

impl Watch<'_> {
    /// Whether to go on, asked at each report.
    pub fn step(&mut self) -> ControlFlow<()> {
        self.left = self.left.saturating_sub(1);
        // The clock is asked seldom, it takes longer than a step.
        let late = self.left.is_multiple_of(64) && self.taken() > self.most;
        if self.left == 0 || late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn taken(&self) -> Duration {
        worked().saturating_sub(self.begun)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.budget.reports -= self.given - self.left;
        self.budget.time = self.budget.time.saturating_sub(self.taken());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(watch: &mut Watch<'_>) -> u32 {
        let mut steps = 1;
        while watch.step().is_continue() {
            steps += 1;
        }
        steps
    }

    #[test]
    fn readings_share_what_the_file_may_take() {
        let limits = ParseLimits { reports: 100, file_reports: 250, ..ParseLimits::default() };
        let mut budget = Budget::new(&limits);
        let mut taken = Vec::new();
        while let Some(mut watch) = budget.watch(&limits) {
            taken.push(steps(&mut watch));
        }
        assert_eq!(taken, [100, 100, 50]);
    }

    #[test]
    fn a_second_reading_has_to_fit() {
        let limits = ParseLimits { reports: 100, file_reports: 250, ..ParseLimits::default() };
        let whole = Budget::new(&limits);
        let mut budget = whole;
        steps(&mut budget.watch(&limits).unwrap());
        assert!(budget.allows_again(whole));
        steps(&mut budget.watch(&limits).unwrap());
        assert!(!budget.allows_again(whole));
    }

    #[test]
    fn time_is_a_limit_too() {
        let limits = ParseLimits { time: Duration::ZERO, ..ParseLimits::default() };
        // It is asked for at each 64th of the reports that are left.
        assert!(steps(&mut Budget::new(&limits).watch(&limits).unwrap()) <= 64);
        let limits = ParseLimits { file_time: Duration::ZERO, ..limits };
        assert!(Budget::new(&limits).watch(&limits).is_none());
    }
}
