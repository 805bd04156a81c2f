//! What a workflow may do, what it tells, and what came of it.

use serde::Serialize;

/// What a workflow may do without anybody being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Permission {
    /// Change files.
    Edit,
    /// Run commands.
    Run,
    /// Commit.
    Commit,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Edit, Self::Run, Self::Commit];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Run => "run",
            Self::Commit => "commit",
        }
    }
}

/// How a workflow runs.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WorkflowOptions {
    /// What it may do.
    pub allow: Vec<Permission>,
    /// Values in the place of the workflow's own.
    pub variables: Vec<(String, String)>,
    /// Whether hooks run where it commits.
    pub run_hooks: bool,
    /// Whether the model is on another machine: secrets stop it then.
    pub remote: bool,
}

/// What happens on the way.
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkflowEvent<'e> {
    /// A step begins.
    Begins {
        /// Its title.
        title: &'e str,
        /// Of a list, what it is done for.
        item: Option<&'e str>,
    },
    /// A step ended.
    Ended(&'e StepReport),
}

/// What came of a workflow.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WorkflowReport {
    /// Whether all went well.
    pub ok: bool,
    /// The steps that were come to, in order.
    pub steps: Vec<StepReport>,
    /// The journal's entries, oldest first: what takes the changes back.
    pub entries: Vec<String>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// Its title.
    pub title: String,
    /// The line of the file that it begins on.
    pub line: usize,
    /// Of a list, what it was done for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How it ended.
    pub status: StepStatus,
    /// What it said, in a line.
    pub summary: String,
    /// All that it said.
    pub output: String,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepStatus {
    /// It did what it should.
    Done,
    /// Its condition did not hold, or its list was empty.
    Skipped,
    /// It failed, and nothing comes after it.
    Failed,
    /// It failed, as it may.
    FailedAllowed,
}
