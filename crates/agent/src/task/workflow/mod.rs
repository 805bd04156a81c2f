//! Steps that run one after another, unattended.

mod act;
mod read;
mod report;
mod run;
mod step;
#[cfg(test)]
mod tests;
mod values;

use std::path::Path;

use super::error::TaskResult;

pub use report::{
    Permission, StepReport, StepStatus, WorkflowEvent, WorkflowOptions, WorkflowReport,
};
pub use run::{Workbench, run_workflow};
pub use step::{Action, Step};

/// A list of steps that a person wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workflow {
    /// What it does, in a sentence.
    pub description: String,
    /// Values with names, which a caller may replace.
    pub variables: Vec<(String, String)>,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Workflow {
    /// Reads a workflow. `path` stands in errors alone.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line: a key that does not exist
    /// and what may be meant, a step without an action, an expression that
    /// cannot be read, a name that nothing defines.
    pub fn read(path: &Path, text: &str) -> TaskResult<Self> {
        read::read(path, text)
    }
}
