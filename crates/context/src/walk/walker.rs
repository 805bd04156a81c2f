//! Walks a tree for those who search its files as they are come by, and for
//! those who want its folders alone.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ignore::{DirEntry, WalkBuilder};
use mlxcode_base::{CancelToken, Root};

use super::rules::{OWN_RULES, excluded, has_plain_rules};
use super::shown::is_shown;
use super::{WalkOptions, threads};
use crate::error::{Error, Result};

/// The folders below `root` that its rules let through.
pub fn folders(
    root: &Root,
    options: &WalkOptions,
    cancel: &CancelToken,
) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in walker(root, options, Arc::default())?.build() {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        // One that cannot be read is not watched.
        let folder = entry.ok().filter(|one| one.file_type().is_some_and(|kind| kind.is_dir()));
        found.extend(folder.map(DirEntry::into_path));
    }
    Ok(found)
}

/// Walks by the rules; counts the folders whose rules cannot be read.
pub fn walker(
    root: &Root,
    options: &WalkOptions,
    refused: Arc<AtomicUsize>,
) -> Result<WalkBuilder> {
    if !has_plain_rules(root.path()) {
        return Err(Error::BadRules { folder: root.path().to_owned() });
    }
    let mut builder = WalkBuilder::new(root.path());
    // What the user's rules name is seen from the tree.
    builder.current_dir(root.path());
    for rules in &options.rules {
        // One that cannot be read holds no rules.
        let _ = builder.add_ignore(rules);
    }
    let excluded = excluded(root, options)?;
    builder
        .add_custom_ignore_filename(OWN_RULES)
        .hidden(false)
        .require_git(false)
        // The user's own rules lie in the home folder, which is not ours.
        .git_global(false)
        .threads(threads())
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            if is_folder && !has_plain_rules(entry.path()) {
                refused.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            let shown = entry.depth() == 0 || is_shown(entry.file_name(), is_folder);
            shown && !excluded.matched(entry.path(), is_folder).is_ignore()
        });
    Ok(builder)
}
