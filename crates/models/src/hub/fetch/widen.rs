//! How many connections: one where it brings enough, else all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::connection;
use super::round::Shared;
use crate::error::Result;

/// What one connection brings from a hub that is next door, in bytes a second.
/// There the processors are the limit, which the checksum and the disk want
/// too: with four of them a pull was slower by a tenth. One that brings less is
/// kept by the way to a hub, by the hub itself, or by its own processor, all of
/// which several connections make up for.
const ENOUGH: u64 = 300_000_000;

/// After how long that is first known, and how often it is looked at again.
pub const LOOK: Duration = Duration::from_millis(50);

/// A connection that brought enough is given up on after so many looks in a row
/// at which it did not. A disk that is behind, or other work of the machine,
/// holds it up for a while, which more connections would only make longer.
const PATIENCE: u32 = 10;

/// Looks at what the first connection brings.
pub struct Widen {
    fetched: u64,
    at: Instant,
    done: bool,
    brings: Brings,
}

/// What it brought so far.
#[derive(Default)]
struct Brings {
    /// Whether it ever was enough, and how often in a row it was not since.
    proved: bool,
    slow: u32,
}

impl Widen {
    pub fn new(shared: &Shared) -> Self {
        let done = shared.most_connections < 2;
        let fetched = shared.round.fetched.load(Ordering::Relaxed);
        Self { fetched, at: Instant::now(), done, brings: Brings::default() }
    }

    /// Starts the other connections once the first one turns out to be slow.
    pub fn look(&mut self, shared: &Arc<Shared>) -> Result<()> {
        let time = self.at.elapsed();
        if self.done || time < LOOK {
            return Ok(());
        }
        let fetched = shared.round.fetched.load(Ordering::Relaxed);
        let brought = fetched.saturating_sub(self.fetched);
        (self.fetched, self.at) = (fetched, Instant::now());
        if !self.brings.too_little(brought, time) {
            return Ok(());
        }
        self.done = true;
        if !shared.has_parts() {
            return Ok(());
        }
        (1..shared.most_connections).try_for_each(|_| Shared::start(shared, connection::run))
    }
}

impl Brings {
    /// Counts what came in a time; tells whether others shall help.
    fn too_little(&mut self, bytes: u64, time: Duration) -> bool {
        if is_enough(bytes, time) {
            *self = Self { proved: true, slow: 0 };
            return false;
        }
        self.slow += 1;
        !self.proved || self.slow >= PATIENCE
    }
}

fn is_enough(bytes: u64, time: Duration) -> bool {
    bytes as f64 >= ENOUGH as f64 * time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_next_door_brings_enough() {
        let check = |megabytes: u64, ms, expect| {
            assert_eq!(is_enough(megabytes * 1_000_000, Duration::from_millis(ms)), expect);
        };
        // 10 and 1 Gbit/s, and the time in which a connection is made.
        check(60, 50, true);
        check(6, 50, false);
        check(0, 50, false);
        // A look that came late.
        check(50, 200, false);
    }

    #[test]
    fn what_was_enough_may_falter() {
        let mut brings = Brings::default();
        assert!(brings.too_little(0, LOOK), "it never was enough");
        let mut brings = Brings::default();
        let faltering = PATIENCE - 1;
        for _ in 0..3 {
            assert!(!brings.too_little(ENOUGH, LOOK));
            assert!((0..faltering).all(|_| !brings.too_little(0, LOOK)));
        }
        assert!(brings.too_little(0, LOOK), "and now for too long");
    }
}
