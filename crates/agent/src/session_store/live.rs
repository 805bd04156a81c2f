//! A session that is written down while it runs, and goes on later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_models::{Finished, Message};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::{EditOutcome, NewRecord, Record, RecordKind};
use super::{Problem, Result, SessionError, SessionId, SessionStore, maybe_number};
use crate::session::{Entry, Event, SessionLog};

/// After so many turns all that the model is told is written down once more, so
/// that going on with a long session reads no more than these.
const WHOLE_EVERY: u64 = 50;

/// Writes a session down in a store, as it happens.
///
/// What cannot be written is lost, and the session goes on;
/// [`take_problem`](Self::take_problem) tells of the first of it.
#[derive(Debug)]
pub struct StoredLog {
    store: Arc<SessionStore>,
    id: SessionId,
    model: Mutex<String>,
    state: Mutex<Written>,
}

/// What stands in the store.
#[derive(Debug, Default)]
struct Written {
    /// What the model is told.
    entries: Vec<Entry>,
    /// The turn in which all of it was written last.
    whole_at: u64,
    /// Files of each proposal.
    proposed: HashMap<String, usize>,
    problem: Option<SessionError>,
}

/// A change of what the model is told: what stays, and what follows it.
#[derive(Debug, Serialize, Deserialize)]
struct History {
    keep: usize,
    entries: Vec<Entry>,
}

impl StoredLog {
    /// Goes on with a session of a store, or begins to write a new one. The
    /// model's name stands at its answers.
    pub fn open(store: Arc<SessionStore>, id: &SessionId, model: &str) -> Result<Self> {
        let entries = store.entries(id)?;
        let whole_at = entries.last().map_or(0, |entry| entry.turn);
        let state = Mutex::new(Written { entries, whole_at, ..Written::default() });
        Ok(Self { store, id: id.clone(), model: Mutex::new(model.to_owned()), state })
    }

    /// The session.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// What the model was told, with which the session goes on.
    pub fn entries(&self) -> Vec<Entry> {
        self.state().entries.clone()
    }

    /// The store.
    pub fn store(&self) -> &SessionStore {
        &self.store
    }

    /// Names the model that answers from here on.
    pub fn set_model(&self, model: &str) {
        model.clone_into(&mut self.model.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The first thing that could not be written since this was asked last.
    pub fn take_problem(&self) -> Option<SessionError> {
        self.state().problem.take()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Written> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, state: &mut Written, records: &[NewRecord]) {
        if records.is_empty() {
            return;
        }
        if let Err(error) = self.store.append_all(&self.id, records) {
            state.problem.get_or_insert(error);
        }
    }

    /// The records of an event.
    fn records(&self, turn: u32, event: &Event, state: &mut Written) -> Vec<NewRecord> {
        let whole = || NewRecord::new(turn, RecordKind::Event, as_json(event));
        vec![match event {
            Event::Started { input, .. } => NewRecord::user(turn, input),
            Event::Text { text } => NewRecord::text(turn, text),
            Event::Thinking { text } => {
                NewRecord::new(turn, RecordKind::Thinking, json!({ "text": text }))
            }
            Event::Usage { usage, timings, reason } => {
                let finished = Finished { reason: *reason, usage: *usage, timings: *timings };
                let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
                NewRecord::generation(turn, &model, &finished)
            }
            Event::Proposed(proposal) => {
                let files = proposal.changes.len();
                state.proposed.insert(proposal.id.clone(), files);
                let mut record = NewRecord::edit(turn, EditOutcome::Proposed, files);
                let diffs = proposal.changes.iter().map(|change| change.diff.as_str());
                record.data["diff"] = diffs.collect::<String>().into();
                record.data["proposal"] = as_json(proposal);
                record
            }
            Event::Decided { id, allowed: false, files: left, .. }
                if state.proposed.contains_key(id) =>
            {
                let all = state.proposed.remove(id).unwrap_or(0);
                let files = if left.is_empty() { all } else { left.len() };
                let rejected = NewRecord::edit(turn, EditOutcome::Rejected, files);
                return vec![whole(), rejected];
            }
            Event::Applied { entry, files } => {
                let mut record = NewRecord::edit(turn, EditOutcome::Applied, files.len());
                record.data["entry"] = entry.as_str().into();
                record.data["files"] = files.clone().into();
                record
            }
            // What a task takes is taken by the session.
            Event::Task { event: inner, .. } if matches!(**inner, Event::Usage { .. }) => {
                return [vec![whole()], self.records(turn, inner, state)].concat();
            }
            _ => whole(),
        }]
    }
}

impl SessionLog for StoredLog {
    fn event(&self, turn: u64, event: &Event) {
        let turn = u32::try_from(turn).unwrap_or(u32::MAX);
        let mut state = self.state();
        let records = self.records(turn, event, &mut state);
        self.write(&mut state, &records);
        if matches!(event, Event::Finished { .. })
            && let Err(error) = self.store.sync()
        {
            state.problem.get_or_insert(error);
        }
    }

    fn message(&self, entry: &Entry) {
        let mut state = self.state();
        let turn = u32::try_from(entry.turn).unwrap_or(u32::MAX);
        let record = NewRecord::new(turn, RecordKind::Message, as_json(entry));
        self.write(&mut state, &[record]);
        state.entries.push(entry.clone());
    }

    fn history(&self, entries: &[Entry]) {
        let mut state = self.state();
        let turn = entries.last().map_or(state.whole_at, |entry| entry.turn);
        let same = state.entries.iter().zip(entries).take_while(|(one, other)| one == other);
        let mut keep = same.count();
        let is_same = keep == entries.len() && keep == state.entries.len();
        if turn >= state.whole_at + WHOLE_EVERY {
            keep = 0;
        } else if is_same {
            return;
        }
        if keep == 0 {
            state.whole_at = turn;
        }
        let history = History { keep, entries: entries[keep..].to_vec() };
        let turn = u32::try_from(turn).unwrap_or(u32::MAX);
        let record = NewRecord::new(turn, RecordKind::History, as_json(&history));
        self.write(&mut state, &[record]);
        state.entries = entries.to_vec();
    }
}

impl SessionStore {
    /// What the model was told in a session, with which it goes on. Of one that
    /// was imported without it, what was said.
    pub fn entries(&self, id: &SessionId) -> Result<Vec<Entry>> {
        let mut from = self.read(|file| {
            let mut query = file.prepare_cached(
                "SELECT max(seq) FROM record JOIN body ON body.id = body
                 WHERE session = (SELECT id FROM session WHERE key = ?1) AND mark = 'history'
                 AND substr(data, 1, ?2) = ?3",
            )?;
            let whole = params![id.as_str(), WHOLE.len() as i64, WHOLE];
            Ok(query.query_row(whole, |row| maybe_number(row, 0))?.unwrap_or(0))
        })?;
        let (mut entries, mut said) = (Vec::new(), Vec::new());
        let mut is_told = false;
        loop {
            let page = self.page_from(id, from)?;
            let Some(last) = page.records.last() else { break };
            from = last.seq + 1;
            for record in page.records {
                let damage = |_| self.explain(Problem::Damage(format!("record {}", record.seq)));
                match record.kind {
                    RecordKind::Message => {
                        entries.push(serde_json::from_value(record.data).map_err(damage)?);
                        is_told = true;
                    }
                    RecordKind::History => {
                        let history: History =
                            serde_json::from_value(record.data).map_err(damage)?;
                        entries.truncate(history.keep);
                        entries.extend(history.entries);
                        is_told = true;
                    }
                    _ => said.extend(as_entry(&record)),
                }
            }
            if !page.has_later {
                break;
            }
        }
        Ok(if is_told { entries } else { said })
    }

    /// Notes that a change, by the journal's id of it, was taken back, in the
    /// session that made it; `false` where none of the newest did.
    pub fn note_undone(&self, entry: &str) -> Result<bool> {
        let made = self.read(|file| {
            let mut query = file.prepare(
                "SELECT key, turn, data FROM record JOIN body ON body.id = body
                 JOIN session ON session.id = record.session
                 WHERE mark = 'edit' ORDER BY body DESC LIMIT ?1",
            )?;
            let mut rows = query.query([NEWEST_EDITS])?;
            while let Some(row) = rows.next()? {
                let data: Value = serde_json::from_str(&row.get::<_, String>(2)?)
                    .map_err(|_| Problem::Damage("a record was changed".to_owned()))?;
                if data["entry"].as_str() == Some(entry) {
                    let id: SessionId =
                        row.get::<_, String>(0)?.parse().map_err(Problem::Damage)?;
                    let is_undone = data["outcome"] == "undone";
                    let edits = data["edits"].as_u64().unwrap_or(0) as usize;
                    return Ok((!is_undone).then_some((id, row.get(1)?, edits)));
                }
            }
            Ok(None)
        })?;
        let Some((id, turn, edits)) = made else { return Ok(false) };
        let mut record = NewRecord::edit(turn, EditOutcome::Undone, edits);
        record.data["entry"] = entry.into();
        self.append(&id, &record)?;
        Ok(true)
    }
}

/// How far back a change that is taken back is looked for.
const NEWEST_EDITS: i64 = 10_000;

/// How a [`History`] begins that keeps nothing, as it is stored.
const WHOLE: &str = "{\"keep\":0,";

fn as_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// What was said, as the model is told it.
fn as_entry(record: &Record) -> Option<Entry> {
    let text = record.said()?.to_owned();
    let (message, words) = match record.kind {
        RecordKind::User => (Message::user(text.clone()), Some(text)),
        RecordKind::Text => (Message::assistant(text), None),
        _ => return None,
    };
    Some(Entry { turn: record.turn.into(), message, words, note: None })
}
