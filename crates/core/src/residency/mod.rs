//! Models that are kept in memory: loaded once for all who ask, in the
//! background, and unloaded when their room is needed or nobody used them for
//! a while.
//!
//! A model is **in use** as long as somebody holds it or it generates. One in
//! use is never unloaded: dropping it here would free nothing.

mod clock;
mod entry;
mod error;
mod held;
mod load;
mod loader;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

pub use clock::{Clock, SystemClock};
use entry::{Entry, Gone, Resident, State};
pub use error::ResidencyError;
use held::Use;
pub use load::PendingModel;
pub use loader::{LoadPlan, LoadedModel, ModelLoader};

use crate::error::Result;
use crate::model::Model;

/// Models that may be known at once, resident, loading or failed.
const MOST_MODELS: usize = 64;

/// How models are kept.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResidencyOptions {
    /// The most memory of all models together, as their estimates say; `None`:
    /// no limit but what each load is refused for.
    pub budget_bytes: Option<u64>,
    /// How long a model that nobody uses stays; `None`: until its room is
    /// needed.
    pub keep_alive: Option<Duration>,
    /// Tells the time; tests have their own.
    pub clock: Arc<dyn Clock>,
}

impl Default for ResidencyOptions {
    fn default() -> Self {
        Self { budget_bytes: None, keep_alive: None, clock: Arc::new(SystemClock::new()) }
    }
}

impl fmt::Debug for ResidencyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResidencyOptions")
            .field("budget_bytes", &self.budget_bytes)
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}

/// Models in memory. Clones share them; when the last one is dropped, models
/// that nobody holds are unloaded.
#[derive(Clone)]
pub struct Residency {
    shared: Arc<Shared>,
}

/// What all threads look at.
struct Shared {
    loader: Box<dyn ModelLoader>,
    options: ResidencyOptions,
    models: Mutex<BTreeMap<String, Entry>>,
    /// Told of every change.
    changed: Condvar,
}

/// A model that is known.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResidentModel {
    /// What it was asked for by.
    pub reference: String,
    /// What it is doing.
    pub state: ResidencyState,
    /// The memory that is set aside for it, once that is known.
    pub size_bytes: Option<u64>,
}

/// What a model is doing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ResidencyState {
    /// It is being checked and loaded.
    Loading {
        /// What is being done, such as `hash model.gguf`.
        task: String,
        /// Units done of that, bytes where not said otherwise.
        done: u64,
        /// Units in all, where known.
        total: Option<u64>,
    },
    /// Somebody holds it, or it generates.
    InUse {
        /// How many hold it.
        holders: usize,
    },
    /// It is in memory, and nobody uses it.
    Idle {
        /// For how long.
        idle: Duration,
    },
    /// It could not be loaded; asking again tries again.
    Failed {
        /// The error in one line.
        message: String,
    },
}

impl Residency {
    /// Nothing in memory yet.
    pub fn new(loader: impl ModelLoader, options: ResidencyOptions) -> Self {
        let shared = Arc::new(Shared {
            loader: Box::new(loader),
            options,
            models: Mutex::default(),
            changed: Condvar::new(),
        });
        if shared.options.keep_alive.is_some() {
            start_sweeping(&shared);
        }
        Self { shared }
    }

    /// Asks for a model and gives back at once: it is loaded in the background,
    /// or is there already, or is being loaded for somebody else.
    pub fn request(&self, reference: &str) -> Result<PendingModel> {
        load::request(&self.shared, reference)
    }

    /// As [`request`](Self::request), and waits.
    pub fn model(&self, reference: &str) -> Result<Model> {
        self.request(reference)?.wait(&mlxcode_base::CancelToken::new())
    }

    /// All models that are known, by reference.
    pub fn list(&self) -> Vec<ResidentModel> {
        let now = self.shared.options.clock.now();
        let models = self.shared.lock();
        let one = |(reference, entry): (&String, &Entry)| entry.describe(reference, now);
        models.iter().map(one).collect()
    }

    /// Memory that is set aside for models, in use or not.
    pub fn size_bytes(&self) -> u64 {
        entry::reserved(&self.shared.lock())
    }

    /// Unloads a model that nobody uses, and tells whether it did. A failure
    /// is forgotten.
    pub fn unload(&self, reference: &str) -> bool {
        let gone = {
            let mut models = self.shared.lock();
            if !models.get(reference).is_some_and(Entry::may_go) {
                return false;
            }
            models.remove(reference).map(Entry::into_gone)
        };
        self.shared.let_go(gone.into_iter().flatten().collect());
        true
    }

    /// Unloads what nobody used for the time of the options. Called by itself
    /// where they name one.
    pub fn sweep(&self) {
        self.shared.sweep();
    }
}

impl fmt::Debug for Residency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // No code that can panic runs under the lock, so the map is whole.
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change, for a while at most.
    fn wait<'m>(
        &self,
        models: MutexGuard<'m, BTreeMap<String, Entry>>,
        most: Duration,
    ) -> MutexGuard<'m, BTreeMap<String, Entry>> {
        self.changed.wait_timeout(models, most).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Frees models that are out of the map. Their memory is gone afterwards:
    /// an engine's thread has to end first.
    fn let_go(&self, gone: Vec<Gone>) {
        for one in gone {
            one.free();
        }
        self.changed.notify_all();
    }

    fn sweep(&self) {
        let Some(keep_alive) = self.options.keep_alive else { return };
        let now = self.options.clock.now();
        let mut gone = Vec::new();
        {
            let mut models = self.lock();
            let old = |entry: &Entry| entry.idle(now).is_some_and(|idle| idle >= keep_alive);
            let names: Vec<String> =
                models.iter().filter(|(_, e)| old(e)).map(|(name, _)| name.clone()).collect();
            for name in names {
                gone.extend(models.remove(&name).and_then(Entry::into_gone));
            }
        }
        if !gone.is_empty() {
            self.let_go(gone);
        }
    }

    /// How long until the next model has been idle for long enough.
    fn next_sweep(&self) -> Duration {
        let Some(keep_alive) = self.options.keep_alive else { return LONGEST_PAUSE };
        let now = self.options.clock.now();
        let models = self.lock();
        let left = models.values().filter_map(|entry| entry.idle(now));
        let next = left.map(|idle| keep_alive.saturating_sub(idle)).min();
        next.unwrap_or(LONGEST_PAUSE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }
}

/// How often a thread looks for models that were idle for too long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A thread that ends with the last residency.
fn start_sweeping(shared: &Arc<Shared>) {
    let weak = Arc::downgrade(shared);
    // Without it, models go when their room is needed.
    let _ = thread::Builder::new().name("mlx-code residency".to_owned()).spawn(move || {
        while let Some(shared) = weak.upgrade() {
            let pause = shared.next_sweep();
            shared.sweep();
            drop(shared);
            thread::sleep(pause);
        }
    });
}

#[cfg(test)]
mod tests;
