//! What is known of a tree, in one file, so that nothing is read twice.
//!
//! The principal type is [`CodeIndex`]. The file is SQLite's: several processes
//! may read while one writes, an update is one transaction, and whatever ends
//! a process leaves the last good state. It holds no text; what is shown of a
//! file is read from the file itself.

mod codec;
mod facts;
mod facts_of;
mod files;
mod glance;
mod history;
mod kept;
mod kept_file;
mod names;
mod near;
mod read;
mod schema;
mod storage;
mod targets;
mod tokens;
mod tree;
mod update;
mod updated;
mod vectors;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlxcode_base::{CancelToken, Embedder, Progress, RelPath, Root};
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Error, Result};
use crate::walk::WalkOptions;
use glance::Glance;
use kept::Kept;
use update::{Failure, Update};

pub(crate) use facts::{decode_chunks, decode_symbols};
pub(crate) use facts_of::Defining;
pub(crate) use files::ending;
pub(crate) use history::{fitting as fitting_changes, together as changed_together};
pub(crate) use names::Names;
pub(crate) use near::nearest;
pub(crate) use storage::rel_path;
pub use tree::IndexedTree;
pub use updated::{IndexedChange, Rebuilt, Updated};

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

    /// Makes the vectors that a search by them needs and that are missing,
    /// which such a search does too, without telling how far it is. What is
    /// made is kept, whatever stops the rest.
    pub fn update_vectors(&self, cancel: &CancelToken, progress: &dyn Progress) -> Result<()> {
        vectors::update(self, cancel, progress).map(drop)
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

    /// All that is known of the tree, as of the last update, for a
    /// [`CodeGraph`](crate::CodeGraph).
    pub fn tree(&self) -> Result<Arc<IndexedTree>> {
        self.read(|connection| IndexedTree::read(connection, &self.root)).map(Arc::new)
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
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut inner = self.lock();
        let behavior = TransactionBehavior::Immediate;
        let done = inner.connection.transaction_with_behavior(behavior).and_then(|write| {
            let given = change(&write)?;
            write.commit().map(|()| given)
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
