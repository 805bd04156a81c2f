use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mlxcode_base::ContentHash;
use mlxcode_models::GenerationEvent;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::ProviderError;

/// The layout of the file; another one is emptied.
const LAYOUT: i64 = 1;

/// How long another process may hold the file. Without the cache the model is
/// asked, so nobody waits long.
const BUSY: Duration = Duration::from_millis(500);

/// An answer takes at most this part of the cache, so that one does not push
/// out all others.
const SHARE: u64 = 8;

/// Where answers are kept, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheOptions {
    /// The file.
    pub path: PathBuf,
    /// The most bytes of answers; those that were used longest ago go first.
    pub most_bytes: u64,
}

impl CacheOptions {
    /// The usual limit, 64 MiB: some ten thousand answers.
    pub const MOST_BYTES: u64 = 64 << 20;

    /// A cache of the usual size.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), most_bytes: Self::MOST_BYTES }
    }

    /// Sets the most bytes.
    pub fn with_most_bytes(mut self, most_bytes: u64) -> Self {
        self.most_bytes = most_bytes;
        self
    }
}

/// Answers that were made before, in one SQLite file.
///
/// Processes share it. Whatever goes wrong with it after it was opened is a
/// miss: the model answers.
pub struct Cache {
    connection: Mutex<Connection>,
    most_bytes: u64,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("most_bytes", &self.most_bytes).finish_non_exhaustive()
    }
}

fn failed(error: &rusqlite::Error) -> ProviderError {
    ProviderError::Cache { reason: error.to_string() }
}

impl Cache {
    /// Opens the file, or makes it. Its folder has to be there.
    ///
    /// # Errors
    /// A file that is no database, or that cannot be written.
    pub fn open(options: &CacheOptions) -> Result<Self, ProviderError> {
        let connection = Connection::open(&options.path).map_err(|error| failed(&error))?;
        keep_private(&options.path);
        prepare(&connection).map_err(|error| failed(&error))?;
        Ok(Self { connection: Mutex::new(connection), most_bytes: options.most_bytes })
    }

    /// The events of an answer. One that cannot be read is forgotten.
    pub(crate) fn find(&self, key: &ContentHash) -> Option<Vec<GenerationEvent>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let row: (Vec<u8>, Vec<u8>) = connection
            .query_row(
                "SELECT hash, events FROM answers WHERE key = ?1",
                [&key.as_bytes()[..]],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .unwrap_or_else(|_| Some((Vec::new(), Vec::new())))?;
        let (hash, events) = row;
        let sound = ContentHash::of(&events).as_bytes()[..] == hash;
        let read = sound.then(|| serde_json::from_slice(&events).ok()).flatten();
        // What fails here is only kept a little longer, or shorter.
        let _ = match read {
            Some(_) => connection.execute(
                "UPDATE answers SET used = (SELECT max(used) + 1 FROM answers) WHERE key = ?1",
                [&key.as_bytes()[..]],
            ),
            None => connection.execute("DELETE FROM answers WHERE key = ?1", [&key.as_bytes()[..]]),
        };
        read
    }

    /// Keeps an answer.
    pub(crate) fn keep(&self, key: &ContentHash, events: &[GenerationEvent]) {
        let Ok(events) = serde_json::to_vec(events) else { return };
        if events.len() as u64 > self.most_bytes / SHARE {
            return;
        }
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk, or a file that somebody removed: there is no cache then.
        let _ = insert(&mut connection, key, &events, self.most_bytes);
    }

    /// How many answers it holds.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn count(&self) -> Result<usize, ProviderError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let count =
            connection.query_row("SELECT count(*) FROM answers", [], |row| row.get::<_, i64>(0));
        count.map(|count| usize::try_from(count).unwrap_or(0)).map_err(|error| failed(&error))
    }

    /// Forgets all answers.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn clear(&self) -> Result<(), ProviderError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute_batch("DELETE FROM answers; VACUUM;").map_err(|error| failed(&error))
    }
}

/// Answers tell of the code that they are about. Where the system takes no
/// permissions, the folder's are what there is.
#[allow(clippy::disallowed_methods, reason = "the permissions of our own file")]
fn keep_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if layout != LAYOUT {
        connection.execute_batch("DROP TABLE IF EXISTS answers;")?;
        connection.pragma_update(None, "user_version", LAYOUT)?;
    }
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS answers (
             key BLOB PRIMARY KEY, hash BLOB NOT NULL, events BLOB NOT NULL,
             used INTEGER NOT NULL
         ) WITHOUT ROWID;
         CREATE INDEX IF NOT EXISTS answers_used ON answers (used);",
    )
}

fn insert(
    connection: &mut Connection,
    key: &ContentHash,
    events: &[u8],
    most_bytes: u64,
) -> rusqlite::Result<()> {
    let change = connection.transaction()?;
    change.execute(
        "INSERT OR REPLACE INTO answers (key, hash, events, used)
         VALUES (?1, ?2, ?3, (SELECT coalesce(max(used), 0) + 1 FROM answers))",
        params![&key.as_bytes()[..], &ContentHash::of(events).as_bytes()[..], events],
    )?;
    let most = i64::try_from(most_bytes).unwrap_or(i64::MAX);
    // The sum runs from the newest; what lies beyond the limit goes.
    change.execute(
        "DELETE FROM answers WHERE key IN (
             SELECT key FROM (
                 SELECT key, sum(length(events)) OVER (ORDER BY used DESC) AS total FROM answers
             ) WHERE total > ?1)",
        [most],
    )?;
    change.commit()
}
