//! What the index knows of files.

use std::sync::Arc;

use mlxcode_base::{ContentHash, RelPath};
use rusqlite::Connection;

use super::{CodeIndex, Inner, facts, schema, storage, targets};
use crate::encoding::{self, Encoding};
use crate::error::{Error, Result};
use crate::import::{Import, Target};
use crate::reference::Reference;
use crate::symbol::Symbol;
use crate::walk::{Place, Read, read_text};

/// The file that is named `name` or whose path ends so; of several, the
/// outermost.
pub(crate) fn ending(index: &CodeIndex, name: &str) -> Result<Option<RelPath>> {
    index.read(|connection| storage::ending(connection, name))
}

impl CodeIndex {
    /// Whether the index knows a file, of text or not.
    pub(crate) fn knows(&self, path: &RelPath) -> Result<bool> {
        self.read(|connection| Ok(storage::known_at(connection, path)?.is_some()))
    }

    /// How many text files the index knows.
    pub fn file_count(&self) -> Result<usize> {
        self.read(|connection| {
            connection.query_row("SELECT files FROM total", [], |row| row.get::<_, i64>(0))
        })
        .map(|count| count as usize)
    }

    /// The text files that the index knows, by path.
    pub fn files(&self) -> Result<Vec<RelPath>> {
        Ok(self.kept_files()?.to_vec())
    }

    /// As [`files`](Self::files), read once for as long as nobody writes.
    pub(crate) fn kept_files(&self) -> Result<Arc<Vec<RelPath>>> {
        let mut inner = self.lock();
        let Inner { connection, files, .. } = &mut *inner;
        let found = files.get(connection, |connection| {
            Ok(storage::paths(connection)?.into_iter().map(|(_, path)| path).collect())
        });
        inner.is_damaged |= found.as_ref().is_err_and(schema::is_damage);
        found.map_err(|error| schema::failed(&self.path, error))
    }

    /// What a file defines, in its order, as of the last update. Comments are
    /// not kept: `doc` is empty.
    pub fn symbols(&self, path: &RelPath) -> Result<Vec<Symbol>> {
        self.facts(path, |connection, id| {
            let select = "SELECT names, data FROM symbol WHERE file = ?1";
            connection.prepare_cached(select)?.query_row([id], |row| {
                let (names, data) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_blob()?);
                Ok(facts::decode_symbols(names, data))
            })
        })
    }

    /// How a file holds its text, as it is now; `None` where it holds none that
    /// is read.
    pub fn encoding(&self, path: &RelPath) -> Option<Encoding> {
        let place = Place::at(&self.root, path)?;
        match read_text(&place, &self.options) {
            Read::File(file) => Some(file.encoding),
            _ => None,
        }
    }

    /// What a file names, in its order, but for the locals of its functions.
    /// Nothing for a file whose text changed since the last update.
    pub fn references(&self, path: &RelPath) -> Result<Vec<Reference>> {
        let place = self.root.resolve(path)?;
        let text = encoding::read(&place, u64::MAX).unwrap_or_default();
        let hash = ContentHash::of(text.as_bytes());
        self.facts(path, |connection, id| {
            let select = "SELECT hash, reference.names, reference.data, symbol.data FROM file \
                 JOIN reference ON reference.file = id JOIN symbol ON symbol.file = id \
                 WHERE id = ?1";
            connection.prepare_cached(select)?.query_row([id], |row| {
                if row.get_ref(0)?.as_blob()? != hash.as_bytes() {
                    return Ok(Some(Vec::new()));
                }
                let (names, data) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_blob()?);
                let symbols = facts::symbol_count(row.get_ref(3)?.as_blob()?);
                let found = facts::decode_references(&text, names, data, symbols);
                Ok(found.map(|mut found| {
                    found.retain(|one| !one.is_local);
                    found
                }))
            })
        })
    }

    /// What a file takes from others, and where that leads.
    pub fn imports(&self, path: &RelPath) -> Result<Vec<(Import, Target)>> {
        self.facts(path, |connection, id| {
            let target = |id: i64| {
                let select = "SELECT path FROM file WHERE id = ?1";
                let path = connection.prepare_cached(select).ok()?;
                let path = { path }.query_row([id], |row| row.get(0)).ok()?;
                storage::rel_path(path).ok()
            };
            let select = "SELECT data, places, targets FROM import WHERE file = ?1";
            connection.prepare_cached(select)?.query_row([id], |row| {
                let blob = |column| row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from);
                let Some(imports) = facts::decode_imports(blob(0)?, blob(1)?) else {
                    return Ok(None);
                };
                let kept = targets::decode(blob(2)?, imports, target);
                let pair = |one: targets::Kept| (one.import.import, one.target);
                Ok(kept.map(|kept| kept.into_iter().map(pair).collect()))
            })
        })
    }

    /// The chunks of a file, as they are kept.
    pub(crate) fn chunk_data(&self, path: &RelPath) -> Result<Vec<u8>> {
        self.facts(path, |connection, id| {
            let select = "SELECT data FROM chunk WHERE file = ?1";
            connection.prepare_cached(select)?.query_row([id], |row| row.get(0)).map(Some)
        })
    }

    fn facts<T>(
        &self,
        path: &RelPath,
        read: impl FnOnce(&Connection, i64) -> rusqlite::Result<Option<T>>,
    ) -> Result<T> {
        let found = self.read(|connection| match storage::find(connection, path)? {
            // What cannot be decoded is damage, as a missing row is.
            Some((id, _)) => match read(connection, id)? {
                Some(found) => Ok(Some(found)),
                None => Err(rusqlite::Error::QueryReturnedNoRows),
            },
            None => Ok(None),
        })?;
        found.ok_or_else(|| Error::FileNotFound { path: path.clone() })
    }
}
