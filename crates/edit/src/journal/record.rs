use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::{ContentHash, RelPath};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::plan::ChangeKind;

/// One change that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JournalEntry {
    /// Its name, for [`Journal::undo`](crate::Journal::undo): counted from one.
    pub id: String,
    /// When it was applied, in milliseconds since 1970, UTC.
    pub applied_at_ms: u64,
    /// Who applied it.
    pub actor: Actor,
    /// Whether it is in force.
    pub state: EntryState,
    /// The files it touched.
    pub files: Vec<JournalFile>,
    /// The folders that were made for them, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<RelPath>,
    /// Which turn it was: every apply, undo and redo of the tree is one.
    #[serde(default)]
    pub turn: u64,
    /// The turn that brought it to its state.
    #[serde(default)]
    pub state_turn: u64,
}

/// Who makes a change: what the journal and the audit log say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Actor {
    /// The command or the program, such as `apply`.
    pub command: String,
    /// The conversation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The model that wrote the edits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Actor {
    /// Somebody who is known by a command alone.
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), ..Self::default() }
    }

    /// The same, with the model that wrote the edits.
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), ..self }
    }

    /// The same, in a conversation.
    pub fn with_session(self, session: impl Into<String>) -> Self {
        Self { session: Some(session.into()), ..self }
    }
}

impl From<&str> for Actor {
    fn from(command: &str) -> Self {
        Self::new(command)
    }
}

/// The model, where there is one, else the command.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.model.as_ref().unwrap_or(&self.command))
    }
}

/// Whether a change is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EntryState {
    /// It is.
    Applied,
    /// It was taken back.
    Undone,
}

impl fmt::Display for EntryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "applied",
            Self::Undone => "undone",
        })
    }
}

/// One file that a change touched. A rename touches two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JournalFile {
    /// The file, below the root.
    pub path: RelPath,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its content before; `None` where there was no file.
    pub hash_before: Option<ContentHash>,
    /// Its content after; `None` where there is no file.
    pub hash_after: Option<ContentHash>,
    /// Its Unix permission bits before; `None` where there was no file, and on
    /// systems without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_before: Option<u32>,
    /// Its Unix permission bits after, where the change is about them too, and
    /// those that a new file had when it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_after: Option<u32>,
    /// Of a content that was moved here: the path that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<RelPath>,
}

/// An entry whose file holds no entry any more.
#[derive(Clone, Debug)]
pub struct Unreadable {
    pub id: String,
    pub path: PathBuf,
    pub reason: String,
}

impl Unreadable {
    pub fn error(&self) -> Error {
        Error::JournalCorrupt { path: self.path.clone(), reason: self.reason.clone() }
    }
}

/// Reads all entries of a folder, oldest first. One that is damaged does not
/// keep the others from being taken back.
pub fn read_all(folder: &Path) -> Result<(Vec<JournalEntry>, Vec<Unreadable>)> {
    let unusable = |source| Error::JournalIo { path: folder.to_owned(), source };
    let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
    for file in fs::read_dir(folder).map_err(unusable)? {
        let path = file.map_err(unusable)?.path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let read = fs::read(&path).map_err(|error| error.to_string());
        let parsed = read.and_then(|bytes| {
            serde_json::from_slice::<JournalEntry>(&bytes).map_err(|error| error.to_string())
        });
        match parsed {
            Ok(entry) => entries.push(entry),
            Err(reason) => {
                let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                unreadable.push(Unreadable { id, path, reason });
            }
        }
    }
    entries.sort_by_key(|entry| entry.id.parse::<u64>().unwrap_or(u64::MAX));
    Ok((entries, unreadable))
}
