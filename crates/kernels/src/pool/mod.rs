//! The threads that compute.
//!
//! A process has one [`Pool`]. A job runs on several of its threads at once,
//! each of which does its share of every step and meets the others at a
//! barrier: a step of a model takes microseconds, and handing each part of it
//! to a thread as a task would cost more than the part.

mod barrier;
mod loops;
mod worker;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};

use barrier::{Barrier, spin};
use loops::Loops;
pub use worker::Worker;

/// A team of threads, which waits for jobs.
pub struct Pool {
    team: Arc<Team>,
    /// One job at a time.
    jobs: Mutex<()>,
    workers: Vec<Thread>,
}

/// What the threads of a pool share.
#[derive(Default)]
struct Team {
    /// The number of the job and the threads that take part in it, which is 0
    /// when the pool has ended: `number << 32 | threads`.
    start: AtomicU64,
    job: Mutex<Option<Job>>,
    /// Threads that have not left the job yet, the caller aside.
    remaining: AtomicUsize,
    barrier: Barrier,
    loops: Loops,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// What the threads shall run, and who waits for them.
#[derive(Clone)]
struct Job {
    run: *const (dyn Fn(&Worker<'_>) + Sync),
    caller: Thread,
}

// SAFETY: the pointer is to a `Sync` closure that outlives the job: `Pool::run`
// returns only when every thread has left it.
unsafe impl Send for Job {}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} threads)", self.threads())
    }
}

impl Pool {
    /// A pool of its own, for tests and measurements: programs share
    /// [`Pool::shared`]. The calling thread is one of `threads`; where the
    /// system gives fewer, the pool has fewer.
    pub fn new(threads: usize) -> Self {
        let team = Arc::new(Team::default());
        let start = |index: usize| {
            let team = Arc::clone(&team);
            let thread = thread::Builder::new().name(format!("mlx-code worker {index}"));
            thread.spawn(move || serve(&team, index))
        };
        let workers = (1..threads).map_while(|index| start(index).ok());
        let workers = workers.map(|handle| handle.thread().clone()).collect();
        Self { team, jobs: Mutex::new(()), workers }
    }

    /// The process's pool: one thread for each processor that this process
    /// may use, by its affinity and its control group's quota.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Pool> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(thread::available_parallelism().map_or(1, usize::from)))
    }

    /// Threads of the pool.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs a job on `threads` threads at once, at most all of the pool, and
    /// waits for it. The caller is worker 0. A job that another thread has
    /// begun is waited for first.
    ///
    /// # Panics
    /// Where the job does in any thread.
    pub fn run(&self, threads: usize, job: impl Fn(&Worker<'_>) + Sync) {
        let _one = lock(&self.jobs);
        let (team, threads) = (&*self.team, threads.clamp(1, self.threads()));
        team.barrier.open(threads);
        let run: &(dyn Fn(&Worker<'_>) + Sync) = &job;
        // SAFETY: only the lifetime is erased, and `remaining` is waited for.
        let run = unsafe {
            std::mem::transmute::<
                &(dyn Fn(&Worker<'_>) + Sync),
                &'static (dyn Fn(&Worker<'_>) + Sync),
            >(run)
        };
        *lock(&team.job) = Some(Job { run, caller: thread::current() });
        team.remaining.store(threads - 1, Ordering::SeqCst);
        let number = (team.start.load(Ordering::SeqCst) >> 32) + 1;
        team.start.store(number << 32 | threads as u64, Ordering::SeqCst);
        for worker in &self.workers[..threads - 1] {
            worker.unpark();
        }
        let worker = Worker::new(team, 0, threads);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(&worker))) {
            team.give_up(panic);
        }
        if !spin(|| team.remaining.load(Ordering::SeqCst) == 0) {
            while team.remaining.load(Ordering::SeqCst) > 0 {
                thread::park();
            }
        }
        *lock(&team.job) = None;
        let panic = lock(&team.panic).take();
        worker.finish(panic.is_some());
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let number = (self.team.start.load(Ordering::SeqCst) >> 32) + 1;
        self.team.start.store(number << 32, Ordering::SeqCst);
        for worker in &self.workers {
            worker.unpark();
        }
    }
}

impl Team {
    /// Notes a panic, and frees those who wait for its thread at a barrier.
    fn give_up(&self, panic: Box<dyn Any + Send>) {
        lock(&self.panic).get_or_insert(panic);
        self.barrier.break_up();
    }
}

/// What a thread of the pool does until the pool ends.
fn serve(team: &Team, index: usize) {
    let mut seen = 0;
    loop {
        let begun = || team.start.load(Ordering::SeqCst) != seen;
        if !spin(begun) {
            while !begun() {
                thread::park();
            }
        }
        seen = team.start.load(Ordering::SeqCst);
        let threads = (seen & u64::from(u32::MAX)) as usize;
        if threads == 0 {
            return;
        }
        if index >= threads {
            continue;
        }
        let Some(job) = lock(&team.job).clone() else { continue };
        // SAFETY: the caller waits until `remaining` is 0, so the closure lives.
        let run = unsafe { &*job.run };
        let worker = Worker::new(team, index, threads);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&worker))) {
            team.give_up(panic);
        }
        if team.remaining.fetch_sub(1, Ordering::SeqCst) == 1 {
            job.caller.unpark();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a lock guards here is whole at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn every_part_of_a_loop_is_done_once() {
        for threads in [1, 2, 3, 5] {
            let pool = Pool::new(threads);
            for total in [0, 1, 7, 100] {
                let done: Vec<AtomicU32> = (0..total).map(|_| AtomicU32::new(0)).collect();
                pool.run(threads, |worker| {
                    // More loops than there are slots, without a barrier.
                    for round in 0..20 {
                        let part = |range: Range<usize>| {
                            for part in &done[range] {
                                part.fetch_add(1, Ordering::SeqCst);
                            }
                        };
                        if round % 2 == 0 {
                            worker.each(total, 1 + round % 4, part);
                        } else {
                            worker.share(total, 1 + round % 4, part);
                        }
                    }
                });
                assert!(done.iter().all(|part| part.load(Ordering::SeqCst) == 20));
            }
        }
    }

    #[test]
    fn shares_are_whole_and_become_smaller() {
        let taken = Mutex::new(Vec::new());
        Pool::new(2).run(2, |worker| {
            worker.share(101, 4, |range| lock(&taken).push(range));
        });
        let mut taken = lock(&taken).clone();
        taken.sort_by_key(|range| range.start);
        let lengths: Vec<_> = taken.iter().map(Range::len).collect();
        assert_eq!(lengths, [28, 20, 16, 12, 8, 4, 4, 4, 4, 1]);
    }

    #[test]
    fn nobody_passes_a_barrier_before_all_have_come() {
        let pool = Pool::new(4);
        for threads in [2, 4, 3, 9] {
            let here = AtomicUsize::new(0);
            let count = threads.min(4);
            pool.run(threads, |worker| {
                for round in 1..200 {
                    here.fetch_add(1, Ordering::SeqCst);
                    worker.barrier();
                    assert!(here.load(Ordering::SeqCst) >= round * count);
                    worker.barrier();
                }
            });
            assert_eq!(here.load(Ordering::SeqCst), 199 * count);
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(3);
        for place in 0..3 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                pool.run(3, |worker| {
                    worker.each(3, 1, |_| {});
                    worker.barrier();
                    assert_ne!(worker.index(), place, "on purpose");
                    worker.barrier();
                });
            }));
            assert!(outcome.is_err());
            let sum = AtomicUsize::new(0);
            pool.run(3, |worker| {
                worker.barrier();
                worker.each(30, 1, |range| {
                    sum.fetch_add(range.len(), Ordering::SeqCst);
                });
            });
            assert_eq!(sum.load(Ordering::SeqCst), 30);
        }
    }
}
