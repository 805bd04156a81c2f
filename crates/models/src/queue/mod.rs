//! The queue of pulls, in one SQLite file.
//!
//! The principal type is [`PullQueue`]. What is asked of it is on the disk
//! when the call returns; a process that works on a pull holds a lock that
//! ends with it, so that a pull whose process was killed is seen for what it
//! is and goes on with the next who wants it.

mod change;
mod job;
mod rows;
mod run;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::Connection;

use crate::error::{Error, HubError, Result};

pub use job::{LookUp, NewPull, PullError, PullJob, PullJobState, PullPriority};

/// The newest layout of the file that this program knows.
const VERSION: i64 = 2;

/// Others hold the file for milliseconds.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE pull (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        reference TEXT NOT NULL,
        source TEXT NOT NULL,
        name TEXT,
        install INTEGER NOT NULL,
        state TEXT NOT NULL,
        priority INTEGER NOT NULL,
        position INTEGER NOT NULL,
        limit_bytes INTEGER,
        plan TEXT,
        total_bytes INTEGER NOT NULL DEFAULT 0,
        done_bytes INTEGER NOT NULL DEFAULT 0,
        speed_bytes INTEGER,
        installed TEXT,
        error_code TEXT,
        error_message TEXT,
        error_help TEXT,
        error_kind TEXT,
        added_ms INTEGER NOT NULL
    );
    CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER);
";

/// The pulls that were asked for on this machine.
#[derive(Debug)]
pub struct PullQueue {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl PullQueue {
    /// Opens a queue, which need not exist yet. Locks are kept beside it.
    ///
    /// # Errors
    /// Where the file is no queue, or one of a newer program.
    #[allow(clippy::disallowed_methods, reason = "the queue has a folder of its own")]
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .map_err(|source| Error::Io { path: folder.to_owned(), source })?;
        }
        let failed = |error: &rusqlite::Error| queue_error(path, error);
        let mut connection = Connection::open(path).map_err(|error| failed(&error))?;
        prepare(&mut connection).map_err(|error| failed(&error))?;
        let version: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|error| failed(&error))?;
        if version != VERSION {
            let reason = format!("a newer program wrote it (version {version})");
            return Err(HubError::Queue { path: path.to_owned(), reason }.into());
        }
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    fn connection(&self) -> Result<MutexGuard<'_, Connection>> {
        self.connection.lock().map_err(|_| {
            let reason = "a thread that used it ended badly".to_owned();
            HubError::Queue { path: self.path.clone(), reason }.into()
        })
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        queue_error(&self.path, &error)
    }

    /// Takes the lock of a pull; `None` while another process works on it.
    #[allow(clippy::disallowed_methods, reason = "the queue has a folder of its own")]
    fn try_lock(&self, id: i64) -> Result<Option<File>> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{id}.lock"));
        let path = self.path.with_file_name(name);
        let io = |source| Error::Io { path: path.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A loss of power may lose the last changes, never the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let change = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        0 => change.execute_batch(SCHEMA)?,
        // The first layout did not keep what kind of failure it was.
        1 => change.execute_batch("ALTER TABLE pull ADD COLUMN error_kind TEXT")?,
        _ => {}
    }
    if version < VERSION {
        change.pragma_update(None, "user_version", VERSION)?;
    }
    change.commit()
}

fn queue_error(path: &Path, error: &rusqlite::Error) -> Error {
    HubError::Queue { path: path.to_owned(), reason: error.to_string() }.into()
}
