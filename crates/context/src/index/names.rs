//! The names of all symbols, kept in memory between searches: reading them
//! takes most of the time of a search by name.

use rusqlite::Connection;

/// The names by files, as of one state of the index.
#[derive(Debug, Default)]
pub struct Names {
    /// A file's number and the names of its symbols, a line each.
    pub files: Vec<(i64, Box<str>)>,
}

impl Names {
    /// Reads them.
    pub fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut select = connection.prepare_cached("SELECT file, names FROM symbol")?;
        let rows = select.query_map([], |row| {
            Ok((row.get(0)?, row.get_ref(1)?.as_str()?.to_owned().into_boxed_str()))
        })?;
        let rows = rows.filter(|row| !matches!(row, Ok((_, names)) if names.is_empty()));
        Ok(Self { files: rows.collect::<rusqlite::Result<_>>()? })
    }
}
