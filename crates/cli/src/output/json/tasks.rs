//! What the verbs of named work print.

use std::collections::BTreeMap;

use mlxcode_core::task::{
    BatchState, BatchStatus, CommitProposal, Finding, FixReport, ProjectTemplate, ReviewReport,
    Workflow, WorkflowReport,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApplyOutput, Source};

/// `commit --json`.
#[derive(Serialize, JsonSchema)]
pub struct CommitOutput {
    /// The model.
    pub model: String,
    /// The message's first line.
    pub subject: String,
    /// The rest of the message; empty where there is none.
    pub body: String,
    /// What was put right by rule.
    pub repairs: Vec<String>,
    /// What the repository's own messages have in common, as rules.
    pub rules: Vec<String>,
    /// Rules that the message breaks all the same.
    pub faults: Vec<String>,
    /// The staged files, each in few words.
    pub files: Vec<String>,
    /// What looks like a secret, `path:line: kind`.
    pub secrets: Vec<String>,
    /// Files that were summed up first, because the change is long.
    pub summarised: usize,
    /// The new commit; null where nothing was committed.
    pub commit: Option<String>,
}

impl CommitOutput {
    /// Describes a proposal.
    pub fn new(model: &str, proposal: &CommitProposal, commit: Option<String>) -> Self {
        let secrets = proposal.leaks.iter();
        Self {
            model: model.to_owned(),
            subject: proposal.message.subject.clone(),
            body: proposal.message.body.clone(),
            repairs: proposal.message.repairs.clone(),
            rules: proposal.style.rules(),
            faults: proposal.faults.clone(),
            files: proposal.files.clone(),
            secrets: secrets
                .map(|one| format!("{}:{}: {}", one.path, one.line, one.kind))
                .collect(),
            summarised: proposal.summarised,
            commit,
        }
    }
}

/// `review --json`.
#[derive(Serialize, JsonSchema)]
pub struct ReviewOutput {
    /// The model.
    pub model: String,
    /// What it found, by place.
    pub findings: Vec<FindingOutput>,
    /// Files that were looked at.
    pub files: usize,
    /// Files that were not: binary, generated or gone.
    pub skipped: Vec<String>,
    /// Findings that were moved to the line that they mean.
    pub moved: usize,
    /// Findings about lines that were not shown.
    pub dropped: usize,
    /// Findings that said what another one says.
    pub joined: usize,
    /// Fixes that were left out because they do not fit.
    pub unsure_fixes: usize,
    /// Answers that could not be read.
    pub unread: usize,
    /// Parts that the whole was cut into.
    pub parts: usize,
    /// The posted review's page; null where nothing was posted.
    pub posted: Option<String>,
}

/// One finding of a review.
#[derive(Serialize, JsonSchema)]
pub struct FindingOutput {
    /// The file.
    pub path: String,
    /// The first line, after the change.
    pub line: usize,
    /// The last line.
    pub last_line: usize,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// What it is, in a few words.
    pub title: String,
    /// Why it matters.
    pub explanation: String,
    /// An edit block that mends it, for `apply`; null where none is sure.
    pub edit: Option<String>,
}

impl FindingOutput {
    fn new(finding: &Finding) -> Self {
        Self {
            path: finding.path.clone(),
            line: finding.line,
            last_line: finding.last_line,
            severity: finding.severity.as_str().to_owned(),
            title: finding.title.clone(),
            explanation: finding.explanation.clone(),
            edit: finding.suggestion.as_ref().map(|one| one.edit.clone()),
        }
    }
}

impl ReviewOutput {
    /// Describes a report.
    pub fn new(model: &str, report: &ReviewReport, posted: Option<String>) -> Self {
        Self {
            model: model.to_owned(),
            findings: report.findings.iter().map(FindingOutput::new).collect(),
            files: report.files,
            skipped: report.skipped.clone(),
            moved: report.moved,
            dropped: report.dropped,
            joined: report.joined,
            unsure_fixes: report.unsure_fixes,
            unread: report.unread,
            parts: report.parts,
            posted,
        }
    }
}

/// `explain --json`.
#[derive(Serialize, JsonSchema)]
pub struct ExplainOutput {
    /// The model.
    pub model: String,
    /// The text.
    pub explanation: String,
    /// What the model was shown beside the piece itself.
    pub sources: Vec<Source>,
}

/// `document --json`.
#[derive(Serialize, JsonSchema)]
pub struct DocumentOutput {
    /// The model.
    pub model: String,
    /// The symbols that get a comment.
    pub added: Vec<String>,
    /// Symbols that get none, and why.
    pub left_out: Vec<String>,
    /// What came of the change.
    #[serde(flatten)]
    pub outcome: ApplyOutput,
}

/// `test --json`.
#[derive(Serialize, JsonSchema)]
pub struct TestOutput {
    /// The model.
    pub model: String,
    /// The framework, such as `pytest`.
    pub framework: String,
    /// The file that holds the tests.
    pub path: String,
    /// How many tests are new.
    pub tests: usize,
    /// Libraries that they use and the project does not name.
    pub missing: Vec<String>,
    /// The command that runs them, as arguments.
    pub command: Vec<String>,
    /// What came of the change.
    #[serde(flatten)]
    pub outcome: ApplyOutput,
}

/// `scaffold --json` with a template.
#[derive(Serialize, JsonSchema)]
pub struct ScaffoldOutput {
    /// The template.
    pub template: String,
    /// The value of each variable.
    pub values: BTreeMap<String, String>,
    /// What to do next, a command a line.
    pub next: Vec<String>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: ApplyOutput,
}

/// `scaffold --json` without a template.
#[derive(Serialize, JsonSchema)]
pub struct TemplatesOutput {
    /// The templates, by name.
    pub templates: Vec<TemplateOutput>,
}

/// One template.
#[derive(Serialize, JsonSchema)]
pub struct TemplateOutput {
    /// Its name.
    pub name: String,
    /// What it makes.
    pub description: String,
    /// Whether it comes with the program.
    pub built_in: bool,
    /// Its variables.
    pub variables: Vec<String>,
}

impl TemplatesOutput {
    /// Describes templates.
    pub fn new(templates: &[ProjectTemplate]) -> Self {
        let one = |template: &ProjectTemplate| TemplateOutput {
            name: template.name.clone(),
            description: template.description.clone(),
            built_in: template.is_built_in,
            variables: template.variables.iter().map(|one| one.name.clone()).collect(),
        };
        Self { templates: templates.iter().map(one).collect() }
    }
}

/// `fix --json`.
#[derive(Serialize, JsonSchema)]
pub struct FixOutput {
    /// The model.
    pub model: String,
    /// The command.
    pub command: String,
    /// Why it ended: `green`, `no_change`, `repeats`, `steps` or `declined`.
    pub end: String,
    /// How often the command ran.
    pub runs: usize,
    /// Answers of the model.
    pub answers: usize,
    /// The files that changed.
    pub files: Vec<String>,
    /// The journal's entries, oldest first, for `undo`.
    pub entries: Vec<String>,
    /// What the command said last.
    pub output: String,
}

impl FixOutput {
    /// Describes a report.
    pub fn new(model: &str, report: &FixReport) -> Self {
        Self {
            model: model.to_owned(),
            command: report.command.clone(),
            end: word(&report.end),
            runs: report.runs,
            answers: report.answers,
            files: report.files.iter().map(ToString::to_string).collect(),
            entries: report.entries.clone(),
            output: report.output.clone(),
        }
    }
}

/// `batch --json`.
#[derive(Serialize, JsonSchema)]
pub struct BatchOutput {
    /// The model.
    pub model: String,
    /// What became of each file.
    pub files: Vec<BatchFileOutput>,
}

/// One file of a batch.
#[derive(Serialize, JsonSchema)]
pub struct BatchFileOutput {
    /// The file.
    pub path: String,
    /// `changed`, `proposed`, `unchanged`, `declined`, `failed` or `pending`.
    pub status: String,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
    /// The journal's entry, for `undo`.
    pub entry: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
}

impl BatchOutput {
    /// Describes a state.
    pub fn new(model: &str, state: &BatchState) -> Self {
        let files = state.files.iter().map(|file| {
            let mut one = BatchFileOutput {
                path: file.path.to_string(),
                status: String::new(),
                added: 0,
                removed: 0,
                entry: None,
                reason: None,
            };
            let status = match &file.status {
                BatchStatus::Changed { added, removed, entry, .. } => {
                    (one.added, one.removed) = (*added, *removed);
                    one.entry = Some(entry.clone());
                    "changed"
                }
                BatchStatus::Proposed { added, removed } => {
                    (one.added, one.removed) = (*added, *removed);
                    "proposed"
                }
                BatchStatus::Failed { reason } => {
                    one.reason = Some(reason.clone());
                    "failed"
                }
                BatchStatus::Unchanged => "unchanged",
                BatchStatus::Declined => "declined",
                _ => "pending",
            };
            status.clone_into(&mut one.status);
            one
        });
        Self { model: model.to_owned(), files: files.collect() }
    }
}

/// `workflow --json`.
#[derive(Serialize, JsonSchema)]
pub struct WorkflowOutput {
    /// Whether all went well.
    pub ok: bool,
    /// The steps that were come to; with `--check`, all, as `not_run`.
    pub steps: Vec<StepOutput>,
    /// The journal's entries, oldest first, for `undo`.
    pub entries: Vec<String>,
}

/// One step of a workflow.
#[derive(Serialize, JsonSchema)]
pub struct StepOutput {
    /// Its title.
    pub title: String,
    /// The line of the file that it begins on.
    pub line: usize,
    /// Of a list, what it was done for.
    pub item: Option<String>,
    /// `done`, `skipped`, `failed`, `failed_allowed`; `not_run` with `--check`.
    pub status: String,
    /// What it said, in a line.
    pub summary: String,
    /// All that it said.
    pub output: String,
}

impl WorkflowOutput {
    /// Describes a report.
    pub fn new(report: &WorkflowReport) -> Self {
        let steps = report.steps.iter().map(|step| StepOutput {
            title: step.title.clone(),
            line: step.line,
            item: step.item.clone(),
            status: word(&step.status),
            summary: step.summary.clone(),
            output: step.output.clone(),
        });
        Self { ok: report.ok, steps: steps.collect(), entries: report.entries.clone() }
    }

    /// Describes a workflow that was only read.
    pub fn checked(workflow: &Workflow) -> Self {
        let steps = workflow.steps.iter().map(|step| StepOutput {
            title: step.title(),
            line: step.line,
            item: None,
            status: "not_run".to_owned(),
            summary: String::new(),
            output: String::new(),
        });
        Self { ok: true, steps: steps.collect(), entries: Vec::new() }
    }
}

/// The word that stands for a case.
fn word(of: &impl Serialize) -> String {
    serde_json::to_value(of)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
