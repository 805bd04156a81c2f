//! How a model comes into memory.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mlxcode_base::{CancelToken, ProgressEvent};

use super::entry::{Entry, Loading, oldest_idle, reserved};
use super::error::SharedError;
use super::{MOST_MODELS, ResidencyError, ResidencyState, Resident, Shared, State, Use};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::residency::loader::LoadedModel;

/// How often one who waits looks whether he shall stop.
const PATIENCE: Duration = Duration::from_millis(50);

static LAST_ATTEMPT: AtomicU64 = AtomicU64::new(0);

/// A model that was asked for. Dropping it withdraws the wish for it where the
/// model is still being loaded; [`keep`](Self::keep) does not.
pub struct PendingModel {
    shared: Arc<Shared>,
    reference: String,
    attempt: u64,
    /// Counted as a waiter.
    waits: bool,
}

impl fmt::Debug for PendingModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingModel").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// Joins a load that is on its way, or begins one.
pub fn request(shared: &Arc<Shared>, reference: &str) -> Result<PendingModel> {
    let mut models = shared.lock();
    let pending = |attempt| PendingModel {
        shared: Arc::clone(shared),
        reference: reference.to_owned(),
        attempt,
        waits: true,
    };
    if let Some(entry) = models.get_mut(reference) {
        match &mut entry.state {
            State::Loading(loading) if !loading.cancel.is_cancelled() => {
                loading.waiters += 1;
                return Ok(pending(entry.attempt));
            }
            State::Resident(resident) => {
                // Held from now on, so that it is still there when it is taken.
                resident.holders += 1;
                return Ok(pending(entry.attempt));
            }
            // It is tried again.
            _ => {}
        }
    }
    if models.len() >= MOST_MODELS && !models.contains_key(reference) {
        let failed = models.iter().find(|(_, entry)| matches!(entry.state, State::Failed(_)));
        match failed.map(|(name, _)| name.clone()) {
            Some(name) => drop(models.remove(&name)),
            None => return Err(ResidencyError::TooMany { most: MOST_MODELS }.into()),
        }
    }
    let attempt = LAST_ATTEMPT.fetch_add(1, Ordering::Relaxed) + 1;
    let cancel = CancelToken::new();
    let loading = Loading {
        progress: ProgressEvent::new("load", 0, None),
        cancel: cancel.clone(),
        waiters: 1,
        kept: false,
    };
    let state = State::Loading(loading);
    models.insert(reference.to_owned(), Entry { attempt, size_bytes: None, state });
    let work = {
        let (shared, reference) = (Arc::clone(shared), reference.to_owned());
        move || work(&shared, &reference, attempt, &cancel)
    };
    let started = thread::Builder::new().name("mlx-code load".to_owned()).spawn(work);
    if let Err(source) = started {
        models.remove(reference);
        return Err(ResidencyError::Thread { reference: reference.to_owned(), source }.into());
    }
    Ok(pending(attempt))
}

/// Loads a model and writes down how that ended.
fn work(shared: &Arc<Shared>, reference: &str, attempt: u64, cancel: &CancelToken) {
    let result = catch_unwind(AssertUnwindSafe(|| load(shared, reference, attempt, cancel)));
    let lost = || Err(ResidencyError::Lost { reference: reference.to_owned() }.into());
    let result = result.unwrap_or_else(|_| lost());
    let now = shared.options.clock.now();
    let mut models = shared.lock();
    let own = models.get_mut(reference).filter(|entry| entry.attempt == attempt);
    let unwanted = match (own, result) {
        (Some(entry), Ok(loaded)) => {
            let waiters = match &entry.state {
                State::Loading(loading) => loading.waiters,
                _ => 0,
            };
            // Everybody who waits holds it from now on.
            entry.state = State::Resident(Resident { loaded, holders: waiters, idle_since: now });
            None
        }
        // Nobody wants it any more, so nobody has to hear of it.
        (Some(_), Err(_)) if cancel.is_cancelled() => {
            models.remove(reference);
            None
        }
        (Some(entry), Err(error)) => {
            entry.state = State::Failed(Arc::new(error));
            None
        }
        (None, result) => result.ok(),
    };
    drop(models);
    drop(unwanted);
    shared.changed.notify_all();
}

fn load(
    shared: &Arc<Shared>,
    reference: &str,
    attempt: u64,
    cancel: &CancelToken,
) -> Result<LoadedModel> {
    let progress = |event: ProgressEvent| {
        let mut models = shared.lock();
        let own = models.get_mut(reference).filter(|entry| entry.attempt == attempt);
        if let Some(State::Loading(loading)) = own.map(|entry| &mut entry.state) {
            loading.progress = event;
        }
    };
    let plan = shared.loader.plan(reference, &progress, cancel)?;
    make_room(shared, reference, attempt, plan.size_bytes)?;
    if cancel.is_cancelled() {
        return Err(ResidencyError::Cancelled.into());
    }
    progress(ProgressEvent::new("load weights", 0, Some(plan.size_bytes)));
    (plan.load)(cancel)
}

/// Sets memory aside, and unloads what was used longest ago until there is
/// enough.
fn make_room(shared: &Shared, reference: &str, attempt: u64, size_bytes: u64) -> Result<()> {
    loop {
        let now = shared.options.clock.now();
        let mut models = shared.lock();
        let taken = reserved(&models);
        let fits = |budget: u64| taken.saturating_add(size_bytes) <= budget;
        let budget = shared.options.budget_bytes.unwrap_or(u64::MAX);
        if fits(budget) {
            let own = models.get_mut(reference).filter(|entry| entry.attempt == attempt);
            if let Some(entry) = own {
                entry.size_bytes = Some(size_bytes);
            }
            return Ok(());
        }
        let reference = reference.to_owned();
        if size_bytes > budget {
            let budget_bytes = budget;
            return Err(ResidencyError::OverBudget { reference, size_bytes, budget_bytes }.into());
        }
        let Some(oldest) = oldest_idle(&models, now) else {
            let others = models.iter().filter(|(_, entry)| entry.size_bytes.is_some());
            let in_use = others.map(|(name, _)| name.clone()).collect();
            return Err(ResidencyError::NoRoom { reference, size_bytes, in_use }.into());
        };
        let gone = models.remove(&oldest).and_then(Entry::into_gone);
        drop(models);
        // Before anything new is loaded, the memory has to be free.
        shared.let_go(gone.into_iter().collect());
    }
}

impl PendingModel {
    /// What it was asked for by.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What the model is doing; `None` where it is not known any more.
    pub fn state(&self) -> Option<ResidencyState> {
        let now = self.shared.options.clock.now();
        let models = self.shared.lock();
        let own = models.get(&self.reference).filter(|entry| entry.attempt == self.attempt);
        own.map(|entry| entry.describe(&self.reference, now).state)
    }

    /// Leaves the model to be loaded, with nobody who waits: it is idle when it
    /// is there.
    pub fn keep(mut self) {
        let mut models = self.shared.lock();
        let own = models.get_mut(&self.reference).filter(|entry| entry.attempt == self.attempt);
        // One that is there already is given back when this is dropped.
        if let Some(State::Loading(loading)) = own.map(|entry| &mut entry.state) {
            loading.waiters -= 1;
            loading.kept = true;
            drop(models);
            self.waits = false;
        }
    }

    /// Waits until the model is there. `cancel` ends the waiting, and the load
    /// where nobody else waits for it.
    pub fn wait(mut self, cancel: &CancelToken) -> Result<Model> {
        let shared = Arc::clone(&self.shared);
        let mut models = shared.lock();
        loop {
            let own = models.get(&self.reference).filter(|entry| entry.attempt == self.attempt);
            match own.map(|entry| &entry.state) {
                Some(State::Resident(resident)) => {
                    let model = Arc::clone(&resident.loaded.model);
                    drop(models);
                    self.waits = false;
                    return Ok(Use::new(&shared, &self.reference, self.attempt).model(model));
                }
                Some(State::Failed(error)) => {
                    let error = SharedError(Arc::clone(error));
                    drop(models);
                    self.waits = false;
                    return Err(Error::from(error));
                }
                Some(State::Loading(_)) => {}
                None => {
                    drop(models);
                    self.waits = false;
                    return Err(ResidencyError::Cancelled.into());
                }
            }
            if cancel.is_cancelled() {
                drop(models);
                return Err(ResidencyError::Cancelled.into());
            }
            models = shared.wait(models, PATIENCE);
        }
    }

    /// Withdraws the wish; the load is stopped where nobody else waits for it.
    pub fn cancel(self) {}
}

impl Drop for PendingModel {
    fn drop(&mut self) {
        if !self.waits {
            return;
        }
        let mut models = self.shared.lock();
        let own = models.get_mut(&self.reference).filter(|entry| entry.attempt == self.attempt);
        match own.map(|entry| &mut entry.state) {
            Some(State::Loading(loading)) => {
                loading.waiters = loading.waiters.saturating_sub(1);
                if loading.waiters == 0 && !loading.kept {
                    loading.cancel.cancel();
                }
                drop(models);
            }
            Some(State::Resident(_)) => {
                drop(models);
                // Held, and never taken.
                drop(Use::new(&self.shared, &self.reference, self.attempt));
            }
            _ => {}
        }
    }
}
