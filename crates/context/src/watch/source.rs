//! Where hints come from: the system's own notes of changes.

use std::io;
use std::path::Path;
use std::time::Duration;

use notify_debouncer_full::notify::event::ModifyKind;
use notify_debouncer_full::notify::{
    Error as NotifyError, ErrorKind, EventKind, RecommendedWatcher, RecursiveMode,
};
use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer,
};

use super::hint::Hint;

/// Changes of one file that lie closer than this are one. An editor writes a
/// file in several steps within a few milliseconds.
const JOINED: Duration = Duration::from_millis(40);
const TICK: Duration = Duration::from_millis(10);

/// Something that tells of changes in folders.
pub trait Source: Send {
    /// Whether one call is for all folders below one as well.
    fn is_recursive(&self) -> bool;

    /// Begins to tell of a folder's changes.
    fn watch(&mut self, folder: &Path) -> Result<(), Refusal>;

    /// Ends it. A folder that is gone is not watched any more anyway.
    fn unwatch(&mut self, folder: &Path);
}

/// Why a folder is not watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The system watches no more.
    Limit,
    /// It is not there.
    Missing,
    /// Anything else.
    Other,
}

/// The operating system.
pub struct System(Debouncer<RecommendedWatcher, RecommendedCache>);

impl System {
    /// Calls `told` with the hints, on a thread of its own. `None` where the
    /// system has no such notes.
    pub fn new(told: impl Fn(Vec<Hint>) + Send + 'static) -> Option<Self> {
        let take = move |result: DebounceEventResult| {
            let hints = match result {
                Ok(events) => events.iter().flat_map(hints).collect(),
                Err(_) => vec![Hint::Lost],
            };
            told(hints);
        };
        new_debouncer(JOINED, Some(TICK), take).ok().map(Self)
    }
}

impl Source for System {
    fn is_recursive(&self) -> bool {
        // One call a folder would take a thread or a handle each elsewhere.
        !cfg!(target_os = "linux")
    }

    fn watch(&mut self, folder: &Path) -> Result<(), Refusal> {
        let mode = if self.is_recursive() {
            RecursiveMode::Recursive
        } else {
            RecursiveMode::NonRecursive
        };
        self.0.watch(folder, mode).map_err(|error| refusal(&error))
    }

    fn unwatch(&mut self, folder: &Path) {
        // It may be gone, and its watch with it.
        let _ = self.0.unwatch(folder);
    }
}

fn refusal(error: &NotifyError) -> Refusal {
    match &error.kind {
        ErrorKind::MaxFilesWatch => Refusal::Limit,
        ErrorKind::PathNotFound | ErrorKind::WatchNotFound => Refusal::Missing,
        ErrorKind::Io(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::Missing,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Refusal::Limit,
            _ => Refusal::Other,
        },
        _ => Refusal::Other,
    }
}

fn hints(event: &DebouncedEvent) -> Vec<Hint> {
    if event.need_rescan() {
        return vec![Hint::Lost];
    }
    let all = event.paths.iter().cloned();
    match event.kind {
        EventKind::Access(_) => Vec::new(),
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {
            all.map(Hint::Written).collect()
        }
        _ => all.map(Hint::Moved).collect(),
    }
}
