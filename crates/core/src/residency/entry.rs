//! One model that is known, and what may be done with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mlxcode_base::{CancelToken, ProgressEvent};

use super::loader::LoadedModel;
use super::{ResidencyState, ResidentModel};
use crate::error::Error;

/// One model that is known.
pub struct Entry {
    /// Tells this attempt from a later one under the same name.
    pub attempt: u64,
    /// The memory that it takes, once that is known.
    pub size_bytes: Option<u64>,
    /// How far it is.
    pub state: State,
}

/// What it is doing.
pub enum State {
    Loading(Loading),
    Resident(Resident),
    /// Shared by all who waited.
    Failed(Arc<Error>),
}

/// A load that is on its way.
pub struct Loading {
    pub progress: ProgressEvent,
    pub cancel: CancelToken,
    /// Who still wants it.
    pub waiters: usize,
    /// Whether it is wanted without anybody who waits.
    pub kept: bool,
}

/// A model in memory.
pub struct Resident {
    pub loaded: LoadedModel,
    pub holders: usize,
    /// When the last holder left.
    pub idle_since: Duration,
}

/// A model that nobody will get any more, and that is still in memory.
pub struct Gone(LoadedModel);

impl Gone {
    /// Frees its memory, which may wait for a thread.
    pub fn free(self) {
        let LoadedModel { model, freed, keep } = self.0;
        drop(model);
        if let Some(freed) = freed {
            freed();
        }
        drop(keep);
    }
}

impl Entry {
    /// How long nobody has used it; `None` where somebody does, or it is not in
    /// memory.
    pub fn idle(&self, now: Duration) -> Option<Duration> {
        match &self.state {
            State::Resident(resident) if resident.holders == 0 => {
                Some(now.saturating_sub(resident.idle_since))
            }
            _ => None,
        }
    }

    /// Whether it can be taken out of the map.
    pub fn may_go(&self) -> bool {
        match &self.state {
            State::Loading(_) => false,
            State::Resident(resident) => resident.holders == 0,
            State::Failed(_) => true,
        }
    }

    /// What is left to be dropped of one that was loaded.
    pub fn into_gone(self) -> Option<Gone> {
        match self.state {
            State::Resident(resident) => Some(Gone(resident.loaded)),
            _ => None,
        }
    }

    /// The memory that is set aside for it.
    fn reserved(&self) -> u64 {
        match self.state {
            State::Failed(_) => 0,
            _ => self.size_bytes.unwrap_or(0),
        }
    }

    /// What others are told of it.
    pub fn describe(&self, reference: &str, now: Duration) -> ResidentModel {
        let state = match &self.state {
            State::Loading(loading) => ResidencyState::Loading {
                task: loading.progress.task.clone(),
                done: loading.progress.done,
                total: loading.progress.total,
            },
            State::Resident(Resident { holders: 0, idle_since, .. }) => {
                ResidencyState::Idle { idle: now.saturating_sub(*idle_since) }
            }
            State::Resident(resident) => ResidencyState::InUse { holders: resident.holders },
            State::Failed(error) => ResidencyState::Failed { message: error.sentence() },
        };
        ResidentModel { reference: reference.to_owned(), state, size_bytes: self.size_bytes }
    }
}

/// Memory that is set aside for all models.
pub fn reserved(models: &BTreeMap<String, Entry>) -> u64 {
    models.values().map(Entry::reserved).fold(0, u64::saturating_add)
}

/// The model that was used longest ago and that nobody uses now.
pub fn oldest_idle(models: &BTreeMap<String, Entry>, now: Duration) -> Option<String> {
    let idle = models.iter().filter_map(|(name, entry)| Some((entry.idle(now)?, name)));
    idle.max_by_key(|(idle, _)| *idle).map(|(_, name)| name.clone())
}
