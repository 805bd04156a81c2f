use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// How often a thread looks before it sleeps: some tens of microseconds, more
/// than a step of a model lasts, less than a slice of the scheduler.
const SPINS: u32 = 4_000;

/// Of these, the looks after which it lets other threads go first.
const YIELD_EVERY: u32 = 1_000;

/// Looks until `done`, for a while. False where it never was.
pub fn spin(done: impl Fn() -> bool) -> bool {
    for round in 1..=SPINS {
        if done() {
            return true;
        }
        if round % YIELD_EVERY == 0 {
            // On a busy machine the one waited for may need this processor.
            thread::yield_now();
        } else {
            hint::spin_loop();
        }
    }
    done()
}

/// Where threads wait until all have come: looking at first, then asleep.
#[derive(Debug, Default)]
pub struct Barrier {
    threads: AtomicUsize,
    arrived: AtomicUsize,
    generation: AtomicUsize,
    broken: AtomicBool,
    asleep: AtomicUsize,
    lock: Mutex<()>,
    woken: Condvar,
}

impl Barrier {
    /// Makes it ready for some threads; nobody waits at it now.
    pub fn open(&self, threads: usize) {
        self.threads.store(threads, Ordering::SeqCst);
        self.arrived.store(0, Ordering::SeqCst);
        self.broken.store(false, Ordering::SeqCst);
    }

    /// Waits until all threads have come.
    ///
    /// # Panics
    /// Where one of them never will, because it panicked.
    pub fn wait(&self) {
        let generation = self.generation.load(Ordering::SeqCst);
        let threads = self.threads.load(Ordering::SeqCst);
        if self.arrived.fetch_add(1, Ordering::SeqCst) + 1 == threads {
            self.arrived.store(0, Ordering::SeqCst);
            self.wake(generation);
            return;
        }
        let passed = || {
            self.generation.load(Ordering::SeqCst) != generation
                || self.broken.load(Ordering::SeqCst)
        };
        if !spin(passed) {
            // Counted before the last look, so that whoever changes the
            // generation after it sees somebody asleep.
            self.asleep.fetch_add(1, Ordering::SeqCst);
            let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            while !passed() {
                guard = self.woken.wait(guard).unwrap_or_else(PoisonError::into_inner);
            }
            drop(guard);
            self.asleep.fetch_sub(1, Ordering::SeqCst);
        }
        assert!(!self.broken.load(Ordering::SeqCst), "another worker panicked");
    }

    /// Frees everybody who waits, now and later, with a panic.
    pub fn break_up(&self) {
        self.broken.store(true, Ordering::SeqCst);
        self.wake(self.generation.load(Ordering::SeqCst));
    }

    fn wake(&self, generation: usize) {
        self.generation.store(generation.wrapping_add(1), Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) > 0 {
            let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.woken.notify_all();
        }
    }
}
