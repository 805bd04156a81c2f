//! The tables, and how the file is opened.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::{Rebuilt, near};
use crate::error::{Error, Result};

/// The layout of the tables and of what stands in them. It goes up with every
/// change of either, of the queries of `queries/` and of how texts are cut: an
/// index of another number is built anew.
const VERSION: i64 = 9;

/// Marks the file as one of ours, for programs that look: `mlxi`.
const APPLICATION: i64 = 0x6d6c_7869;

/// How long one waits for another process that writes.
pub const BUSY: Duration = Duration::from_secs(30);

/// The log of changes is cut to this once they are in the file itself.
const LOG_BYTES: i64 = 4 << 20;

/// Pages that are kept in memory, in KiB.
const CACHE_KIB: i64 = 16 << 10;

/// Texts are not kept: they are on the disk already. What the columns of bytes
/// hold is said in `facts.rs`, what those of `words` hold in `tokens.rs`. Changes
/// are counted from a number that no other index begins with.
const SCHEMA: &str = "
    CREATE TABLE file (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size_bytes INTEGER NOT NULL,
        changed_ns INTEGER NOT NULL,
        hash BLOB NOT NULL,
        state INTEGER NOT NULL,
        language TEXT,
        standing INTEGER NOT NULL,
        words INTEGER NOT NULL
    );
    CREATE TABLE symbol (file INTEGER PRIMARY KEY, names TEXT NOT NULL, data BLOB NOT NULL);
    CREATE TABLE reference (
        file INTEGER PRIMARY KEY,
        names TEXT NOT NULL,
        made TEXT NOT NULL,
        data BLOB NOT NULL
    );
    CREATE TABLE import (
        file INTEGER PRIMARY KEY,
        data BLOB NOT NULL,
        places BLOB NOT NULL,
        targets BLOB NOT NULL
    );
    CREATE TABLE chunk (file INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE total (
        files INTEGER NOT NULL,
        words INTEGER NOT NULL,
        changes INTEGER NOT NULL
    );
    INSERT INTO total VALUES (0, 0, random() >> 1);
    CREATE TABLE vector_model (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        data BLOB NOT NULL,
        files INTEGER NOT NULL
    );
    CREATE TABLE vector (
        file INTEGER NOT NULL,
        model INTEGER NOT NULL,
        hash BLOB NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (file, model)
    );
    CREATE TABLE past (tip TEXT NOT NULL);
    INSERT INTO past VALUES ('');
    CREATE TABLE past_file (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, churn REAL NOT NULL);
    CREATE TABLE past_change (number INTEGER PRIMARY KEY, id TEXT NOT NULL, files BLOB NOT NULL);
    CREATE VIRTUAL TABLE said USING fts5(
        message, content = '', contentless_delete = 1, tokenize = \"ascii tokenchars '_'\"
    );
    CREATE VIRTUAL TABLE words USING fts5(
        path, symbols, body, docs,
        content = '', contentless_delete = 1, tokenize = \"ascii tokenchars '_'\"
    );
    CREATE VIRTUAL TABLE term USING fts5vocab(words, row);
";

/// Opens the file, and makes it where it is missing, damaged or of another
/// layout. The reason is told unless it was missing.
#[allow(clippy::disallowed_methods, reason = "the index has a folder of its own")]
pub fn open(path: &Path) -> Result<(Connection, Option<Rebuilt>)> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|source| Error::IndexFolder { path: folder.to_owned(), source })?;
    }
    let rebuilt = match connect(path) {
        Ok((connection, Layout::Ours)) => return Ok((connection, None)),
        Ok((_, Layout::Foreign)) => return Err(Error::NotAnIndex { path: path.to_owned() }),
        // The connection is closed before its file goes.
        Ok((_, Layout::Other)) => Rebuilt::OtherLayout,
        Err(error) if is_damage(&error) => Rebuilt::Damaged,
        Err(error) => return Err(failed(path, error)),
    };
    Ok((anew(path)?, Some(rebuilt)))
}

/// Removes the file and makes an empty one.
pub fn anew(path: &Path) -> Result<Connection> {
    remove(path)?;
    let (connection, _) = connect(path).map_err(|error| failed(path, error))?;
    Ok(connection)
}

/// What the tables of a file are.
enum Layout {
    Ours,
    /// Those of another version of this program.
    Other,
    /// Those of another program, whose file is left alone.
    Foreign,
}

fn connect(path: &Path) -> rusqlite::Result<(Connection, Layout)> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A loss of power may lose the last changes, never the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    let number = |connection: &Connection, name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
    };
    if number(&connection, "user_version")? == 0 {
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let tables: i64 =
            change.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables == 0 {
            change.execute_batch(SCHEMA)?;
            change.pragma_update(None, "application_id", APPLICATION)?;
            change.pragma_update(None, "user_version", VERSION)?;
        }
        change.commit()?;
    }
    let layout = if number(&connection, "application_id")? != APPLICATION {
        Layout::Foreign
    } else if number(&connection, "user_version")? == VERSION {
        Layout::Ours
    } else {
        Layout::Other
    };
    Ok((connection, layout))
}

#[allow(clippy::disallowed_methods, reason = "the index has a folder of its own")]
fn remove(path: &Path) -> Result<()> {
    for end in ["", "-wal", "-shm", "-journal"].into_iter().chain(near::ENDS) {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let file = PathBuf::from(name);
        match fs::remove_file(&file) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::IndexFolder { path: file, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the file itself is at fault.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            matches!(failure.code, DatabaseCorrupt | NotADatabase)
                || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ
                // The list of tables lies in the file too.
                || message.as_deref().is_some_and(|text| {
                    ["malformed", "no such"].iter().any(|sign| text.contains(sign))
                })
        }
        // Columns that hold something else than was written.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::QueryReturnedNoRows => true,
        _ => false,
    }
}

/// The crate's error for one of the file's.
pub fn failed(path: &Path, error: rusqlite::Error) -> Error {
    let busy = matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    );
    let path = path.to_owned();
    if busy {
        Error::IndexBusy { path }
    } else if is_damage(&error) {
        Error::IndexDamaged { path }
    } else {
        Error::Index { path, source: Box::new(error) }
    }
}
