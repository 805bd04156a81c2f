//! What is known of a tree, in one file, so that nothing is read twice.
//!
//! The principal type is [`CodeIndex`]. The file is SQLite's: several processes
//! may read while one writes, an update is one transaction, and whatever ends
//! a process leaves the last good state. It holds no text; what is shown of a
//! file is read from the file itself.

mod codec;
mod facts;
mod facts_of;
mod glance;
mod history;
mod kept;
mod names;
mod read;
mod schema;
mod storage;
mod targets;
mod tokens;
mod tree;
mod update;
mod vectors;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlxcode_base::{CancelToken, ContentHash, Embedder, Progress, RelPath, Root};
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Error, Result};
use crate::import::{Import, Target};
use crate::reference::Reference;
use crate::symbol::Symbol;
use crate::walk::{Skipped, WalkOptions};
use glance::Glance;
use kept::Kept;
use update::{Failure, Update};

pub(crate) use facts::{decode_chunks, decode_symbols};
pub(crate) use facts_of::Defining;
pub(crate) use history::fitting as fitting_changes;
pub(crate) use names::Names;
pub(crate) use storage::rel_path;
pub use tree::IndexedTree;
pub(crate) use vectors::nearest;

/// The index of a tree.
///
/// ```
/// use mlxcode_base::{CancelToken, Root};
/// use mlxcode_context::{CodeIndex, SearchOptions, WalkOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let tree = folder.path().join("tree");
/// # std::fs::create_dir(&tree)?;
/// # std::fs::write(tree.join("port.py"), "def open_port(n):\n    return n\n")?;
/// let root = Root::open(&tree)?;
/// let index = CodeIndex::open(&folder.path().join("index"), &root, WalkOptions::default())?;
/// let updated = index.update(&CancelToken::new(), &())?;
/// assert_eq!(updated.added, 1);
/// let hits = index.search("who opens a port?", &SearchOptions::default())?;
/// assert_eq!(hits[0].path.as_str(), "port.py");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CodeIndex {
    path: PathBuf,
    root: Root,
    options: WalkOptions,
    embedder: Option<Arc<dyn Embedder>>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    names: Kept<Names>,
    files: Kept<Vec<RelPath>>,
    /// The tree as it was when all of it was looked at last.
    glance: Option<Arc<Glance>>,
    /// Why the file is new, until an update tells.
    rebuilt: Option<Rebuilt>,
    /// Whether somebody read what cannot be.
    is_damaged: bool,
}

/// The file that is named `name` or whose path ends so; of several, the
/// outermost.
pub(crate) fn ending(index: &CodeIndex, name: &str) -> Result<Option<RelPath>> {
    index.read(|connection| storage::ending(connection, name))
}

/// Why an index was built anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rebuilt {
    /// Its file was damaged.
    Damaged,
    /// Another version of this program wrote it.
    OtherLayout,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexedChange {
    /// It is new.
    Added,
    /// Its text is another.
    Changed,
    /// It is gone, or holds no text any more.
    Removed,
}

/// What an update did. Files without text are not counted, but in `skipped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updated {
    /// Files that are new.
    pub added: usize,
    /// Files whose text is another.
    pub changed: usize,
    /// Files that are gone.
    pub removed: usize,
    /// Files that are as they were.
    pub unchanged: usize,
    /// Those that are new, changed or gone, by path.
    pub files: Vec<(RelPath, IndexedChange)>,
    /// Files that were left out.
    pub skipped: Skipped,
    /// Why all was built anew, where it was.
    pub rebuilt: Option<Rebuilt>,
}

impl CodeIndex {
    /// Opens the index of `root` in the file `path`, which need not exist. A
    /// damaged file, or one of another version of this program, is made anew;
    /// the next update tells so.
    pub fn open(path: &Path, root: &Root, options: WalkOptions) -> Result<Self> {
        let (connection, rebuilt) = schema::open(path)?;
        let inner = Mutex::new(Inner {
            connection,
            names: Kept::default(),
            files: Kept::default(),
            glance: None,
            rebuilt,
            is_damaged: false,
        });
        let (path, root) = (path.to_owned(), root.clone());
        Ok(Self { path, root, options, embedder: None, inner })
    }

    /// This index with a model for [`SearchKind::Semantic`](crate::SearchKind):
    /// else vectors are learned from the tree itself.
    #[must_use]
    pub fn with_embedder(self, embedder: Arc<dyn Embedder>) -> Self {
        Self { embedder: Some(embedder), ..self }
    }

    /// The index's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Brings the index to what the tree is now. It waits while another
    /// process writes.
    pub fn update(&self, cancel: &CancelToken, progress: &dyn Progress) -> Result<Updated> {
        if let Some(same) = self.glance()? {
            return Ok(same);
        }
        let update = self.work(cancel, progress);
        self.change(|connection| {
            let updated = update.whole(connection)?;
            history::update(connection, &self.root)?;
            Ok(updated)
        })
    }

    /// What an update would tell where nothing has changed since the last one,
    /// by a glance; `None` where it has to look closer. Who packs or searches
    /// meanwhile does not wait for it.
    pub fn glance(&self) -> Result<Option<Updated>> {
        let failed = |error| schema::failed(&self.path, error);
        let last = {
            let inner = self.lock();
            match &inner.glance {
                Some(last) if !inner.is_damaged => {
                    let version = storage::version(&inner.connection).map_err(failed)?;
                    (version == last.version).then(|| Arc::clone(last))
                }
                _ => None,
            }
        };
        let Some(last) = last else { return Ok(None) };
        let holds = last.holds();
        let mut inner = self.lock();
        if !holds {
            inner.glance = None;
            return Ok(None);
        }
        history::update(&mut inner.connection, &self.root).map_err(failed)?;
        Ok(Some(last.updated.clone()))
    }

    /// As [`update`](Self::update), but does not wait while another process
    /// writes: `None` then, and the index is as that process found it.
    pub fn try_update(
        &self,
        cancel: &CancelToken,
        progress: &dyn Progress,
    ) -> Result<Option<Updated>> {
        match self.glance() {
            Ok(None) => {}
            Err(Error::IndexBusy { .. }) => return Ok(None),
            same => return same,
        }
        let update = self.work(cancel, progress);
        let updated = self.change(|connection| {
            connection.busy_timeout(Duration::ZERO)?;
            let updated = update.whole(connection).and_then(|updated| {
                history::update(connection, &self.root)?;
                Ok(updated)
            });
            connection.busy_timeout(schema::BUSY)?;
            updated
        });
        match updated {
            Err(Error::IndexBusy { .. }) => Ok(None),
            updated => updated.map(Some),
        }
    }

    /// Brings the index to what some files are now, which is faster where they
    /// are known. Where one is new, it looks at the whole tree.
    pub fn update_files(
        &self,
        paths: &[RelPath],
        cancel: &CancelToken,
        progress: &dyn Progress,
    ) -> Result<Updated> {
        let update = self.work(cancel, progress);
        self.change(|connection| match update.some(connection, paths)? {
            Some(updated) => Ok((updated, None)),
            None => update.whole(connection),
        })
    }

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

    /// What a file names, in its order, but for the locals of its functions.
    /// Nothing for a file whose text changed since the last update.
    pub fn references(&self, path: &RelPath) -> Result<Vec<Reference>> {
        let place = self.root.resolve(path)?;
        let text = std::fs::read_to_string(place).unwrap_or_default();
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

    /// All that is known of the tree, as of the last update, for a
    /// [`CodeGraph`](crate::CodeGraph).
    pub fn tree(&self) -> Result<Arc<IndexedTree>> {
        self.read(|connection| IndexedTree::read(connection, &self.root)).map(Arc::new)
    }

    /// The chunks of a file, as they are kept.
    pub(crate) fn chunk_data(&self, path: &RelPath) -> Result<Vec<u8>> {
        self.facts(path, |connection, id| {
            let select = "SELECT data FROM chunk WHERE file = ?1";
            connection.prepare_cached(select)?.query_row([id], |row| row.get(0)).map(Some)
        })
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    pub(crate) fn options(&self) -> &WalkOptions {
        &self.options
    }

    pub(crate) fn embedder(&self) -> Option<&dyn Embedder> {
        self.embedder.as_deref()
    }

    fn work<'a>(&'a self, cancel: &'a CancelToken, progress: &'a dyn Progress) -> Update<'a> {
        Update { root: &self.root, options: &self.options, cancel, progress }
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

    /// Reads one state of the index, whoever writes meanwhile.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut inner = self.lock();
        let found = inner.connection.transaction().and_then(|view| read(&view));
        inner.is_damaged |= found.as_ref().is_err_and(schema::is_damage);
        found.map_err(|error| schema::failed(&self.path, error))
    }

    /// The names of all symbols.
    pub(crate) fn names(&self) -> Result<Arc<Names>> {
        let mut inner = self.lock();
        let Inner { connection, names, .. } = &mut *inner;
        let found = names.get(connection, Names::read);
        inner.is_damaged |= found.as_ref().is_err_and(schema::is_damage);
        found.map_err(|error| schema::failed(&self.path, error))
    }

    /// Changes what hangs on the files, in one transaction.
    pub(crate) fn write(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let mut inner = self.lock();
        let behavior = TransactionBehavior::Immediate;
        let done = inner.connection.transaction_with_behavior(behavior).and_then(|write| {
            change(&write)?;
            write.commit()
        });
        inner.is_damaged |= done.as_ref().is_err_and(schema::is_damage);
        done.map_err(|error| schema::failed(&self.path, error))
    }

    /// Notes that what was read makes no sense: the next update builds the index
    /// anew.
    pub fn damaged(&self) -> Error {
        self.lock().is_damaged = true;
        Error::IndexDamaged { path: self.path.clone() }
    }

    /// Changes the index; where that shows that it is damaged, it is built
    /// anew.
    fn change(
        &self,
        change: impl Fn(&mut Connection) -> Result<(Updated, Option<Glance>), Failure>,
    ) -> Result<Updated> {
        let mut inner = self.lock();
        inner.names.forget();
        inner.files.forget();
        inner.glance = None;
        if inner.is_damaged {
            self.begin_anew(&mut inner)?;
        }
        let mut done = change(&mut inner.connection);
        if matches!(&done, Err(Failure::File(error)) if schema::is_damage(error)) {
            self.begin_anew(&mut inner)?;
            done = change(&mut inner.connection);
        }
        let (mut updated, glance) = done.map_err(|failure| match failure {
            Failure::File(error) => schema::failed(&self.path, error),
            Failure::Other(error) => error,
        })?;
        updated.rebuilt = inner.rebuilt.take();
        inner.glance = glance.map(Arc::new);
        Ok(updated)
    }

    fn begin_anew(&self, inner: &mut Inner) -> Result<()> {
        // The connection is closed before its file goes.
        inner.connection =
            Connection::open_in_memory().map_err(|error| schema::failed(&self.path, error))?;
        inner.connection = schema::anew(&self.path)?;
        inner.rebuilt = Some(Rebuilt::Damaged);
        inner.is_damaged = false;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A transaction that a panic ended was taken back.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
