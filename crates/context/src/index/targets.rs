//! The files that imports lead to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use mlxcode_base::{Language, RelPath, Root};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::codec::{Decoder, Encoder};
use super::{facts, storage};
use crate::encoding;
use crate::graph::{FileImport, resolved};
use crate::import::{FileSet, Import, ImportResolver, Target};
use crate::walk::threads;

/// What a target begins with.
const UNKNOWN: usize = 0;
const EXTERNAL: usize = 1;
const FILES: usize = 2;
const KIND: usize = 3;

/// Marks an import whose names are modules, or whose source leads elsewhere
/// than all of it.
const PARTS: usize = 4;
const SOURCE: usize = 8;

/// Files that a thread takes at once.
const TOGETHER: usize = 64;

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
        encoding::read(&self.root.path().join(path.as_path()), u64::MAX).map(Cow::Owned)
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
    let stored = stored(connection, only)?;
    let places: HashMap<i64, &RelPath> = numbers.iter().copied().zip(&paths).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let work = || {
            while let Some(some) = stored.get(next.fetch_add(TOGETHER, Ordering::Relaxed)..) {
                for one in &some[..some.len().min(TOGETHER)] {
                    let Some(path) = places.get(&one.file) else { continue };
                    let bytes = one.targets_of(path, &resolver, &ids);
                    if bytes.as_ref() != Some(&one.targets)
                        && let Ok(mut found) = found.lock()
                    {
                        found.push((one.file, bytes));
                    }
                }
            }
        };
        // A few files are done before a thread has begun.
        for _ in 1..threads().min(stored.len() / TOGETHER) {
            scope.spawn(work);
        }
        work();
    });
    let mut set = connection.prepare_cached("UPDATE import SET targets = ?2 WHERE file = ?1")?;
    for (file, bytes) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        // What cannot be decoded is damage, as a missing row is.
        set.execute(params![file, bytes.ok_or(rusqlite::Error::QueryReturnedNoRows)?])?;
    }
    Ok(())
}

/// The imports of a file, as they are kept.
struct Stored {
    file: i64,
    data: Vec<u8>,
    places: Vec<u8>,
    targets: Vec<u8>,
    language: Option<Language>,
}

/// Reads the imports of the files `only`, or of all.
fn stored(connection: &Connection, only: Option<&HashSet<i64>>) -> rusqlite::Result<Vec<Stored>> {
    const SELECT: &str = "SELECT import.file, data, places, targets, language FROM import \
        JOIN file ON file.id = import.file";
    let of = |row: &Row<'_>| {
        let language = row.get_ref(4)?.as_str_or_null()?.and_then(storage::language);
        let (file, data) = (row.get(0)?, row.get(1)?);
        Ok(Stored { file, data, places: row.get(2)?, targets: row.get(3)?, language })
    };
    let Some(only) = only else {
        let mut select = connection.prepare_cached(SELECT)?;
        return select.query_map([], of)?.collect();
    };
    let mut select = connection.prepare_cached(&format!("{SELECT} WHERE import.file = ?1"))?;
    let mut found = Vec::with_capacity(only.len());
    for file in only {
        found.extend(select.query_row([file], of).optional()?);
    }
    Ok(found)
}

impl Stored {
    /// Where they lead; `None` where they cannot be decoded.
    fn targets_of(
        &self,
        path: &RelPath,
        resolver: &ImportResolver<'_>,
        ids: &HashMap<&RelPath, i64>,
    ) -> Option<Vec<u8>> {
        let mut out = Encoder::default();
        for import in facts::decode_imports(&self.data, &self.places)? {
            match self.language {
                Some(language) => {
                    let target = resolver.resolve(path, language, &import);
                    // Without names there are no parts to look up beside the whole.
                    let parts = if import.names.is_empty() {
                        whole(import, &target)
                    } else {
                        resolved(import, path, language, resolver)
                    };
                    encode(&mut out, &target, &parts, ids);
                }
                None => out.number(UNKNOWN),
            }
        }
        Some(out.bytes)
    }
}

/// An import without names, which leads to one place.
fn whole(import: Import, target: &Target) -> FileImport {
    let files = if let Target::Files(files) = target { files.clone() } else { Vec::new() };
    let is_external = matches!(target, Target::External(_));
    FileImport { import, files, modules: Vec::new(), is_external }
}

/// Writes where an import leads, whole and in parts.
fn encode(out: &mut Encoder, target: &Target, parts: &FileImport, ids: &HashMap<&RelPath, i64>) {
    let id = |path: &RelPath| ids.get(path).copied().unwrap_or_default() as usize;
    let list = |out: &mut Encoder, paths: &[RelPath]| {
        out.number(paths.len());
        for path in paths {
            out.number(id(path));
        }
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
