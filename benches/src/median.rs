use std::fmt;
use std::time::{Duration, Instant};

/// The wall time of several runs of the same thing.
#[derive(Clone, Debug)]
pub struct Measured {
    sorted: Vec<Duration>,
}

/// Runs `work` `runs` times and keeps the time of each.
pub fn measure(runs: usize, mut work: impl FnMut()) -> Measured {
    let times = (0..runs.max(1)).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    times.collect::<Vec<Duration>>().into()
}

/// Times of runs, at least one, in any order.
impl From<Vec<Duration>> for Measured {
    fn from(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self { sorted: times }
    }
}

impl Measured {
    /// The middle one; of an even number, the upper of the two.
    pub fn median(&self) -> Duration {
        self.sorted[self.sorted.len() / 2]
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let (first, last) = (self.sorted[0], self.sorted[self.sorted.len() - 1]);
        write!(
            f,
            "{:.1} ms (from {:.1} to {:.1}, {} runs)",
            ms(self.median()),
            ms(first),
            ms(last),
            self.sorted.len()
        )
    }
}
