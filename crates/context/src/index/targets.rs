//! The files that imports lead to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs;

use mlxcode_base::{RelPath, Root};
use rusqlite::{Connection, params};

use super::codec::{Decoder, Encoder};
use super::{facts, storage};
use crate::graph::{FileImport, resolved};
use crate::import::{FileSet, Import, ImportResolver, Target};

/// What a target begins with.
const UNKNOWN: usize = 0;
const EXTERNAL: usize = 1;
const FILES: usize = 2;
const KIND: usize = 3;

/// Marks an import whose names are modules, or whose source leads elsewhere
/// than all of it.
const PARTS: usize = 4;
const SOURCE: usize = 8;

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
        for import in imports {
            match language {
                Some(language) => {
                    let target = resolver.resolve(path, language, &import);
                    let parts = resolved(import, path, language, &resolver);
                    encode(&mut out, &target, &parts, &ids);
                }
                None => out.number(UNKNOWN),
            }
        }
        if out.bytes != blob(2)? {
            let set = "UPDATE import SET targets = ?2 WHERE file = ?1";
            connection.prepare_cached(set)?.execute(params![id, out.bytes])?;
        }
    }
    Ok(())
}

/// Writes where an import leads, whole and in parts.
fn encode(out: &mut Encoder, target: &Target, parts: &FileImport, ids: &HashMap<&RelPath, i64>) {
    let id = |path: &RelPath| ids.get(path).copied().unwrap_or_default() as usize;
    let list = |out: &mut Encoder, paths: &[RelPath]| {
        out.number(paths.len());
        paths.iter().for_each(|path| out.number(id(path)));
    };
    let (mark, own): (usize, &[RelPath]) = match target {
        Target::Files(paths) => (FILES, paths),
        Target::External(_) => (EXTERNAL, &[]),
        Target::Unknown => (UNKNOWN, &[]),
    };
    let same = own == parts.files && parts.is_external == (mark == EXTERNAL);
    let plain = same && parts.modules.iter().all(Option::is_none);
    out.number(mark | if plain { 0 } else { PARTS } | if same { 0 } else { SOURCE });
    match target {
        Target::Files(paths) => list(out, paths),
        Target::External(name) => out.text(name),
        Target::Unknown => {}
    }
    if !same {
        out.number(usize::from(parts.is_external));
        list(out, &parts.files);
    }
    if !plain {
        for module in &parts.modules {
            out.number(module.as_ref().map_or(0, id));
        }
    }
}

/// Where an import leads, as it is kept.
pub struct Kept {
    pub target: Target,
    pub import: FileImport,
}

/// Reads the targets of imports; `path` knows the files. `None` for bytes that
/// are none.
pub fn decode(
    bytes: &[u8],
    imports: Vec<Import>,
    path: impl Fn(i64) -> Option<RelPath>,
) -> Option<Vec<Kept>> {
    let mut from = Decoder::new(bytes);
    let one = |import: Import| {
        let mark = from.number()?;
        let list = |from: &mut Decoder<'_>| -> Option<Vec<RelPath>> {
            (0..from.count()?).map(|_| path(from.number()? as i64)).collect()
        };
        let target = match mark & KIND {
            FILES => Target::Files(list(&mut from)?),
            EXTERNAL => Target::External(from.text()?.to_owned()),
            _ => Target::Unknown,
        };
        let (is_external, files) = if mark & SOURCE > 0 {
            (from.number()? > 0, list(&mut from)?)
        } else {
            let files = if let Target::Files(files) = &target { files.clone() } else { Vec::new() };
            (mark & KIND == EXTERNAL, files)
        };
        let mut modules = vec![None; import.names.len()];
        if mark & PARTS > 0 {
            for module in &mut modules {
                let number = from.number()?;
                *module = if number == 0 { None } else { Some(path(number as i64)?) };
            }
        }
        Some(Kept { target, import: FileImport { import, files, modules, is_external } })
    };
    imports.into_iter().map(one).collect()
}
