//! Which journal belongs to which tree.

#![allow(clippy::disallowed_methods, reason = "the journals' own folder")]

use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::ContentHash;
use serde::{Deserialize, Serialize};

/// Beside a journal: whose it is.
const OWNER: &str = "root.json";

/// The folder that a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    path: PathBuf,
    /// What stays when the folder is moved, where the system has it.
    identity: Option<(u64, u64)>,
}

impl Owner {
    fn of(root: &Path) -> Self {
        Self { path: root.to_owned(), identity: identity(root) }
    }

    fn read(journal: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(journal.join(OWNER)).ok()?).ok()
    }
}

/// The folder of the journal of `root`, which need not exist yet: one a root,
/// outside of it, so that a project is never littered. A project that was
/// moved takes its journal along.
pub fn find(journals: &Path, root: &Path) -> PathBuf {
    let name = ContentHash::of(root.as_os_str().as_encoded_bytes()).short();
    let place = journals.join(name);
    if !place.is_dir()
        && let Some(moved) = moved(journals, root)
    {
        // A journal that stays where it is only hides its history.
        let _ = fs::rename(moved, &place);
    }
    place
}

/// Notes whose journal this is, so that it is found when the root is moved.
pub fn note_owner(journal: &Path, root: &Path) {
    let owner = Owner::of(root);
    if Owner::read(journal).as_ref() == Some(&owner) {
        return;
    }
    let text = serde_json::to_vec(&owner).unwrap_or_default();
    // Without the note, undo works as long as the project stays where it is.
    let _ = fs::write(journal.join(OWNER), text);
}

/// A journal whose root is this very folder under a path that is gone.
fn moved(journals: &Path, root: &Path) -> Option<PathBuf> {
    let identity = identity(root)?;
    let folders = fs::read_dir(journals).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    folders.into_iter().find(|folder| {
        Owner::read(folder)
            .is_some_and(|owner| owner.identity == Some(identity) && !owner.path.exists())
    })
}

#[cfg(unix)]
fn identity(root: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::metadata(root).ok()?;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn identity(_root: &Path) -> Option<(u64, u64)> {
    None
}
