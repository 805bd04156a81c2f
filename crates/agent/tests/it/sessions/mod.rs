//! Sessions on the disk.

mod damage;
mod export;
mod log;
mod store;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use mlxcode_agent::session_store::{
    NewRecord, NewSession, Record, SessionFilter, SessionId, SessionStore, SessionSummary,
    Surroundings,
};
use mlxcode_models::{FinishReason, Finished, Timings, Usage};

/// A clock that goes a second a look, and chance that counts.
#[derive(Debug)]
pub struct Fixed {
    now: AtomicU64,
    random: AtomicU64,
}

impl Fixed {
    pub fn from(now_ms: u64) -> Self {
        Self { now: AtomicU64::new(now_ms), random: AtomicU64::new(0) }
    }
}

impl Surroundings for Fixed {
    fn now_ms(&self) -> u64 {
        self.now.fetch_add(1_000, Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        self.random.fetch_add(1, Ordering::SeqCst)
    }
}

/// 2026-01-01 00:00:00 UTC.
pub const NEW_YEAR: u64 = 1_767_225_600_000;

pub struct Ground {
    _folder: tempfile::TempDir,
    pub store: SessionStore,
}

pub fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let store = at(&folder.path().join("sessions/one.sqlite3"));
    Ground { _folder: folder, store }
}

pub fn at(path: &Path) -> SessionStore {
    SessionStore::open_with(path, Fixed::from(NEW_YEAR)).unwrap()
}

pub fn begin(store: &SessionStore, name: Option<&str>) -> SessionId {
    let new = NewSession {
        name: name.map(str::to_owned),
        model: "tiny".to_owned(),
        root: "/project".to_owned(),
        mode: "ask".to_owned(),
        parent: None,
    };
    store.create(&new).unwrap()
}

/// A turn as a session has it: what was said, the answer in pieces, its end.
pub fn turn(store: &SessionStore, id: &SessionId, turn: u32, asked: &str, answered: &[&str]) {
    store.append(id, &NewRecord::user(turn, asked)).unwrap();
    for piece in answered {
        store.append(id, &NewRecord::text(turn, piece)).unwrap();
    }
    store.append(id, &NewRecord::generation(turn, "tiny", &finished(100, 11))).unwrap();
}

pub fn finished(prompt_tokens: usize, completion_tokens: usize) -> Finished {
    Finished {
        reason: FinishReason::Stop,
        usage: Usage { prompt_tokens, completion_tokens },
        timings: Timings { prefill_ms: 50.0, decode_ms: 100.0 },
    }
}

pub fn all(store: &SessionStore, id: &SessionId) -> Vec<Record> {
    let mut records = Vec::new();
    store
        .for_each(id, |record| {
            records.push(record);
            Ok(())
        })
        .unwrap();
    records
}

pub fn list(store: &SessionStore) -> Vec<SessionSummary> {
    store.list(&SessionFilter::default()).unwrap()
}
