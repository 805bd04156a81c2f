use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Loops that may be open at once: a fast thread may be this many ahead.
const SLOTS: usize = 8;

/// Who does which part of a loop: whoever comes first takes the next part.
///
/// All threads of a job come to the same loops in the same order, so a loop
/// has the same number in each. A slot holds the number of its newest loop and
/// the first part that is not taken yet.
#[derive(Debug, Default)]
pub struct Loops {
    slots: [AtomicU64; SLOTS],
    /// The number before that of the next job's first loop.
    last: AtomicU32,
}

impl Loops {
    /// The number before the first loop of a job.
    pub fn last(&self) -> u32 {
        self.last.load(Ordering::SeqCst)
    }

    /// Notes where a job ended; nobody is in one now.
    pub fn set_last(&self, number: u32) {
        self.last.store(number, Ordering::SeqCst);
    }

    /// Takes some of the `total` parts of a loop: `most` of those left, or what
    /// there is.
    pub fn take(
        &self,
        number: u32,
        total: usize,
        most: impl Fn(usize) -> usize,
    ) -> Option<Range<usize>> {
        let slot = &self.slots[number as usize % SLOTS];
        let mut seen = slot.load(Ordering::Acquire);
        loop {
            let behind = number.wrapping_sub((seen >> 32) as u32);
            let first = match behind {
                0 => (seen & u64::from(u32::MAX)) as usize,
                // A loop that others have begun when they were done with this.
                ahead if ahead > u32::MAX / 2 => return None,
                _ => 0,
            };
            if first >= total {
                return None;
            }
            let left = total - first;
            let next = first + most(left).clamp(1, left);
            let taken = u64::from(number) << 32 | next as u64;
            match slot.compare_exchange_weak(seen, taken, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(first..next),
                Err(now) => seen = now,
            }
        }
    }
}
