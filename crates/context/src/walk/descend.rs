//! Lists a tree by its rules, on several threads.

use std::ffi::OsString;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use mlxcode_base::{CancelToken, RelPath, Root};

use super::folder::{Kind, OpenFolder};
use super::listing::{ListedFolder, Listing, Place};
use super::queue::Queue;
use super::rules::{Chosen, Rules, has_plain_rules};
use super::shown::is_shown;
use super::{Skipped, WalkOptions, threads};
use crate::error::{Error, Result};
use crate::stamp::Stamp;

/// All files below `root` that its rules let through, by path, and the folders.
pub fn descend(root: &Root, options: &WalkOptions, cancel: &CancelToken) -> Result<Listing> {
    if !has_plain_rules(root.path()) {
        return Err(Error::BadRules { folder: root.path().to_owned() });
    }
    let chosen = Chosen::new(root, options)?;
    let top = Task {
        path: root.path().to_owned(),
        relative: Some(String::new()),
        rules: Rules::above(root.path()),
    };
    let descent = Descent { root: root.path().into(), chosen, cancel };
    let queue = Queue::new(top);
    let parts: Vec<Part> = thread::scope(|scope| {
        let workers: Vec<_> =
            (1..threads()).map(|_| scope.spawn(|| descent.work(&queue))).collect();
        let own = descent.work(&queue);
        let others = workers.into_iter().map(|one| one.join().unwrap_or_else(|e| resume_unwind(e)));
        std::iter::once(own).chain(others).collect()
    });
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let mut listing =
        Listing { places: Vec::new(), skipped: Skipped::default(), folders: Vec::new() };
    for part in parts {
        listing.places.extend(part.places);
        listing.folders.extend(part.folders);
        listing.skipped.unreadable += part.unreadable;
    }
    listing.places.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

/// A folder that is to be listed.
struct Task {
    path: PathBuf,
    /// Its path from the root, with a slash behind it; `None` where it is not
    /// text.
    relative: Option<String>,
    /// The rules that hold for the folder itself.
    rules: Option<Arc<Rules>>,
}

/// What a thread has come by.
#[derive(Default)]
struct Part {
    places: Vec<Place>,
    folders: Vec<ListedFolder>,
    /// Files and folders that the system or their names do not let be read.
    unreadable: usize,
}

struct Descent<'a> {
    root: Arc<Path>,
    chosen: Chosen,
    cancel: &'a CancelToken,
}

impl Descent<'_> {
    fn work(&self, queue: &Queue<Task>) -> Part {
        let mut part = Part::default();
        while let Some(task) = queue.take() {
            if !self.cancel.is_cancelled() {
                queue.add(self.list(&task, &mut part));
            }
        }
        // Parts that are in order are put together in no time.
        part.places.sort_by(|a, b| a.path.cmp(&b.path));
        part
    }

    /// Lists a folder, and gives the folders in it.
    fn list(&self, task: &Task, part: &mut Part) -> Vec<Task> {
        let is_top = task.path == *self.root;
        let Ok(folder) = OpenFolder::open(&task.path, is_top) else {
            part.unreadable += 1;
            return Vec::new();
        };
        // Its time is taken before it is read: what comes later makes it
        // another.
        let stamp = folder.stamp();
        let Ok(entries) = folder.entries() else {
            part.unreadable += 1;
            return Vec::new();
        };
        let around = task.rules.as_ref();
        let Ok(rules) = Rules::inside(around, &task.path, &entries) else {
            part.unreadable += 1;
            return Vec::new();
        };
        let (mut files, mut inside) = (Vec::new(), Vec::new());
        for (name, kind) in entries {
            let is_folder = kind == Kind::Folder;
            let full = || task.path.join(&name);
            if kind == Kind::Other
                || !is_shown(&name, is_folder)
                || self.chosen.ignores(rules.as_deref(), full, is_folder)
            {
                continue;
            }
            let relative = task.relative.as_ref().zip(name.to_str());
            if is_folder {
                let relative = relative.map(|(folder, name)| format!("{folder}{name}/"));
                inside.push(Task { path: full(), relative, rules: rules.clone() });
                continue;
            }
            let path = relative.and_then(|(folder, name)| path(folder, name));
            match path.zip(folder.stamp_of(&name)) {
                Some((path, stamp)) => {
                    part.places.push(Place::new(Arc::clone(&self.root), path, stamp));
                    files.push((name, stamp));
                }
                None => part.unreadable += 1,
            }
        }
        match stamp {
            Some(stamp) => part.folders.push(listed(task, stamp, files)),
            None => part.unreadable += 1,
        }
        inside
    }
}

fn path(folder: &str, name: &str) -> Option<RelPath> {
    let mut path = String::with_capacity(folder.len() + name.len());
    path.push_str(folder);
    path.push_str(name);
    RelPath::new(&path).ok()
}

fn listed(task: &Task, stamp: Stamp, files: Vec<(OsString, Stamp)>) -> ListedFolder {
    ListedFolder { path: task.path.clone(), stamp, files }
}
