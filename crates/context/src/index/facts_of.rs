//! What the index knows of some files, in the form that a graph is built from.

use std::collections::{BTreeMap, BTreeSet};

use mlxcode_base::{ContentHash, RelPath};
use rusqlite::{Connection, OptionalExtension as _};

use super::{CodeIndex, facts, storage, targets};
use crate::error::Result;
use crate::graph::FileFacts;
use crate::search::Standing;

/// Of a file: its hash, its language, its symbols, references and imports.
const FACTS: &str = "SELECT hash, language, symbol.names, symbol.data, reference.names, \
    reference.data, import.data, places, targets FROM file JOIN symbol ON symbol.file = id \
    JOIN reference ON reference.file = id JOIN import ON import.file = id \
    WHERE path = ?1 AND state = 0";

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
    let mut select = connection.prepare_cached(FACTS)?;
    let mut rows = select.query([path.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let language = row.get_ref(1)?.as_str_or_null()?.and_then(storage::language);
    let Some(language) = language.filter(|language| language.is_code()) else { return Ok(None) };
    let blob = |column| row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from);
    if blob(0)? != ContentHash::of(text.as_bytes()).as_bytes() {
        return Ok(None);
    }
    let names = row.get_ref(2)?.as_str()?;
    let symbols = facts::decode_symbols(names, blob(3)?).ok_or_else(undecodable)?;
    let names = row.get_ref(4)?.as_str()?;
    let references = facts::decode_references(text, names, blob(5)?, symbols.len());
    let references = references.ok_or_else(undecodable)?;
    let imports = facts::decode_imports(blob(6)?, blob(7)?).ok_or_else(undecodable)?;
    // A file that is gone since is led to by nothing.
    let path_of = |id: i64| {
        let mut select = connection.prepare_cached("SELECT path FROM file WHERE id = ?1").ok()?;
        let path = select.query_row([id], |row| row.get::<_, String>(0)).ok()?;
        storage::rel_path(path).ok()
    };
    let imports = targets::decode(blob(8)?, imports, path_of).ok_or_else(undecodable)?;
    let imports = imports.into_iter().map(|kept| kept.import).collect();
    Ok(Some(FileFacts { path: path.clone(), language, symbols, references, imports }))
}

/// What cannot be decoded is damage, as a missing row is.
fn undecodable() -> rusqlite::Error {
    rusqlite::Error::QueryReturnedNoRows
}
