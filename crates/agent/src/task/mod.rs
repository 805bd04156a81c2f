//! Work that has a name: a commit's message, a review, an explanation.
//!
//! Each task asks a [`LanguageModel`](mlxcode_models::LanguageModel) for one
//! answer at a time, checks what comes back against what is there, and repairs
//! by rule what can be repaired so. Nothing is written here: what changes files
//! is an [`EditPlan`](mlxcode_edit::EditPlan) that the caller applies.

mod answer;
pub mod batch;
pub mod commit;
pub mod document;
mod edits;
mod error;
pub mod explain;
pub mod fix;
mod leak;
mod near;
mod project_commands;
pub mod review;
pub mod scaffold;
mod text;
mod unified;
pub mod unit_test;
pub mod workflow;

pub use answer::Asker;
pub use error::{TaskError, TaskResult};
pub use leak::{Leak, leaks};
pub use project_commands::test_command;
pub use unified::{DiffFile, DiffHunk, DiffLine, LineKind, split_diff};
