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
    log: Option<StoredLog>,
    /// The first thing that could not be written, before there was a log.
    broken: Option<String>,
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
        let mut state = State { log: None, broken: None };
        if let Some(recorded) = recorded {
            let log = StoredLog::open(Arc::clone(&store), &recorded.id, &new.model);
            state.take(log);
        }
        Self { store, new, state: Mutex::new(state) }
    }

    /// The session, once something was said.
    pub fn id(&self) -> Option<SessionId> {
        self.state().log.as_ref().map(|log| log.id().clone())
    }

    /// Tells once what could not be written.
    pub fn take_broken(&self) -> Option<String> {
        let mut state = self.state();
        let problem = state.log.as_ref().and_then(StoredLog::take_problem);
        state.broken.take().or_else(|| problem.map(|problem| problem.to_string()))
    }

    /// Writes that a file is pinned, or is no longer.
    pub fn pin(&self, path: &str, is_pinned: bool) {
        let kind = if is_pinned { RecordKind::Pin } else { RecordKind::Unpin };
        // Before anything was said, there is nothing that could go on.
        let Some(id) = self.id() else { return };
        let written = self.store.append(&id, &NewRecord::new(0, kind, json!({ "path": path })));
        if let Err(error) = written {
            self.state().broken.get_or_insert_with(|| error.to_string());
        }
    }

    /// Writes by the log, which is made where there is none yet.
    fn with_log(&self, write: impl FnOnce(&StoredLog)) {
        let mut state = self.state();
        if state.log.is_none() {
            let made = self.store.create(&self.new);
            let made =
                made.and_then(|id| StoredLog::open(Arc::clone(&self.store), &id, &self.new.model));
            state.take(made);
        }
        if let Some(log) = &state.log {
            write(log);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, log: Result<StoredLog, SessionError>) {
        match log {
            Ok(log) => self.log = Some(log),
            Err(error) => {
                self.broken.get_or_insert_with(|| error.to_string());
            }
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
