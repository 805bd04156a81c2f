//! How long a file may take.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

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
    /// that each read far ahead are few and slow.
    pub time: Duration,
}

impl Default for ParseLimits {
    fn default() -> Self {
        // The largest file that people wrote, a compiler's checker in one
        // function, takes three megabytes; it is to be seen whole.
        Self { part_bytes: 4 << 20, reports: 60_000, time: Duration::from_secs(5) }
    }
}

impl ParseLimits {
    /// Begins to count.
    pub(super) fn watch(&self) -> Watch {
        Watch { left: self.reports, end: Instant::now() + self.time }
    }
}

/// Counts the steps of one reading.
pub(super) struct Watch {
    left: u32,
    end: Instant,
}

impl Watch {
    /// Whether to go on, asked at each report.
    pub fn step(&mut self) -> ControlFlow<()> {
        self.left = self.left.saturating_sub(1);
        // The clock is asked seldom, it takes longer than a step.
        let late = self.left.is_multiple_of(64) && Instant::now() > self.end;
        if self.left == 0 || late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
