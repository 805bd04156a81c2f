//! What `apply`, `edit`, `rename`, `undo`, `redo` and `history` print.

use mlxcode_core::JournalEntry;
use schemars::JsonSchema;
use serde::Serialize;

use super::{FinishedOutput, Source};

/// `apply --json`.
#[derive(Serialize, JsonSchema)]
pub struct ApplyOutput {
    /// Whether the files were written.
    pub applied: bool,
    /// The journal entry, for `undo`; null where nothing was written.
    pub entry: Option<String>,
    /// What changes, file by file.
    pub changes: Vec<ChangeOutput>,
    /// What could not be placed; with any, nothing is written.
    pub refusals: Vec<RefusalOutput>,
    /// Files that hold already what an edit asks for.
    pub already_there: Vec<String>,
}

/// `edit --json`.
#[derive(Serialize, JsonSchema)]
pub struct EditOutput {
    /// The model.
    pub model: String,
    /// Its whole reply.
    pub reply: String,
    /// What came of the edits in it.
    #[serde(flatten)]
    pub outcome: ApplyOutput,
    /// What the model was shown.
    pub sources: Vec<Source>,
    /// How the generation ended.
    pub finished: FinishedOutput,
}

/// One file that changes.
#[derive(Serialize, JsonSchema)]
pub struct ChangeOutput {
    /// The file, below the root.
    pub path: String,
    /// `create`, `modify`, `delete` or `rename`.
    pub kind: String,
    /// The change as a unified diff.
    pub diff: String,
}

/// One block of a reply that could not be placed.
#[derive(Serialize, JsonSchema)]
pub struct RefusalOutput {
    /// Which block of the reply, from one.
    pub block: usize,
    /// The line of the reply that it begins on, from one.
    pub line: usize,
    /// The file it names, as written.
    pub path: String,
    /// A stable name of the reason, such as `edit.no_match`.
    pub code: String,
    /// Why: a sentence that can be sent back to the model.
    pub reason: String,
    /// The place that looks most like it.
    pub nearest: Option<NearestOutput>,
}

/// The nearest match of a refused block.
#[derive(Serialize, JsonSchema)]
pub struct NearestOutput {
    /// The first line in the file, from one.
    pub first_line: usize,
    /// The last line.
    pub last_line: usize,
    /// From 0, nothing alike, to 1, the same.
    pub similarity: f32,
    /// From what was searched for to what is there, as a unified diff.
    pub diff: String,
}

/// `undo --json`.
#[derive(Serialize, JsonSchema)]
pub struct UndoOutput {
    /// The entry that was taken back.
    pub undone: EntryOutput,
}

/// `redo --json`.
#[derive(Serialize, JsonSchema)]
pub struct RedoOutput {
    /// The entry that was applied again.
    pub redone: EntryOutput,
}

/// `history --json`.
#[derive(Serialize, JsonSchema)]
pub struct HistoryOutput {
    /// The entries, newest first.
    pub entries: Vec<EntryOutput>,
    /// The names of entries whose files are damaged.
    pub damaged: Vec<String>,
}

/// One journal entry.
#[derive(Serialize, JsonSchema)]
pub struct EntryOutput {
    /// Its name, for `undo`.
    pub id: String,
    /// When it was applied, in milliseconds since 1970, UTC.
    pub applied_at_ms: u64,
    /// Who applied it.
    pub actor: String,
    /// `applied` or `undone`.
    pub state: String,
    /// The files it touched.
    pub files: Vec<EntryFileOutput>,
}

/// One file of a journal entry.
#[derive(Serialize, JsonSchema)]
pub struct EntryFileOutput {
    /// The file, below the root.
    pub path: String,
    /// `create`, `modify`, `delete` or `rename`.
    pub kind: String,
    /// SHA-256 before; null where the file did not exist.
    pub hash_before: Option<String>,
    /// SHA-256 after; null where the file does not exist.
    pub hash_after: Option<String>,
}

impl EntryOutput {
    /// Describes an entry.
    pub fn new(entry: &JournalEntry) -> Self {
        Self {
            id: entry.id.clone(),
            applied_at_ms: entry.applied_at_ms,
            actor: entry.actor.to_string(),
            state: entry.state.to_string(),
            files: entry
                .files
                .iter()
                .map(|file| EntryFileOutput {
                    path: file.path.to_string(),
                    kind: file.kind.to_string(),
                    hash_before: file.hash_before.map(|hash| hash.to_string()),
                    hash_after: file.hash_after.map(|hash| hash.to_string()),
                })
                .collect(),
        }
    }
}
