//! A change before it is written.

use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_core as core;
use napi_derive::napi;

/// Where the edits of a reply belong. Nothing is written yet.
#[napi]
pub struct Plan(pub(crate) Arc<Mutex<core::EditPlan>>);

/// One file that changes.
#[napi(object)]
pub struct Change {
    /// The file, below the root.
    pub path: String,
    /// `create`, `modify`, `delete` or `rename`.
    pub kind: String,
    /// The change as a unified diff.
    pub diff: String,
}

/// One edit of a reply that fits nowhere.
#[napi(object)]
pub struct Refusal {
    /// Which edit of the reply, from one.
    pub block: u32,
    /// The line of the reply that it begins on, from one.
    pub line: u32,
    /// The file it names, as written.
    pub path: String,
    /// A stable name of the reason, such as `edit.no_match`.
    pub code: String,
    /// Why: a sentence that can be sent back to the model.
    pub reason: String,
    /// From what was searched for to the place most like it, as a unified diff.
    pub nearest: Option<String>,
}

#[napi]
impl Plan {
    /// What changes, file by file.
    #[napi(getter)]
    pub fn changes(&self) -> Vec<Change> {
        self.read(|plan| plan.changes().iter().map(Change::from).collect())
    }

    /// The edits that fit nowhere. With any, the plan cannot be applied.
    #[napi(getter)]
    pub fn refusals(&self) -> Vec<Refusal> {
        self.read(|plan| plan.refusals().iter().map(Refusal::from).collect())
    }

    /// Files that hold already what an edit asks for.
    #[napi(getter)]
    pub fn already_there(&self) -> Vec<String> {
        self.read(|plan| plan.already_there().iter().map(|one| one.path.clone()).collect())
    }

    /// Whether there is something to write and nothing was refused.
    #[napi(getter)]
    pub fn is_applicable(&self) -> bool {
        self.read(core::EditPlan::is_applicable)
    }

    /// Drops the changes of all files but these.
    #[napi]
    pub fn keep(&self, paths: Vec<String>) {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plan.keep(|change| paths.iter().any(|path| path == change.path.as_str()));
    }
}

impl Plan {
    pub(crate) fn new(plan: core::EditPlan) -> Self {
        Self(Arc::new(Mutex::new(plan)))
    }

    fn read<T>(&self, look: impl FnOnce(&core::EditPlan) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<&core::FileChange> for Change {
    fn from(change: &core::FileChange) -> Self {
        Self {
            path: change.path.to_string(),
            kind: change.kind.to_string(),
            diff: change.diff().to_string(),
        }
    }
}

impl From<&core::Refusal> for Refusal {
    fn from(refusal: &core::Refusal) -> Self {
        Self {
            block: refusal.block as u32,
            line: refusal.line as u32,
            path: refusal.path.clone(),
            code: refusal.reason.code().to_owned(),
            reason: refusal.reason.to_string(),
            nearest: refusal.nearest.as_ref().map(|nearest| nearest.diff.to_string()),
        }
    }
}
