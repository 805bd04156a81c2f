//! The files that imports lead to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs;

use mlxcode_base::{RelPath, Root};
use rusqlite::{Connection, params};

use super::codec::{Decoder, Encoder};
use super::{facts, storage};
use crate::import::{FileSet, ImportResolver, Target};

/// What a target begins with.
const UNKNOWN: usize = 0;
const EXTERNAL: usize = 1;
const FILES: usize = 2;

/// The files of the index, with their texts on the disk.
struct OnDisk<'a> {
    root: &'a Root,
    paths: Vec<RelPath>,
}

impl FileSet for OnDisk<'_> {
    fn paths(&self) -> Vec<RelPath> {
        self.paths.clone()
    }

    fn text(&self, path: &RelPath) -> Option<Cow<'_, str>> {
        fs::read_to_string(self.root.path().join(path.as_path())).ok().map(Cow::Owned)
    }
}

/// Whether others' imports can hang on what stands in a file: packages and
/// modules are declared in such.
pub fn is_manifest(path: &RelPath) -> bool {
    [".json", ".toml", ".mod"].iter().any(|end| path.file_name().ends_with(end))
}

/// Looks up where imports lead: those of the files `only`, or of all.
pub fn resolve(
    connection: &Connection,
    root: &Root,
    only: Option<&HashSet<i64>>,
) -> rusqlite::Result<()> {
    if only.is_some_and(HashSet::is_empty) {
        return Ok(());
    }
    let (numbers, paths): (Vec<i64>, Vec<RelPath>) =
        storage::paths(connection)?.into_iter().unzip();
    let ids: HashMap<&RelPath, i64> = paths.iter().zip(numbers.iter().copied()).collect();
    let files = OnDisk { root, paths: paths.clone() };
    let resolver = ImportResolver::new(&files);
    let mut select = connection.prepare_cached(
        "SELECT data, places, targets, language FROM import JOIN file ON file.id = import.file \
         WHERE import.file = ?1",
    )?;
    for (id, path) in numbers.iter().zip(&paths) {
        if only.is_some_and(|only| !only.contains(id)) {
            continue;
        }
        let mut rows = select.query([id])?;
        let Some(row) = rows.next()? else { continue };
        let language: Option<String> = row.get(3)?;
        let language = language.as_deref().and_then(storage::language);
        let blob = |column| row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from);
        let Some(imports) = facts::decode_imports(blob(0)?, blob(1)?) else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        let mut out = Encoder::default();
        for import in &imports {
            let target = language.map(|language| resolver.resolve(path, language, import));
            encode(&mut out, target.unwrap_or(Target::Unknown), &ids);
        }
        if out.bytes != blob(2)? {
            let set = "UPDATE import SET targets = ?2 WHERE file = ?1";
            connection.prepare_cached(set)?.execute(params![id, out.bytes])?;
        }
    }
    Ok(())
}

fn encode(out: &mut Encoder, target: Target, ids: &HashMap<&RelPath, i64>) {
    match target {
        Target::Files(paths) => {
            out.number(FILES);
            out.number(paths.len());
            for path in &paths {
                out.number(ids.get(path).copied().unwrap_or_default() as usize);
            }
        }
        Target::External(name) => {
            out.number(EXTERNAL);
            out.text(&name);
        }
        Target::Unknown => out.number(UNKNOWN),
    }
}

/// Reads `count` targets; `path` knows the files. `None` for bytes that are
/// none.
pub fn decode(
    bytes: &[u8],
    count: usize,
    path: impl Fn(i64) -> Option<RelPath>,
) -> Option<Vec<Target>> {
    let mut from = Decoder::new(bytes);
    let one = |_| {
        Some(match from.number()? {
            UNKNOWN => Target::Unknown,
            EXTERNAL => Target::External(from.text()?.to_owned()),
            _ => {
                let files = (0..from.count()?).map(|_| path(from.number()? as i64));
                Target::Files(files.collect::<Option<_>>()?)
            }
        })
    };
    (0..count).map(one).collect()
}
