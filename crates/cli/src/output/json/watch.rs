//! What `watch` prints.

use mlxcode_core::{IndexedChange, PollReason, WatchEvent};
use schemars::JsonSchema;
use serde::Serialize;

/// `watch --json`: one a line.
#[derive(Serialize, JsonSchema)]
pub struct WatchOutput {
    /// `ready`, `changed`, `polling` or `failed`.
    pub event: String,
    /// The files that changed since the event before; of `ready`, since the
    /// index was last updated.
    pub files: Vec<ChangedFileOutput>,
    /// Of `polling`, why: `watch_limit`, `unavailable`, or the type of the file
    /// system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of `failed`, what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A file that changed.
#[derive(Serialize, JsonSchema)]
pub struct ChangedFileOutput {
    /// The file, below the root.
    pub path: String,
    /// `added`, `changed` or `removed`.
    pub change: String,
}

impl WatchOutput {
    /// Describes an event.
    pub fn new(event: &WatchEvent) -> Self {
        let (word, updated, reason, error) = match event {
            WatchEvent::Ready(updated) => ("ready", Some(updated), None, None),
            WatchEvent::Changed(updated) => ("changed", Some(updated), None, None),
            WatchEvent::Polling(reason) => ("polling", None, Some(reason), None),
            WatchEvent::Failed(error) => ("failed", None, None, Some(error)),
            _ => ("other", None, None, None),
        };
        let files = updated.map(|updated| updated.files.as_slice()).unwrap_or_default();
        let file = |(path, change): &(_, IndexedChange)| ChangedFileOutput {
            path: ToString::to_string(path),
            change: change_word(*change).to_owned(),
        };
        let reason = reason.map(|reason| match reason {
            PollReason::WatchLimit => "watch_limit".to_owned(),
            PollReason::FileSystem(kind) => kind.clone(),
            _ => "unavailable".to_owned(),
        });
        Self {
            event: word.to_owned(),
            files: files.iter().map(file).collect(),
            reason,
            error: error.map(ToString::to_string),
        }
    }
}

/// The word for what happened to a file.
pub fn change_word(change: IndexedChange) -> &'static str {
    match change {
        IndexedChange::Added => "added",
        IndexedChange::Changed => "changed",
        IndexedChange::Removed => "removed",
    }
}
