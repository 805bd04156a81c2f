//! The folders of a tree that are not ignored.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mlxcode_base::{CancelToken, Root};

use crate::error::Result;
use crate::walk::{WalkOptions, folders};

/// All of them, the root first.
pub fn watched(
    root: &Root,
    options: &WalkOptions,
    cancel: &CancelToken,
) -> Result<BTreeSet<PathBuf>> {
    let mut found = folders(root, options, cancel)?;
    found.insert(root.path().to_owned());
    Ok(found)
}
