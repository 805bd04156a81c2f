//! What tells in next to no time that a command may have grown.

use super::census::Use;
use super::tasks::{Load, Memory, Tasks};
use crate::policy::Limits;

/// So many more tasks of the whole system are no reason to count, however few
/// processes the command may still start: others start some too.
pub(super) const LEAST_ROOM: u64 = 32;

/// So much less memory of the whole system is no reason to look, however little
/// the command may still take.
const LEAST_MEMORY_BYTES: u64 = 32 << 20;

/// What the whole system had when somebody counted last, and how much of a
/// change is a reason to count again.
#[derive(Debug)]
pub(super) struct Signs {
    load: Option<Tasks>,
    memory: Option<Memory>,
    /// How many tasks there were, or fewer.
    pub(super) tasks: u64,
    /// So many more are a reason.
    pub(super) room: u64,
    /// How much memory there was.
    available_bytes: u64,
    /// So much less is a reason.
    memory_room_bytes: u64,
}

impl Signs {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut known = Self {
            load: Tasks::open(),
            memory: Memory::open(),
            tasks: 0,
            room: LEAST_ROOM.max(limits.processes as u64),
            available_bytes: 0,
            memory_room_bytes: LEAST_MEMORY_BYTES.max(limits.memory_bytes / 2),
        };
        known.tasks = known.load().all;
        known.available_bytes = known.available();
        known
    }

    pub(super) fn load(&self) -> Load {
        self.load.as_ref().and_then(Tasks::load).unwrap_or_default()
    }

    /// Takes note of what was counted, and of how many tasks there were before.
    pub(super) fn after(&mut self, before: Load, limits: &Limits, used: &Use) {
        self.tasks = before.all;
        let left = limits.processes.saturating_sub(used.living + used.dead);
        self.room = LEAST_ROOM.max(left as u64);
        self.available_bytes = self.available();
        let left = limits.memory_bytes.saturating_sub(used.memory_bytes);
        self.memory_room_bytes = LEAST_MEMORY_BYTES.max(left / 2);
    }

    /// Takes note that there are fewer tasks than there were.
    pub(super) fn falls(&mut self, load: Load) {
        self.tasks = self.tasks.min(load.all);
    }

    fn available(&self) -> u64 {
        self.memory.as_ref().and_then(Memory::available_bytes).unwrap_or(0)
    }

    /// Whether there are so many more tasks.
    pub(super) fn have_risen(&self, load: Load) -> bool {
        load.all > self.tasks.saturating_add(self.room)
    }

    /// Whether memory is less, or cannot be told.
    pub(super) fn has_fallen(&self) -> bool {
        self.available_bytes == 0
            || self.available().saturating_add(self.memory_room_bytes) < self.available_bytes
    }
}
