//! The tables. Every function is one or two statements.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, OptionalExtension, Row, ToSql, Transaction, TransactionBehavior, params,
};

use super::RecordsError;
use super::benchmark::BenchmarkRecord;
use super::field;
use super::limits::MOST_BENCHMARKS;
use super::state::{BenchmarkKey, FieldKey, LibraryState, Register, Stamp, UsageKey, is_said};
use super::usage::UsageTotals;
use crate::error::Result;

type Sql<T> = rusqlite::Result<T>;

/// What leads from each version to the next; the first makes the tables.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE machine (name TEXT NOT NULL);
    INSERT INTO machine VALUES (lower(hex(randomblob(8))));
    CREATE TABLE field (
        subject TEXT NOT NULL, name TEXT NOT NULL, value TEXT,
        time_ms INTEGER NOT NULL, machine TEXT NOT NULL,
        PRIMARY KEY (subject, name)) WITHOUT ROWID;
    CREATE TABLE usage (
        model TEXT NOT NULL, machine TEXT NOT NULL, since_ms INTEGER NOT NULL,
        loads INTEGER NOT NULL, answers INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
        decoded_tokens INTEGER NOT NULL, prefill_us INTEGER NOT NULL,
        decode_us INTEGER NOT NULL, last_used_ms INTEGER NOT NULL,
        PRIMARY KEY (model, machine, since_ms)) WITHOUT ROWID;
    CREATE TABLE benchmark (
        model TEXT NOT NULL, machine TEXT NOT NULL, at_ms INTEGER NOT NULL,
        found TEXT NOT NULL,
        PRIMARY KEY (model, machine, at_ms)) WITHOUT ROWID;
"];

/// How long a change waits for that of another program. Changes take some
/// milliseconds, and an answer waits for its count.
const BUSY: Duration = Duration::from_millis(250);

const PUT_USAGE: &str = "INSERT OR REPLACE INTO usage
    (loads, answers, prompt_tokens, completion_tokens, decoded_tokens,
     prefill_us, decode_us, last_used_ms, model, machine, since_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const USAGE_COLUMNS: &str = "loads, answers, prompt_tokens, completion_tokens, decoded_tokens,
    prefill_us, decode_us, last_used_ms";

/// Opens the file and brings it to the last version.
#[allow(clippy::disallowed_methods, reason = "the folder of the records' own file")]
pub fn open(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|source| RecordsError::Folder { path: folder.to_owned(), source })?;
    }
    let failed = |source| RecordsError::Database { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    let newer = prepare(&mut connection).map_err(failed)?;
    match newer {
        None => Ok(connection),
        Some(found) => {
            let known = MIGRATIONS.len() as u32;
            Err(RecordsError::Newer { path: path.to_owned(), found, known }.into())
        }
    }
}

/// Gives the version where it is a later one.
fn prepare(connection: &mut Connection) -> Sql<Option<u32>> {
    let version = |connection: &Connection| -> Sql<u32> {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    let known = MIGRATIONS.len() as u32;
    let found = version(connection)?;
    if found > known {
        return Ok(Some(found));
    }
    // Where another program opens it at this moment, that one sets it.
    let _ = connection.pragma_update(None, "journal_mode", "WAL");
    // The log survives a crash of the program; a loss of power may cost the
    // last changes, never the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Writing the log back takes a wait for the disk, at the end of every
    // command; it is done when the log has grown.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if found < known {
        let transaction = begin(connection)?;
        // Another program may have been faster.
        for step in &MIGRATIONS[version(&transaction)?.min(known) as usize..] {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()?;
    }
    Ok(None)
}

/// Begins a change: nobody else writes until its end.
pub fn begin(connection: &mut Connection) -> Sql<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// The name of this machine.
pub fn machine(connection: &Connection) -> Sql<String> {
    connection.query_row("SELECT name FROM machine", [], |row| row.get(0))
}

/// The value of a field; `None` where it has none.
pub fn field(connection: &Connection, subject: &str, name: &str) -> Sql<Option<String>> {
    let mut query =
        connection.prepare_cached("SELECT value FROM field WHERE subject = ?1 AND name = ?2")?;
    Ok(query.query_row([subject, name], |row| row.get(0)).optional()?.flatten())
}

/// When a field was written last; 0: never.
pub fn field_time(connection: &Connection, subject: &str, name: &str) -> Sql<u64> {
    let mut query =
        connection.prepare_cached("SELECT time_ms FROM field WHERE subject = ?1 AND name = ?2")?;
    Ok(query.query_row([subject, name], |row| count(row, 0)).optional()?.unwrap_or(0))
}

/// When any field was written last.
pub fn last_time(connection: &Connection) -> Sql<u64> {
    let mut query = connection.prepare_cached("SELECT coalesce(max(time_ms), 0) FROM field")?;
    query.query_row([], |row| count(row, 0))
}

/// How many tags a model has.
pub fn count_tags(connection: &Connection, model: &str) -> Sql<usize> {
    let mut query = connection.prepare_cached(
        "SELECT count(*) FROM field
         WHERE subject = ?1 AND value IS NOT NULL AND substr(name, 1, length(?2)) = ?2",
    )?;
    Ok(query.query_row([model, field::TAG], |row| count(row, 0))? as usize)
}

/// Writes a field in place of the one there.
pub fn put_field(connection: &Connection, key: &FieldKey, one: &Register) -> Sql<()> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO field (subject, name, value, time_ms, machine)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let time_ms = signed(one.stamp.time_ms);
    put.execute(params![key.subject, key.name, one.value, time_ms, one.stamp.machine])?;
    Ok(())
}

/// What was counted; nothing where nothing was.
pub fn usage(connection: &Connection, key: &UsageKey) -> Sql<UsageTotals> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {USAGE_COLUMNS} FROM usage WHERE model = ?1 AND machine = ?2 AND since_ms = ?3"
    ))?;
    let since_ms = signed(key.since_ms);
    let found = query.query_row(params![key.model, key.machine, since_ms], totals).optional()?;
    Ok(found.unwrap_or_default())
}

/// Writes a count in place of the one there.
pub fn put_usage(connection: &Connection, key: &UsageKey, totals: &UsageTotals) -> Sql<()> {
    let since_ms = signed(key.since_ms);
    let numbers = totals.numbers().map(signed);
    let mut values: Vec<&dyn ToSql> = numbers.iter().map(|number| number as &dyn ToSql).collect();
    values.extend([&key.model as &dyn ToSql, &key.machine, &since_ms]);
    connection.prepare_cached(PUT_USAGE)?.execute(&*values)?;
    Ok(())
}

/// Writes a measurement in place of the one there.
pub fn put_benchmark(
    connection: &Connection,
    key: &BenchmarkKey,
    found: &BenchmarkRecord,
) -> Sql<()> {
    let found = serde_json::to_string(found)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO benchmark (model, machine, at_ms, found) VALUES (?1, ?2, ?3, ?4)",
    )?;
    put.execute(params![key.model, key.machine, signed(key.at_ms), found])?;
    Ok(())
}

/// Leaves the newest measurements of a model on a machine.
pub fn prune_benchmarks(connection: &Connection, key: &BenchmarkKey) -> Sql<()> {
    connection.execute(
        "DELETE FROM benchmark WHERE model = ?1 AND machine = ?2 AND at_ms NOT IN
         (SELECT at_ms FROM benchmark WHERE model = ?1 AND machine = ?2
          ORDER BY at_ms DESC LIMIT ?3)",
        params![key.model, key.machine, MOST_BENCHMARKS as i64],
    )?;
    Ok(())
}

/// Drops what a model that was forgotten then had.
pub fn drop_before(connection: &Connection, model: &str, floor: u64) -> Sql<()> {
    let floor = signed(floor);
    connection
        .execute("DELETE FROM usage WHERE model = ?1 AND since_ms < ?2", params![model, floor])?;
    connection
        .execute("DELETE FROM benchmark WHERE model = ?1 AND at_ms < ?2", params![model, floor])?;
    let mut names =
        connection.prepare("SELECT name FROM field WHERE subject = ?1 AND time_ms < ?2")?;
    let names = names.query_map(params![model, floor], |row| row.get::<_, String>(0))?;
    for name in names.collect::<Sql<Vec<_>>>()?.iter().filter(|name| is_said(name)) {
        connection
            .execute("DELETE FROM field WHERE subject = ?1 AND name = ?2", params![model, name])?;
    }
    Ok(())
}

/// Everything that the tables hold.
pub fn read_state(connection: &Connection) -> Sql<LibraryState> {
    let mut state = LibraryState::default();
    let mut fields =
        connection.prepare("SELECT subject, name, value, time_ms, machine FROM field")?;
    for row in fields.query_map([], |row| {
        let key = FieldKey { subject: row.get(0)?, name: row.get(1)? };
        let stamp = Stamp { time_ms: count(row, 3)?, machine: row.get(4)? };
        Ok((key, Register { stamp, value: row.get(2)? }))
    })? {
        let (key, register) = row?;
        state.fields.insert(key, register);
    }
    let mut usage = connection
        .prepare(&format!("SELECT {USAGE_COLUMNS}, model, machine, since_ms FROM usage"))?;
    for row in usage.query_map([], |row| {
        let key = UsageKey { model: row.get(8)?, machine: row.get(9)?, since_ms: count(row, 10)? };
        Ok((key, totals(row)?))
    })? {
        let (key, totals) = row?;
        state.usage.insert(key, totals);
    }
    let mut benchmarks =
        connection.prepare("SELECT model, machine, at_ms, found FROM benchmark")?;
    for row in benchmarks.query_map([], |row| {
        let key = BenchmarkKey { model: row.get(0)?, machine: row.get(1)?, at_ms: count(row, 2)? };
        Ok((key, row.get::<_, String>(3)?))
    })? {
        let (key, found) = row?;
        let found = serde_json::from_str(&found).map_err(|error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(3, text, Box::new(error))
        })?;
        state.benchmarks.insert(key, found);
    }
    Ok(state)
}

/// Puts a state in place of the one that is there.
pub fn replace_state(connection: &Connection, state: &LibraryState) -> Sql<()> {
    connection.execute_batch("DELETE FROM field; DELETE FROM usage; DELETE FROM benchmark;")?;
    for (key, register) in &state.fields {
        put_field(connection, key, register)?;
    }
    for (key, totals) in &state.usage {
        put_usage(connection, key, totals)?;
    }
    for (key, found) in &state.benchmarks {
        put_benchmark(connection, key, found)?;
    }
    Ok(())
}

fn totals(row: &Row<'_>) -> Sql<UsageTotals> {
    let mut totals = UsageTotals::default();
    for (place, number) in totals.numbers_mut().into_iter().enumerate() {
        *number = count(row, place)?;
    }
    Ok(totals)
}

/// SQLite's numbers have a sign; none of ours does.
fn count(row: &Row<'_>, place: usize) -> Sql<u64> {
    Ok(row.get::<_, i64>(place)?.max(0) as u64)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
