//! The workspace's source files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ignore::WalkBuilder;
use syn::Attribute;

/// Folders whose files are data, not source: what tests read, what tools make.
const DATA: [&str; 7] =
    [".git", "target", "node_modules", ".venv", "fixtures", "cases", "snapshots"];

/// The files below `folder` that end in one of `extensions`, sorted. Ignored
/// files and folders of data are left out.
pub fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let walk = WalkBuilder::new(folder)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| {
            let is_data = DATA.iter().any(|name| entry.file_name() == OsStr::new(name));
            entry.depth() == 0 || !(is_data && entry.file_type().is_some_and(|kind| kind.is_dir()))
        })
        .build();
    for entry in walk {
        let entry = entry.with_context(|| format!("cannot walk {}", folder.display()))?;
        let extension = entry.path().extension().and_then(OsStr::to_str).unwrap_or_default();
        if extensions.contains(&extension) && entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a text file.
pub fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Whether a folder called `name` stands in the path, below the root.
pub fn is_in(file: &Path, name: &str) -> bool {
    file.parent().is_some_and(|folder| folder.iter().any(|part| part == name))
}

/// Whether the attributes keep an item for tests alone.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}
