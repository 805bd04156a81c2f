//! The names of all symbols, kept in memory between searches: reading them
//! takes most of the time of a search by name.

use std::sync::Arc;

use rusqlite::Connection;

use super::storage;

/// The names by files, as of one state of the index.
#[derive(Debug, Default)]
pub struct Names {
    /// A file's number and the names of its symbols, a line each.
    pub files: Vec<(i64, Box<str>)>,
}

/// What was read last, until somebody writes.
#[derive(Debug, Default)]
pub struct KeptNames {
    known: Option<(i64, Arc<Names>)>,
}

impl KeptNames {
    /// The names; read anew where another process has written since.
    pub fn read(&mut self, connection: &Connection) -> rusqlite::Result<Arc<Names>> {
        let version = storage::version(connection)?;
        if let Some((known, names)) = &self.known
            && *known == version
        {
            return Ok(Arc::clone(names));
        }
        let mut select = connection.prepare_cached("SELECT file, names FROM symbol")?;
        let rows = select.query_map([], |row| {
            Ok((row.get(0)?, row.get_ref(1)?.as_str()?.to_owned().into_boxed_str()))
        })?;
        let rows = rows.filter(|row| !matches!(row, Ok((_, names)) if names.is_empty()));
        let names = Arc::new(Names { files: rows.collect::<rusqlite::Result<_>>()? });
        self.known = Some((version, Arc::clone(&names)));
        Ok(names)
    }

    /// Forgets them: this process has written.
    pub fn forget(&mut self) {
        self.known = None;
    }
}
