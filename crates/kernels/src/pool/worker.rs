use std::cell::Cell;
use std::fmt;
use std::ops::Range;

use super::Team;

/// One thread of a team, while it runs a job.
pub struct Worker<'t> {
    team: &'t Team,
    index: usize,
    threads: usize,
    /// Loops that this thread has come to.
    loops: Cell<u32>,
}

impl fmt::Debug for Worker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({} of {})", self.index, self.threads)
    }
}

impl<'t> Worker<'t> {
    pub(super) fn new(team: &'t Team, index: usize, threads: usize) -> Self {
        Self { team, index, threads, loops: Cell::new(team.loops.last()) }
    }

    /// Ends a job, when all threads have left it. Where one panicked, the
    /// others may have come to more loops than this one.
    pub(super) fn finish(&self, panicked: bool) {
        let ahead = if panicked { 1 << 16 } else { 0 };
        self.team.loops.set_last(self.loops.get().wrapping_add(ahead));
    }

    /// Its number in the team, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The size of the team.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Waits until all threads of the team are here.
    ///
    /// # Panics
    /// Where one of them has panicked.
    pub fn barrier(&self) {
        if self.threads > 1 {
            self.team.barrier.wait();
        }
    }

    /// Does some of `total` parts, `most` at once, while others do the rest.
    /// All threads of the team have to come here, with the same numbers.
    pub fn each(&self, total: usize, most: usize, part: impl FnMut(Range<usize>)) {
        self.take_all(total, |_| most, part);
    }

    /// The same, with fewer parts at once the fewer are left: half of an even
    /// share, a multiple of `least`. All threads are done at nearly the same
    /// time, and few are the places where one begins anew.
    pub fn share(&self, total: usize, least: usize, part: impl FnMut(Range<usize>)) {
        let threads = self.threads;
        let most = |left: usize| match threads {
            1 => left,
            _ => (left / (2 * threads)).next_multiple_of(least).max(least),
        };
        self.take_all(total, most, part);
    }

    fn take_all(
        &self,
        total: usize,
        most: impl Fn(usize) -> usize,
        mut part: impl FnMut(Range<usize>),
    ) {
        let number = self.loops.get().wrapping_add(1);
        self.loops.set(number);
        while let Some(range) = self.team.loops.take(number, total, &most) {
            part(range);
        }
    }
}
