//! From hints to an index that is what the tree is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use mlxcode_base::{CancelToken, RelPath};

use super::folders::watched;
use super::foreign::{Looks, Reasons};
use super::hint::Hint;
use super::source::{Refusal, Source};
use super::{PollReason, WatchEvent, mounts};
use crate::error::{Error, Result};
use crate::index::{CodeIndex, Updated};

/// Of more files than this at once, the tree is looked at as a whole, which
/// takes no longer.
const MOST_FILES: usize = 256;

/// Files that are not of the tree, such as logs, are remembered up to this
/// many, so that they are not looked for each time.
const MOST_FOREIGN: usize = 10_000;

/// An index, its tree's folders, and what is watched of them.
pub struct Follower {
    index: CodeIndex,
    source: Option<Box<dyn Source>>,
    /// The folders that are watched.
    folders: BTreeSet<PathBuf>,
    /// Files that changed and are none of the tree's.
    foreign: HashMap<RelPath, Reasons>,
    polling: Option<PollReason>,
    cancel: CancelToken,
}

/// What some hints ask for.
#[derive(Default)]
struct Work {
    is_whole: bool,
    files: BTreeSet<RelPath>,
    /// Files that the index does not know, and what they were.
    unknown: BTreeMap<RelPath, Looks>,
}

impl Follower {
    pub fn new(index: CodeIndex, source: Option<Box<dyn Source>>, cancel: CancelToken) -> Self {
        let (folders, foreign) = (BTreeSet::new(), HashMap::new());
        Self { index, source, folders, foreign, polling: None, cancel }
    }

    /// Whether nobody tells what changes.
    pub fn is_polling(&self) -> bool {
        self.polling.is_some()
    }

    /// Brings the index to what the tree is, and begins to watch.
    pub fn start(&mut self) -> Vec<WatchEvent> {
        let mut events = Vec::new();
        if self.source.is_none() {
            events.extend(self.poll_from_now(PollReason::Unavailable));
        }
        if let Some(kind) = mounts::silent(self.index.root().path()) {
            events.extend(self.poll_from_now(PollReason::FileSystem(kind)));
        }
        match self.update_whole(&mut events) {
            Ok(updated) => events.push(WatchEvent::Ready(updated)),
            Err(error) => events.push(WatchEvent::Failed(error)),
        }
        events
    }

    /// Does what some hints ask for.
    pub fn take(&mut self, hints: Vec<Hint>) -> Vec<WatchEvent> {
        let mut events = Vec::new();
        let work = self.work(hints);
        let done = match work {
            Ok(work) => self.update(&work, &mut events),
            Err(error) => Err(error),
        };
        match done {
            Ok(Some(updated)) if !updated.files.is_empty() => {
                events.push(WatchEvent::Changed(updated));
            }
            Ok(_) | Err(Error::Cancelled) => {}
            Err(error) => events.push(WatchEvent::Failed(error)),
        }
        events
    }

    fn update(&mut self, work: &Work, events: &mut Vec<WatchEvent>) -> Result<Option<Updated>> {
        if !work.is_whole && work.files.is_empty() {
            return Ok(None);
        }
        if !work.is_whole {
            let files: Vec<RelPath> = work.files.iter().cloned().collect();
            return self.index.update_files(&files, &self.cancel, &()).map(Some);
        }
        let updated = self.update_whole(events)?;
        for (path, looks) in &work.unknown {
            // One that came back meanwhile may not have been there when the tree
            // was listed.
            let now = self.looks(&self.index.root().path().join(path.as_path()));
            let is_same = now == Some(*looks);
            if self.foreign.len() < MOST_FOREIGN && is_same && !self.index.knows(path)? {
                self.foreign.insert(path.clone(), looks.reasons());
            }
        }
        Ok(Some(updated))
    }

    /// Watches what there is before it is read: what changes meanwhile is told.
    fn update_whole(&mut self, events: &mut Vec<WatchEvent>) -> Result<Updated> {
        if let Some(reason) = self.watch_folders()? {
            events.extend(self.poll_from_now(reason));
        }
        self.index.update(&self.cancel, &())
    }

    /// What hints ask for: of a file that the index knows, no more than to
    /// look at it; of a folder or a new file, to look at the tree.
    fn work(&mut self, hints: Vec<Hint>) -> Result<Work> {
        let mut work = Work::default();
        for hint in hints {
            let (path, is_moved) = match hint {
                Hint::Written(path) => (path, false),
                Hint::Moved(path) => (path, true),
                Hint::Lost => {
                    // Watches may be lost as well.
                    self.forget_folders();
                    work.is_whole = true;
                    continue;
                }
            };
            if !self.concerns(&path) {
                continue;
            }
            let meta = fs::symlink_metadata(&path).ok();
            let was_folder = self.folders.contains(&path);
            if was_folder || meta.as_ref().is_some_and(Metadata::is_dir) {
                // A folder's own times change with each file in it.
                if is_moved || meta.is_none() {
                    self.forget(&path);
                    work.is_whole = true;
                }
                continue;
            }
            let Ok(below) = path.strip_prefix(self.index.root().path()) else { continue };
            let Ok(file) = RelPath::from_path(below) else { continue };
            if crate::walk::holds_rules(&file) {
                self.foreign.clear();
                work.is_whole = true;
            } else if self.index.knows(&file)? {
                work.files.insert(file);
            } else if let Some(looks) = self.looks(&path)
                && self.foreign.get(&file) != Some(&looks.reasons())
            {
                work.unknown.insert(file, looks);
                work.is_whole = true;
            }
        }
        work.is_whole |= work.files.len() > MOST_FILES;
        Ok(work)
    }

    /// Whether a path lies in a folder that is watched, and not among the
    /// index's own files.
    fn concerns(&self, path: &Path) -> bool {
        let is_watched = |folder: &Path| self.folders.contains(folder);
        !self.is_own(path) && (is_watched(path) || path.parent().is_some_and(is_watched))
    }

    /// Whether the index writes there: in a folder of its own within the tree,
    /// or right beside its file, whose name those of its others begin with.
    fn is_own(&self, path: &Path) -> bool {
        let (index, root) = (self.index.path(), self.index.root().path());
        let folder = index.parent().filter(|folder| folder.starts_with(root) && *folder != root);
        let name = |path: &Path| path.file_name().unwrap_or_default().as_encoded_bytes().to_owned();
        folder.is_some_and(|folder| path.starts_with(folder))
            || path.parent() == index.parent() && name(path).starts_with(&name(index))
    }

    fn looks(&self, path: &Path) -> Option<Looks> {
        Looks::of(path, self.index.options())
    }

    /// Watches the folders that are there now. The reason, where that cannot
    /// be.
    fn watch_folders(&mut self) -> Result<Option<PollReason>> {
        let now = watched(self.index.root(), self.index.options(), &self.cancel)?;
        let Some(source) = &mut self.source else {
            self.folders = now;
            return Ok(None);
        };
        let root = self.index.root().path();
        let mut reason = None;
        for folder in now.difference(&self.folders) {
            if source.is_recursive() && folder != root {
                continue;
            }
            reason = match source.watch(folder) {
                Ok(()) | Err(Refusal::Missing) => continue,
                Err(Refusal::Limit) => Some(PollReason::WatchLimit),
                Err(Refusal::Other) => Some(PollReason::Unavailable),
            };
            break;
        }
        if !source.is_recursive() {
            self.folders.difference(&now).for_each(|folder| source.unwatch(folder));
        }
        self.folders = now;
        Ok(reason)
    }

    /// Forgets that a folder and those below it are watched.
    fn forget(&mut self, folder: &Path) {
        let gone: Vec<PathBuf> =
            self.folders.iter().filter(|one| one.starts_with(folder)).cloned().collect();
        for one in gone {
            if let Some(source) = self.source.as_mut().filter(|source| !source.is_recursive()) {
                source.unwatch(&one);
            }
            self.folders.remove(&one);
        }
    }

    fn forget_folders(&mut self) {
        let root = self.index.root().path().to_owned();
        if self.source.is_some() {
            self.forget(&root);
        }
    }

    /// What is told of some folders only is of no use, so that nothing is
    /// watched any more.
    fn poll_from_now(&mut self, reason: PollReason) -> Option<WatchEvent> {
        if self.polling.is_some() {
            return None;
        }
        self.source = None;
        self.polling = Some(reason.clone());
        Some(WatchEvent::Polling(reason))
    }
}
