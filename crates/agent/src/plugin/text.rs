//! Files of a plugin, read within bounds, and paths that stay inside.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use mlxcode_base::{RelPath, Root};

use super::{PluginError, PluginProblem};

/// How much of a file is read. The longest published ones have 100 KiB.
const MOST_BYTES: u64 = 512 << 10;

/// How many entries of a folder are looked at.
const MOST_ENTRIES: usize = 1_000;

/// Reads a text. What is longer, or no UTF-8, is an error, as is what is no
/// plain file: a pipe would never end.
pub(super) fn read(path: &Path) -> Result<String, PluginError> {
    let bad = |reason: String| PluginError::BadFile { path: path.to_owned(), line: None, reason };
    let io = |error| PluginError::io("read", path)(error);
    if !path.metadata().map_err(io)?.is_file() {
        return Err(bad("it is no plain file".to_owned()));
    }
    let io = |error| PluginError::io("read", path)(error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    let io = |error| PluginError::io("read", path)(error);
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(bad(format!("it is longer than {} KiB", MOST_BYTES >> 10)));
    }
    String::from_utf8(bytes).map_err(|_| bad("it is no UTF-8".to_owned()))
}

/// Reads a JSON document.
pub(super) fn read_json(path: &Path) -> Result<serde_json::Value, PluginError> {
    let text = read(path)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    serde_json::from_str(text).map_err(|error| PluginError::BadFile {
        path: path.to_owned(),
        line: Some(error.line()),
        reason: error.to_string(),
    })
}

/// The entries of a folder, by name; none where it is not there.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(read) = folder.read_dir() else { return Vec::new() };
    let mut paths: Vec<_> =
        read.take(MOST_ENTRIES).filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// A path that a manifest names, below the plugin's folder and not out of it
/// by a link either.
pub(super) fn inside(root: &Root, named: &str) -> Option<PathBuf> {
    let named = named.strip_prefix("./").unwrap_or(named).trim_end_matches('/');
    if named.is_empty() || named == "." {
        return Some(root.path().to_owned());
    }
    root.resolve(&RelPath::new(named).ok()?).ok()
}

/// Whether what lies there stays below the root when links are followed.
pub(super) fn is_inside(root: &Root, path: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path.starts_with(root.path()))
}

/// An error as a remark about a plugin that is sound otherwise.
pub(super) fn problem(error: &PluginError) -> PluginProblem {
    match error {
        PluginError::BadFile { path, line, reason } => {
            PluginProblem { path: path.clone(), line: *line, text: reason.clone() }
        }
        PluginError::Io { action, path, source } => PluginProblem {
            path: path.clone(),
            line: None,
            text: format!("cannot {action} it: {source}"),
        },
        other => PluginProblem { path: PathBuf::new(), line: None, text: other.to_string() },
    }
}
