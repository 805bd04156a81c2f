//! A conversation that is written down as it happens, and goes on later.

use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_core::{
    EditOutcome, Entry, Event, NewRecord, NewSession, RecordKind, SessionId, SessionLog,
    SessionStore, TurnEnd,
};
use serde_json::{Value, json};

use crate::exit::Outcome;

/// The kind of record that tells which messages are told from there on.
const HISTORY: &str = "history";

/// Writes what happens into the sessions of a workspace. A session is made when
/// something is said for the first time, so that none is empty.
pub(super) struct Recorder {
    store: Arc<SessionStore>,
    state: Mutex<State>,
}

struct State {
    new: NewSession,
    id: Option<SessionId>,
    /// What the records say that the model is told.
    entries: Vec<Entry>,
    /// The first thing that could not be written.
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
        let state = State {
            new,
            id: recorded.map(|recorded| recorded.id.clone()),
            entries: recorded.map(|recorded| recorded.entries.clone()).unwrap_or_default(),
            broken: None,
        };
        Self { store, state: Mutex::new(state) }
    }

    /// The session, once something was said.
    pub fn id(&self) -> Option<SessionId> {
        self.state().id.clone()
    }

    /// Tells once what could not be written.
    pub fn take_broken(&self) -> Option<String> {
        self.state().broken.take()
    }

    /// Writes that a file is pinned, or is no longer.
    pub fn pin(&self, path: &str, is_pinned: bool) {
        let kind = if is_pinned { RecordKind::Pin } else { RecordKind::Unpin };
        let mut state = self.state();
        // Before anything was said, there is nothing that could go on.
        if state.id.is_some() {
            self.append(&mut state, NewRecord::new(0, kind, json!({ "path": path })));
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, state: &mut State, record: NewRecord) {
        let id = match &state.id {
            Some(id) => Ok(id.clone()),
            None => self.store.create(&state.new),
        };
        let written = id.and_then(|id| {
            state.id = Some(id.clone());
            self.store.append(&id, &record)
        });
        if let Err(error) = written {
            state.broken.get_or_insert_with(|| error.to_string());
        }
    }
}

impl SessionLog for Recorder {
    fn event(&self, turn: u64, event: &Event) {
        let turn = u32::try_from(turn).unwrap_or(u32::MAX);
        let mut state = self.state();
        let record = record_of(turn, event, &state.new.model);
        self.append(&mut state, record);
        if let Event::Finished { reason: TurnEnd::Declined, .. } = event {
            self.append(&mut state, NewRecord::edit(turn, EditOutcome::Rejected, 1));
        }
    }

    fn message(&self, entry: &Entry) {
        let mut state = self.state();
        let turn = u32::try_from(entry.turn).unwrap_or(u32::MAX);
        let data = serde_json::to_value(entry).unwrap_or(Value::Null);
        self.append(&mut state, NewRecord::new(turn, RecordKind::Message, data));
        state.entries.push(entry.clone());
    }

    fn history(&self, entries: &[Entry]) {
        let mut state = self.state();
        // Mostly it is what the messages said already.
        if state.entries == entries || state.id.is_none() {
            return;
        }
        let turn = entries.last().map_or(0, |entry| entry.turn);
        let turn = u32::try_from(turn).unwrap_or(u32::MAX);
        let data = json!({ "entries": entries });
        self.append(&mut state, NewRecord::new(turn, HISTORY, data));
        state.entries = entries.to_vec();
    }
}

/// What is written of an event. What the store knows by itself, searches and
/// counts is written in its own words.
fn record_of(turn: u32, event: &Event, model: &str) -> NewRecord {
    match event {
        Event::Started { input, .. } => NewRecord::user(turn, input),
        Event::Text { text } => NewRecord::text(turn, text),
        Event::Thinking { text } => {
            NewRecord::new(turn, RecordKind::Thinking, json!({ "text": text }))
        }
        Event::Usage { usage, timings, reason } => {
            let data = json!({
                "model": model,
                "reason": reason,
                "usage": usage,
                "timings": timings,
            });
            NewRecord::new(turn, RecordKind::Generation, data)
        }
        Event::Proposed(proposal) => {
            NewRecord::edit(turn, EditOutcome::Proposed, proposal.changes.len())
        }
        Event::Applied { files, .. } => NewRecord::edit(turn, EditOutcome::Applied, files.len()),
        other => {
            let data = serde_json::to_value(other).unwrap_or(Value::Null);
            NewRecord::new(turn, RecordKind::Event, data)
        }
    }
}

/// Reads what a session came to.
pub(super) fn read(store: &SessionStore, id: &SessionId) -> Outcome<Recorded> {
    let opened = store.open_session(id)?;
    let mut entries: Vec<Entry> = Vec::new();
    store.for_each(id, |record| {
        match &record.kind {
            // What cannot be read was written by a newer version.
            RecordKind::Message => {
                entries.extend(serde_json::from_value::<Entry>(record.data).ok());
            }
            kind if kind.as_str() == HISTORY => {
                let told = record.data.get("entries").cloned().unwrap_or_default();
                if let Ok(told) = serde_json::from_value(told) {
                    entries = told;
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(Recorded {
        id: opened.summary.id.clone(),
        entries,
        pinned: opened.pinned,
        label: opened.summary.label().to_owned(),
        turns: opened.summary.turns,
    })
}
