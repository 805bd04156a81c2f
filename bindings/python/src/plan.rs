//! A change before it is written.

use std::sync::{Mutex, PoisonError};

use mlxcode_core as core;
use pyo3::prelude::*;

/// Where the edits of a reply belong. Nothing is written yet.
#[pyclass(frozen, module = "mlx_code")]
pub struct Plan(pub Mutex<core::EditPlan>);

#[pymethods]
impl Plan {
    /// What changes, file by file.
    #[getter]
    fn changes(&self) -> Vec<Change> {
        self.read(|plan| plan.changes().iter().map(Change::from).collect())
    }

    /// The edits that fit nowhere. With any, the plan cannot be applied.
    #[getter]
    fn refusals(&self) -> Vec<Refusal> {
        self.read(|plan| plan.refusals().iter().map(Refusal::from).collect())
    }

    /// Files that hold already what an edit asks for.
    #[getter]
    fn already_there(&self) -> Vec<String> {
        self.read(|plan| plan.already_there().iter().map(|one| one.path.clone()).collect())
    }

    /// Whether there is something to write and nothing was refused.
    #[getter]
    fn is_applicable(&self) -> bool {
        self.read(core::EditPlan::is_applicable)
    }

    /// Drops the changes of all files but these.
    fn keep(&self, paths: Vec<String>) {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plan.keep(|change| paths.iter().any(|path| path == change.path.as_str()));
    }

    fn __repr__(&self) -> String {
        self.read(|plan| {
            format!("Plan({} changes, {} refusals)", plan.changes().len(), plan.refusals().len())
        })
    }
}

impl Plan {
    pub fn read<T>(&self, look: impl FnOnce(&core::EditPlan) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One file that changes.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct Change {
    /// The file, below the root.
    path: String,
    /// `create`, `modify`, `delete` or `rename`.
    kind: String,
    /// The change as a unified diff.
    diff: String,
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

/// One edit of a reply that fits nowhere.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct Refusal {
    /// Which edit of the reply, from one.
    block: usize,
    /// The line of the reply that it begins on, from one.
    line: usize,
    /// The file it names, as written.
    path: String,
    /// A stable name of the reason, such as `edit.no_match`.
    code: &'static str,
    /// Why: a sentence that can be sent back to the model.
    reason: String,
    /// From what was searched for to the place most like it, as a unified diff.
    nearest: Option<String>,
}

impl From<&core::Refusal> for Refusal {
    fn from(refusal: &core::Refusal) -> Self {
        Self {
            block: refusal.block,
            line: refusal.line,
            path: refusal.path.clone(),
            code: refusal.reason.code(),
            reason: refusal.reason.to_string(),
            nearest: refusal.nearest.as_ref().map(|nearest| nearest.diff.to_string()),
        }
    }
}
