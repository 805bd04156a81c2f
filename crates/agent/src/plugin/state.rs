//! What the user said yes to, and no.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mlxcode_base::{ContentHash, ContentHasher};
use serde::{Deserialize, Serialize};

use super::{PluginError, text};

/// The version of the document.
const FORMAT: u32 = 1;

/// What stands between a file and the name of a part of it.
const PART: &str = "#";

/// How much a plugin may hold: files and bytes. Each is hashed when the
/// plugin is looked at, and copied when it is installed.
pub(super) const MOST_FILES: usize = 5_000;
pub(super) const MOST_BYTES: u64 = 64 << 20;

/// What was approved and what was disabled, in a file that the caller names.
///
/// What is approved is content, not a name: a path with the hash of what lay
/// there. When that changes, the approval is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {
    format: u32,
    /// Paths with the hash of what was approved.
    #[serde(default)]
    approved: BTreeMap<PathBuf, String>,
    /// Names of the user's own plugins that are disabled.
    #[serde(default)]
    disabled: BTreeSet<String>,
}

impl Approvals {
    /// Reads the file; where there is none, nothing is approved.
    ///
    /// # Errors
    /// Where the file is no such document: what was disabled must not come to
    /// life because a file is damaged.
    pub fn read(path: &Path) -> Result<Self, PluginError> {
        if !path.exists() {
            return Ok(Self { format: FORMAT, ..Self::default() });
        }
        let bad =
            |reason: String| PluginError::BadFile { path: path.to_owned(), line: None, reason };
        let state: Self = serde_json::from_value(text::read_json(path)?)
            .map_err(|error| bad(error.to_string()))?;
        if state.format == FORMAT {
            Ok(state)
        } else {
            Err(bad("a newer version wrote it".to_owned()))
        }
    }

    /// Writes the file: a new one beside it takes its place.
    ///
    /// # Errors
    /// Where it cannot be written.
    #[expect(clippy::disallowed_methods, reason = "the file is this module's own")]
    pub fn write(&self, path: &Path) -> Result<(), PluginError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(PluginError::io("make", folder))?;
        }
        let new = path.with_extension(format!("{}.new", std::process::id()));
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        std::fs::write(&new, text).map_err(PluginError::io("write", &new))?;
        std::fs::rename(&new, path).map_err(PluginError::io("replace", path))
    }

    /// Whether what lies at a path is what was approved.
    pub(super) fn holds(&self, path: &Path, hash: &ContentHash) -> Approval {
        match self.approved.get(path) {
            Some(approved) if *approved == hash.to_string() => Approval::Given,
            Some(_) => Approval::Changed,
            None => Approval::Missing,
        }
    }

    /// Whether exactly this content of a file was approved.
    pub fn is_file_approved(&self, path: &Path, content: &[u8]) -> bool {
        self.holds(path, &ContentHash::of(content)) == Approval::Given
    }

    /// Whether something was approved at this place, and it is another thing now.
    pub fn is_file_changed(&self, path: &Path, content: &[u8]) -> bool {
        self.holds(path, &ContentHash::of(content)) == Approval::Changed
    }

    /// Approves the content of a file.
    pub fn approve_file(&mut self, path: &Path, content: &[u8]) {
        self.approve(path, &ContentHash::of(content));
    }

    /// Takes an approval back. Tells whether there was one.
    pub fn revoke(&mut self, path: &Path) -> bool {
        self.approved.remove(path).is_some()
    }

    /// Takes back what was approved of a file and of single parts of it.
    pub fn revoke_parts(&mut self, path: &Path) {
        let whole = path.to_string_lossy().into_owned();
        let part = format!("{whole}{PART}");
        self.approved.retain(|path, _| {
            let path = path.to_string_lossy();
            path != whole && !path.starts_with(&part)
        });
    }

    /// The place of a part of a file, such as one server of several.
    pub fn part(path: &Path, name: &str) -> PathBuf {
        let mut place = path.to_owned().into_os_string();
        place.push(PART);
        place.push(name);
        place.into()
    }

    pub(super) fn approve(&mut self, path: &Path, hash: &ContentHash) {
        self.approved.insert(path.to_owned(), hash.to_string());
    }

    pub(super) fn is_disabled(&self, name: &str) -> bool {
        self.disabled.contains(name)
    }

    pub(super) fn disable(&mut self, name: &str) {
        self.disabled.insert(name.to_owned());
    }

    pub(super) fn enable(&mut self, name: &str) {
        self.disabled.remove(name);
    }
}

/// Whether the user approved something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approval {
    /// He did.
    Given,
    /// He did, and it is another thing now.
    Changed,
    /// He did not.
    Missing,
}

/// The files of a plugin, in order, as they are hashed and copied. Links are
/// not followed and not among them, nor is what git keeps.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, PluginError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    let mut bytes = 0;
    let large = |limit: String| PluginError::TooLarge { folder: folder.to_owned(), limit };
    while let Some(next) = folders.pop() {
        let entries = next.read_dir().map_err(PluginError::io("read", &next))?;
        for entry in entries {
            let entry = entry.map_err(PluginError::io("read", &next))?;
            let path = entry.path();
            let data = path.symlink_metadata().map_err(PluginError::io("read", &path))?;
            if data.is_dir() && entry.file_name() != ".git" {
                folders.push(path);
            } else if data.is_file() {
                bytes += data.len();
                files.push(path);
            }
            if files.len() + folders.len() > MOST_FILES {
                return Err(large(format!("{MOST_FILES} files and folders")));
            }
            if bytes > MOST_BYTES {
                return Err(large(format!("{} MiB", MOST_BYTES >> 20)));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What a plugin is: the hash of its files with their names.
pub(super) fn hash(folder: &Path) -> Result<ContentHash, PluginError> {
    let mut hasher: ContentHasher = ContentHash::hasher();
    for path in files(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let file = std::fs::File::open(&path).map_err(PluginError::io("read", &path))?;
        let content = ContentHash::of_reader(file).map_err(PluginError::io("read", &path))?;
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(content.as_bytes());
    }
    Ok(hasher.finish())
}
