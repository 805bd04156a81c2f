//! What the index knows of some files, in the form that a graph is built from.

use std::collections::{BTreeMap, BTreeSet};

use mlxcode_base::{ContentHash, RelPath};
use rusqlite::{Connection, OptionalExtension as _};

use super::kept_file::{KeptFile, SELECT};
use super::{CodeIndex, facts, storage};
use crate::error::Result;
use crate::graph::FileFacts;
use crate::search::Standing;

/// A file that defines a name.
pub struct Defining {
    pub path: RelPath,
    pub standing: Standing,
}

impl CodeIndex {
    /// What some files say. Left out are those that the index does not know,
    /// whose text is another by now, or that are no code; `text` reads a file.
    pub(crate) fn facts_of(
        &self,
        paths: &[RelPath],
        text: &dyn Fn(&RelPath) -> Option<std::rc::Rc<str>>,
    ) -> Result<Vec<FileFacts>> {
        self.read(|connection| {
            let mut found = Vec::with_capacity(paths.len());
            for path in paths {
                let Some(text) = text(path) else { continue };
                found.extend(facts_of(connection, path, &text)?);
            }
            Ok(found)
        })
    }

    /// The files that define each of some names, by path.
    pub(crate) fn defining(
        &self,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Vec<Defining>>> {
        self.read(|connection| {
            let mut found: BTreeMap<String, Vec<Defining>> = BTreeMap::new();
            let mut select = connection.prepare_cached(
                "SELECT names, path, standing FROM symbol JOIN file ON file = id ORDER BY path",
            )?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let mut seen: Vec<&str> = Vec::new();
                for name in row.get_ref(0)?.as_str()?.split('\n') {
                    if !names.contains(name) || seen.contains(&name) {
                        continue;
                    }
                    seen.push(name);
                    let path = storage::rel_path(row.get(1)?)?;
                    let standing = Standing::from_bits(row.get(2)?);
                    let files = found.entry(name.to_owned()).or_default();
                    files.push(Defining { path, standing });
                }
            }
            Ok(found)
        })
    }

    /// The chunks of a file with this hash; `None` where the index knows
    /// another text of it.
    pub(crate) fn chunks_of(
        &self,
        path: &RelPath,
        hash: ContentHash,
    ) -> Result<Option<Vec<crate::syntax::Chunk>>> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT data FROM file JOIN chunk ON file = id \
                 WHERE path = ?1 AND state = 0 AND hash = ?2",
            )?;
            let data: Option<Vec<u8>> = select
                .query_row((path.as_str(), hash.as_bytes().as_slice()), |row| row.get(0))
                .optional()?;
            data.map(|data| facts::decode_chunks(&data).ok_or_else(undecodable)).transpose()
        })
    }
}

fn facts_of(
    connection: &Connection,
    path: &RelPath,
    text: &str,
) -> rusqlite::Result<Option<FileFacts>> {
    let mut select = connection.prepare_cached(&format!("{SELECT} AND path = ?1"))?;
    let mut rows = select.query([path.as_str()])?;
    let kept = rows.next()?.map(KeptFile::of).transpose()?.flatten();
    let Some(kept) = kept.filter(|kept| kept.is_of(text)) else { return Ok(None) };
    let path_of = |id: i64| {
        let mut select = connection.prepare_cached("SELECT path FROM file WHERE id = ?1").ok()?;
        let path = select.query_row([id], |row| row.get::<_, String>(0)).ok()?;
        storage::rel_path(path).ok()
    };
    let symbols = kept.symbols().ok_or_else(undecodable)?;
    let references = kept.references(text).ok_or_else(undecodable)?;
    let imports = kept.imports(path_of).ok_or_else(undecodable)?;
    let (path, language) = (path.clone(), kept.language);
    Ok(Some(FileFacts { path, language, symbols, references, imports }))
}

/// What cannot be decoded is damage, as a missing row is.
fn undecodable() -> rusqlite::Error {
    rusqlite::Error::QueryReturnedNoRows
}
