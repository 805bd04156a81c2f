//! A conversation that is written down as it happens, and goes on later.

use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_core::{
    Entry, Event, NewRecord, NewSession, RecordKind, SessionError, SessionId, SessionLog,
    SessionStore, StoredLog,
};
use serde_json::json;

use crate::exit::Outcome;

/// Writes what happens into the sessions of a workspace. A session is made when
/// something is said for the first time, so that none is empty.
pub(super) struct Recorder {
    store: Arc<SessionStore>,
    new: NewSession,
    state: Mutex<State>,
}

struct State {
    log: Log,
    /// The first thing that could not be written, where no log tells it.
    broken: Option<String>,
}

enum Log {
    /// Nothing was said yet. These files are shown whole.
    Begins {
        pinned: Vec<String>,
    },
    Open(StoredLog),
    /// It could not be opened; nothing is written, least of all elsewhere.
    Gone,
}

/// A session that was written down.
pub(super) struct Recorded {
    pub id: SessionId,
    pub entries: Vec<Entry>,
    pub pinned: Vec<String>,
    pub label: String,
    pub turns: u32,
}

impl Recorder {
    /// For a session that begins, or goes on.
    pub fn new(store: Arc<SessionStore>, new: NewSession, recorded: Option<&Recorded>) -> Self {
        let mut state = State { log: Log::Begins { pinned: Vec::new() }, broken: None };
        if let Some(recorded) = recorded {
            let log = StoredLog::open(Arc::clone(&store), &recorded.id, &new.model);
            state.take(log);
        }
        Self { store, new, state: Mutex::new(state) }
    }

    /// The session, once something was said.
    pub fn id(&self) -> Option<SessionId> {
        self.state().log.open().map(|log| log.id().clone())
    }

    /// Tells once what could not be written.
    pub fn take_broken(&self) -> Option<String> {
        let mut state = self.state();
        let problem = state.log.open().and_then(StoredLog::take_problem);
        state.broken.take().or_else(|| problem.map(|problem| problem.to_string()))
    }

    /// Writes that a file is pinned, or is no longer; before anything was said,
    /// as soon as something is.
    pub fn pin(&self, path: &str, is_pinned: bool) {
        let mut state = self.state();
        if let Log::Begins { pinned } = &mut state.log {
            pinned.retain(|other| other != path);
            pinned.extend(is_pinned.then(|| path.to_owned()));
            return;
        }
        let written = state.log.open().map(|log| self.write_pin(log.id(), path, is_pinned));
        state.note(written.unwrap_or(Ok(())));
    }

    fn write_pin(&self, id: &SessionId, path: &str, is_pinned: bool) -> Result<(), SessionError> {
        let kind = if is_pinned { RecordKind::Pin } else { RecordKind::Unpin };
        self.store.append(id, &NewRecord::new(0, kind, json!({ "path": path }))).map(drop)
    }

    /// Writes by the log, which is made where nothing was said yet.
    fn with_log(&self, write: impl FnOnce(&StoredLog)) {
        let mut state = self.state();
        if let Log::Begins { pinned } = &mut state.log {
            let pinned = std::mem::take(pinned);
            let log = self.store.create(&self.new).and_then(|id| {
                for path in &pinned {
                    self.write_pin(&id, path, true)?;
                }
                StoredLog::open(Arc::clone(&self.store), &id, &self.new.model)
            });
            state.take(log);
        }
        if let Some(log) = state.log.open() {
            write(log);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, log: Result<StoredLog, SessionError>) {
        self.log = match log {
            Ok(log) => Log::Open(log),
            Err(error) => {
                self.note(Err(error));
                Log::Gone
            }
        };
    }

    fn note(&mut self, written: Result<(), SessionError>) {
        if let Err(error) = written {
            self.broken.get_or_insert_with(|| error.to_string());
        }
    }
}

impl Log {
    fn open(&self) -> Option<&StoredLog> {
        match self {
            Self::Open(log) => Some(log),
            Self::Begins { .. } | Self::Gone => None,
        }
    }
}

impl SessionLog for Recorder {
    fn event(&self, turn: u64, event: &Event) {
        self.with_log(|log| log.event(turn, event));
    }

    fn message(&self, entry: &Entry) {
        self.with_log(|log| log.message(entry));
    }

    fn history(&self, entries: &[Entry]) {
        self.with_log(|log| log.history(entries));
    }
}

/// Reads what a session came to.
pub(super) fn read(store: &SessionStore, id: &SessionId) -> Outcome<Recorded> {
    let opened = store.open_session(id)?;
    Ok(Recorded {
        id: opened.summary.id.clone(),
        entries: store.entries(id)?,
        pinned: opened.pinned,
        label: opened.summary.label().to_owned(),
        turns: opened.summary.turns,
    })
}
