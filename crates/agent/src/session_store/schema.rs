//! The tables, and how the file is opened.

use std::fs;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::error::{Result, SessionError, failed};
use super::limits::BUSY;

/// Marks the file as one of ours, for programs that look: `mlxs`.
const APPLICATION: i64 = 0x6d6c_7873;

/// The log of changes is cut to this once they are in the file itself.
const LOG_BYTES: i64 = 4 << 20;

/// What leads from each layout to the next; the first makes the tables.
///
/// What a record holds lies in `body`, which the records of forks share. While
/// a text comes piece by piece, its pieces lie in `piece`. `mark` is the kind of
/// a record that is looked for by its kind, and so stands in an index. The words of
/// `said` are taken out of it by the text itself: it keeps no copy, and with
/// `secure-delete` no trace of what was taken out.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE session (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        name TEXT UNIQUE,
        title TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL,
        root TEXT NOT NULL,
        mode TEXT NOT NULL,
        parent TEXT,
        parent_turn INTEGER NOT NULL DEFAULT 0,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        turns INTEGER NOT NULL DEFAULT 0,
        records INTEGER NOT NULL DEFAULT 0,
        prompt_tokens INTEGER NOT NULL DEFAULT 0,
        completion_tokens INTEGER NOT NULL DEFAULT 0,
        open_seq INTEGER
    );
    CREATE INDEX session_updated ON session (updated_ms);
    CREATE TABLE body (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL, data TEXT NOT NULL);
    CREATE TABLE record (
        session INTEGER NOT NULL, seq INTEGER NOT NULL, turn INTEGER NOT NULL,
        kind TEXT NOT NULL, time_ms INTEGER NOT NULL, body INTEGER NOT NULL, mark TEXT,
        PRIMARY KEY (session, seq)) WITHOUT ROWID;
    CREATE INDEX record_body ON record (body);
    CREATE INDEX record_mark ON record (session, mark) WHERE mark IS NOT NULL;
    CREATE TABLE turn (
        session INTEGER NOT NULL, turn INTEGER NOT NULL, first_seq INTEGER NOT NULL,
        PRIMARY KEY (session, turn)) WITHOUT ROWID;
    CREATE TABLE piece (
        session INTEGER NOT NULL, part INTEGER NOT NULL, sum INTEGER NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (session, part)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE said USING fts5(
        text, content = '', tokenize = \"unicode61 remove_diacritics 2 tokenchars '_'\"
    );
    INSERT INTO said (said, rank) VALUES ('secure-delete', 1);
",
    // How many pieces the text that grows has: a page of pieces that lost its
    // last ones would be missed by nobody.
    "
    ALTER TABLE session ADD COLUMN open_pieces INTEGER NOT NULL DEFAULT 0;
    UPDATE session SET open_pieces = (SELECT count(*) FROM piece WHERE piece.session = session.id)
    WHERE open_seq IS NOT NULL;
",
];

/// Opens the file, makes it where it is missing, and brings it to the last
/// layout.
pub fn open(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        make_folder(folder)?;
    }
    let mut connection = Connection::open(path).map_err(|error| failed(path, error))?;
    let problem = prepare(&mut connection).map_err(|error| failed(path, error))?;
    match problem {
        None => Ok(connection),
        Some(Problem::Foreign) => Err(SessionError::Foreign { path: path.to_owned() }),
        Some(Problem::Newer(found)) => {
            let known = MIGRATIONS.len() as u32;
            Err(SessionError::Newer { path: path.to_owned(), found, known })
        }
    }
}

enum Problem {
    Foreign,
    Newer(u32),
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<Option<Problem>> {
    connection.busy_timeout(BUSY)?;
    let known = MIGRATIONS.len() as u32;
    let (application, version) = marks(connection)?;
    if version > known && application == APPLICATION {
        return Ok(Some(Problem::Newer(version)));
    }
    if application != APPLICATION && (version, tables(connection)?) != (0, 0) {
        return Ok(Some(Problem::Foreign));
    }
    // Where another process opens it at this moment, that one sets it.
    let _ = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
    // What was appended survives the end of the process, whatever ends it; a
    // loss of power may cost what came after the last `sync`, never the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // What is deleted is overwritten.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    // A damaged file must not make SQLite run what stands in it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    if version < known {
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let (_, version) = marks(&change)?;
        for step in &MIGRATIONS[(version.min(known)) as usize..] {
            change.execute_batch(step)?;
        }
        change.pragma_update(None, "application_id", APPLICATION)?;
        change.pragma_update(None, "user_version", known)?;
        change.commit()?;
    }
    Ok(None)
}

fn marks(connection: &Connection) -> rusqlite::Result<(i64, u32)> {
    let application =
        connection.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((application, version))
}

fn tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

/// Makes the folder for this user alone: conversations hold what others need
/// not read.
#[allow(clippy::disallowed_methods, reason = "the sessions have a folder of their own")]
fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|source| SessionError::Folder { path: folder.to_owned(), source })
}
