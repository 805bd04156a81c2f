//! Sessions on the disk.
//!
//! The principal type is [`SessionStore`], one SQLite file for the sessions of
//! a workspace. A session is a log of [`Record`]s; whoever drives it appends
//! to it, and what was appended survives the end of the process.

mod append;
mod change;
mod error;
mod export;
mod find;
mod id;
mod limits;
mod list;
mod read;
mod record;
mod salvage;
mod schema;
mod search;
mod stats;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

pub use error::{Result, SessionError};
pub use export::{EXPORT_VERSION, ExportedRecord, ExportedSession};
pub use id::{SessionId, Surroundings, SystemSurroundings};
pub use limits::{LISTED, MOST_IMPORT_BYTES, MOST_NAME_CHARS, MOST_RECORD_BYTES, OPENED_TURNS};
pub use list::{SessionFilter, SessionSummary};
pub use read::{OpenedSession, RecordPage};
pub use record::{EditOutcome, NewRecord, Record, RecordKind};
pub use salvage::Salvaged;
pub use search::SessionHit;
pub use stats::{EditStats, ModelStats, SessionStats, SpeedStats};

/// A session that begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSession {
    /// Its name, by which it is found again; no other session has it.
    pub name: Option<String>,
    /// The model that it talks to.
    pub model: String,
    /// The folder that it works in.
    pub root: String,
    /// How it works, such as `ask` or `plan`.
    pub mode: String,
    /// The session that it belongs to, such as that of which it is a sub-task.
    pub parent: Option<SessionId>,
}

/// The sessions of one workspace, in one SQLite file.
///
/// Several processes may have it open and append at once. What
/// [`append`](Self::append) returned from survives the end of the process,
/// however it comes; [`sync`](Self::sync) makes it survive a loss of power.
#[derive(Debug)]
pub struct SessionStore {
    path: PathBuf,
    connection: Mutex<Connection>,
    surroundings: Box<dyn Surroundings>,
}

impl SessionStore {
    /// Opens the file, and makes it where it is missing.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, SystemSurroundings)
    }

    /// As [`open`](Self::open), with a clock and a chance of the caller's.
    pub fn open_with(path: &Path, surroundings: impl Surroundings + 'static) -> Result<Self> {
        let connection = Mutex::new(schema::open(path)?);
        Ok(Self { path: path.to_owned(), connection, surroundings: Box::new(surroundings) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes all that was appended survive a loss of power too. It waits for
    /// the disk, so it is called where a person waits anyway: at the end of a
    /// turn.
    pub fn sync(&self) -> Result<()> {
        let connection = self.lock();
        // The log is written to the disk before it goes into the file. Where
        // another process reads, that much is done and the rest comes later.
        connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .map_err(|error| self.failed(error))
    }

    /// Reads with the connection.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T> {
        let mut connection = self.lock();
        // One moment's state for all that is read.
        let outcome = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(Problem::from)
            .and_then(|state| read(&state));
        outcome.map_err(|problem| self.explain(problem))
    }

    /// Changes the file: all or nothing.
    fn change<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T, Problem>) -> Result<T> {
        let mut connection = self.lock();
        let outcome = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Problem::from)
            .and_then(|transaction| {
                let value = change(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
        outcome.map_err(|problem| self.explain(problem))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic ended was rolled back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: rusqlite::Error) -> SessionError {
        error::failed(&self.path, error)
    }

    fn explain(&self, problem: Problem) -> SessionError {
        match problem {
            Problem::Sql(error) => self.failed(error),
            Problem::Damage(what) => SessionError::Damaged { path: self.path.clone(), what },
            Problem::Told(error) => error,
        }
    }
}

/// Why something in the file could not be done, before it is known which file.
enum Problem {
    Sql(rusqlite::Error),
    /// What is there is not what was written.
    Damage(String),
    Told(SessionError),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        Self::Told(error)
    }
}

/// SQLite's numbers have a sign; none of ours does.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of ours; one below zero was not written by us.
fn number(row: &Row<'_>, place: usize) -> rusqlite::Result<u64> {
    let found: i64 = row.get(place)?;
    u64::try_from(found).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(place, found))
}

/// As [`number`], where there may be none.
fn maybe_number(row: &Row<'_>, place: usize) -> rusqlite::Result<Option<u64>> {
    match row.get::<_, Option<i64>>(place)? {
        None => Ok(None),
        Some(_) => number(row, place).map(Some),
    }
}
