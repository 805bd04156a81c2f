//! The rows of files: read, put and removed.

use std::collections::HashMap;

use mlxcode_base::{Language, RelPath};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::facts;
use super::read::KeptFacts;
use crate::walk::Place;

/// What a file on the disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Text = 0,
    Binary = 1,
    NotUtf8 = 2,
}

/// A file that the index knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: i64,
    pub size_bytes: u64,
    /// 0 where a change could have been missed.
    pub changed_ns: i64,
    pub state: State,
}

const KNOWN: &str = "SELECT id, size_bytes, changed_ns, state, path FROM file";

fn read_known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let state = match row.get::<_, i64>(3)? {
        1 => State::Binary,
        2 => State::NotUtf8,
        _ => State::Text,
    };
    let size_bytes = row.get::<_, i64>(1)? as u64;
    Ok(Known { id: row.get(0)?, size_bytes, changed_ns: row.get(2)?, state })
}

/// A number that is another after each change by another connection.
pub fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
}

/// All files by their paths.
pub fn known(connection: &Connection) -> rusqlite::Result<HashMap<String, Known>> {
    let mut select = connection.prepare_cached(KNOWN)?;
    let rows = select.query_map([], |row| Ok((row.get(4)?, read_known(row)?)))?;
    rows.collect()
}

/// One file, text or not.
pub fn known_at(connection: &Connection, path: &RelPath) -> rusqlite::Result<Option<Known>> {
    let mut select = connection.prepare_cached(&format!("{KNOWN} WHERE path = ?1"))?;
    select.query_row([path.as_str()], read_known).optional()
}

/// The hash of a file's text as of the last update; empty for one of none.
pub fn hash(connection: &Connection, id: i64) -> rusqlite::Result<Vec<u8>> {
    let mut select = connection.prepare_cached("SELECT hash FROM file WHERE id = ?1")?;
    select.query_row([id], |row| row.get(0))
}

/// The text files, by path.
pub fn paths(connection: &Connection) -> rusqlite::Result<Vec<(i64, RelPath)>> {
    let mut select =
        connection.prepare_cached("SELECT id, path FROM file WHERE state = 0 ORDER BY path")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| row.and_then(|(id, path)| Ok((id, rel_path(path)?)))).collect()
}

/// The text file whose path is `name` or ends so behind a slash; of several,
/// the outermost.
pub fn ending(connection: &Connection, name: &str) -> rusqlite::Result<Option<RelPath>> {
    let mut select = connection.prepare_cached(
        "SELECT path FROM file WHERE state = 0 AND (path = ?1 OR substr(path, ?2) = '/' || ?1) \
         ORDER BY length(path) - length(replace(path, '/', '')), path LIMIT 1",
    )?;
    let behind = -(name.chars().count() as i64) - 1;
    let path: Option<String> =
        select.query_row(params![name, behind], |row| row.get(0)).optional()?;
    path.map(rel_path).transpose()
}

/// The number and the language of a text file.
pub fn find(
    connection: &Connection,
    path: &RelPath,
) -> rusqlite::Result<Option<(i64, Option<Language>)>> {
    let mut select =
        connection.prepare_cached("SELECT id, language FROM file WHERE path = ?1 AND state = 0")?;
    let row = |row: &Row<'_>| {
        Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.as_deref().and_then(language)))
    };
    select.query_row([path.as_str()], row).optional()
}

/// A path of the index: whatever is none means that the file is damaged.
pub fn rel_path(path: String) -> rusqlite::Result<RelPath> {
    RelPath::new(&path).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// The language of that name.
pub fn language(name: &str) -> Option<Language> {
    Language::ALL.into_iter().find(|language| language.fence_name() == name)
}

/// Puts what was read in the place of what was known. Tells whether the
/// file's imports are others than before.
///
/// What is new is inserted and what is known is updated: `INSERT OR REPLACE`
/// may have to take back a part of itself, and the full-text table then writes
/// out all that waits in memory at each such statement.
pub fn put(
    connection: &Connection,
    place: &Place,
    known: Option<&Known>,
    changed_ns: i64,
    facts: &KeptFacts,
) -> rusqlite::Result<(i64, bool)> {
    let id = file(connection, place, known, changed_ns, State::Text, Some(facts))?;
    let execute = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values)
    };
    let had_rows = known.is_some_and(|known| known.state == State::Text);
    if had_rows {
        for sql in [
            "DELETE FROM symbol WHERE file = ?1",
            "DELETE FROM reference WHERE file = ?1",
            "DELETE FROM chunk WHERE file = ?1",
            "DELETE FROM words WHERE rowid = ?1",
        ] {
            execute(sql, params![id])?;
        }
    }
    execute("INSERT INTO symbol VALUES (?1, ?2, ?3)", params![id, facts.names, facts.symbols])?;
    execute(
        "INSERT INTO reference VALUES (?1, ?2, ?3, ?4)",
        params![id, facts.reference_names, facts.made, facts.references],
    )?;
    execute("INSERT INTO chunk VALUES (?1, ?2)", params![id, facts.chunks])?;
    let tokens = &facts.tokens;
    execute(
        "INSERT INTO words (rowid, path, symbols, body, docs) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, tokens.path, tokens.symbols, tokens.body, tokens.docs],
    )?;
    let data = facts::encode_imports(&facts.imports);
    let places = facts::encode_places(&facts.imports);
    if had_rows {
        let same = "UPDATE import SET places = ?3 WHERE file = ?1 AND data = ?2";
        if execute(same, params![id, data, places])? > 0 {
            return Ok((id, false));
        }
        execute("DELETE FROM import WHERE file = ?1", params![id])?;
    }
    execute("INSERT INTO import VALUES (?1, ?2, ?3, x'')", params![id, data, places])?;
    Ok((id, true))
}

/// Notes a file that holds no text, so that it is not read each time.
pub fn put_other(
    connection: &Connection,
    place: &Place,
    known: Option<&Known>,
    changed_ns: i64,
    state: State,
) -> rusqlite::Result<()> {
    if let Some(known) = known {
        remove(connection, known.id)?;
    }
    file(connection, place, None, changed_ns, state, None).map(drop)
}

fn file(
    connection: &Connection,
    place: &Place,
    known: Option<&Known>,
    changed_ns: i64,
    state: State,
    facts: Option<&KeptFacts>,
) -> rusqlite::Result<i64> {
    let language = facts.and_then(|facts| facts.language).map(Language::fence_name);
    let hash = facts.map(|facts| facts.hash.as_bytes().as_slice()).unwrap_or_default();
    let standing = facts.map_or(0, |facts| facts.standing.bits());
    let words = facts.map_or(0, |facts| facts.tokens.words);
    let put = if known.is_some() {
        "UPDATE file SET size_bytes = ?3, changed_ns = ?4, hash = ?5, state = ?6, language = ?7,
            standing = ?8, words = ?9 WHERE id = ?1 AND path = ?2"
    } else {
        "INSERT INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    };
    connection.prepare_cached(put)?.execute(params![
        known.map(|known| known.id),
        place.path.as_str(),
        place.size_bytes as i64,
        changed_ns,
        hash,
        state as i64,
        language,
        standing,
        words,
    ])?;
    Ok(known.map_or_else(|| connection.last_insert_rowid(), |known| known.id))
}

/// Notes when a file was changed whose text is the same.
pub fn touch(
    connection: &Connection,
    id: i64,
    size_bytes: u64,
    changed_ns: i64,
) -> rusqlite::Result<()> {
    let set = "UPDATE file SET size_bytes = ?2, changed_ns = ?3 WHERE id = ?1";
    connection.prepare_cached(set)?.execute(params![id, size_bytes as i64, changed_ns]).map(drop)
}

/// Forgets a file.
pub fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM words WHERE rowid = ?1",
        "DELETE FROM symbol WHERE file = ?1",
        "DELETE FROM reference WHERE file = ?1",
        "DELETE FROM import WHERE file = ?1",
        "DELETE FROM chunk WHERE file = ?1",
        "DELETE FROM vector WHERE file = ?1",
        "DELETE FROM file WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}

/// Files that hold no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    pub binary: usize,
    pub not_utf8: usize,
}

impl Others {
    pub fn add(&mut self, state: State) {
        match state {
            State::Text => {}
            State::Binary => self.binary += 1,
            State::NotUtf8 => self.not_utf8 += 1,
        }
    }
}

/// Counts all files and words, as ranking needs them, and the files that hold no
/// text.
pub fn count(connection: &Connection) -> rusqlite::Result<Others> {
    let select = "SELECT count(*) FILTER (WHERE state = 0), coalesce(sum(words), 0), \
        count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2) FROM file";
    let row = |row: &Row<'_>| {
        let count = |at| row.get::<_, i64>(at);
        Ok((count(0)?, count(1)?, count(2)? as usize, count(3)? as usize))
    };
    let (files, words, binary, not_utf8) = connection.query_row(select, [], row)?;
    connection.execute("UPDATE total SET files = ?1, words = ?2", params![files, words])?;
    Ok(Others { binary, not_utf8 })
}

/// Notes that files or vectors are others now.
pub fn note_change(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("UPDATE total SET changes = changes + 1")
}

/// A number that is another after each change of files and vectors, and in
/// every index.
pub fn changes(connection: &Connection) -> rusqlite::Result<i64> {
    let mut select = connection.prepare_cached("SELECT changes FROM total")?;
    select.query_row([], |row| row.get(0))
}
