//! What happens in a turn of a session.

use std::sync::Arc;

use mlxcode_edit::{ChangeKind, EditPlan, FileChange, Refusal};
use mlxcode_models::{FinishReason, Timings, ToolCall, Usage};
use serde::{Deserialize, Serialize};

use super::ledger::ContextLedger;
use crate::tool::Access;

/// One thing that happens in a turn. As JSON it is an object with a `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The turn begins.
    Started {
        /// Its number in the session, from one.
        turn: u64,
        /// What was said.
        input: String,
    },
    /// What of the code the model is shown.
    Context(ContextLedger),
    /// The conversation did not fit any more, and parts of it went.
    Compacted(Compaction),
    /// More of the answer.
    Text {
        /// The text.
        text: String,
    },
    /// More of what the model thinks before it answers.
    Thinking {
        /// The text.
        text: String,
    },
    /// The model calls a tool.
    ToolCalled {
        /// The call.
        call: ToolCall,
    },
    /// The tool answered, or could not.
    ToolAnswered {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// What the model is told.
        text: String,
        /// Whether the tool did what it was asked.
        ok: bool,
    },
    /// Edits were placed; nothing is written yet.
    Proposed(Proposal),
    /// Somebody has to decide: [`SessionTurn::decide`](super::SessionTurn::decide).
    /// Whoever asks for the next event without having decided says no.
    ApprovalNeeded(Approval),
    /// More of the answer to why something is to be done.
    Explaining {
        /// The text.
        text: String,
    },
    /// It was decided.
    Decided {
        /// The approval's id, or the call's.
        id: String,
        /// Whether it was allowed.
        allowed: bool,
        /// Of edits that were agreed to in part, the files that this is about.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// Who decided: a person, or a rule in words.
        by: String,
    },
    /// Edits were written.
    Applied {
        /// The journal's entry, which takes them back.
        entry: String,
        /// The files.
        files: Vec<String>,
    },
    /// A check of the changed files ran.
    Checked {
        /// What was run.
        check: String,
        /// Whether it found nothing wrong.
        ok: bool,
        /// What it said.
        output: String,
    },
    /// The model is asked again, with what was wrong.
    Repair {
        /// How often in this turn, from one.
        attempt: usize,
        /// What was wrong.
        reason: String,
    },
    /// What one answer of the model took.
    Usage {
        /// Tokens read and written.
        usage: Usage,
        /// How long it took.
        timings: Timings,
        /// Why it ended.
        reason: FinishReason,
    },
    /// Something that the person should know.
    Notice {
        /// A sentence.
        text: String,
    },
    /// A plan to look at; nothing was changed.
    PlanProposed {
        /// The plan, in Markdown.
        plan: String,
    },
    /// Something that happens in a task which the model gave away.
    Task {
        /// The id of the call that began it.
        id: String,
        /// What happens.
        event: Box<Event>,
    },
    /// The end: nothing comes after it.
    Finished {
        /// Why.
        reason: TurnEnd,
        /// The tokens of all answers of the turn.
        usage: Usage,
    },
}

/// Why a turn ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TurnEnd {
    /// It is done.
    Done,
    /// The caller cancelled.
    Cancelled,
    /// Somebody said no to what the turn proposed.
    Declined,
    /// The answer reached its limit of tokens.
    Length,
    /// The turn took as many steps as it may.
    Steps,
    /// The turn took as many tokens as it may.
    Tokens,
    /// The turn took as long as it may.
    Time,
    /// The model did the same again and again.
    Loop,
    /// Edits could not be placed, or checks failed, as often as may be tried.
    Unrepaired,
    /// It failed.
    Failed {
        /// The error's code.
        code: String,
        /// The error's sentence.
        message: String,
    },
}

/// What was done so that a conversation fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compaction {
    /// Tokens before.
    pub before_tokens: usize,
    /// Tokens after.
    pub after_tokens: usize,
    /// Answers of tools that are not told any more.
    pub tool_results: usize,
    /// Messages whose passages of code are not told any more.
    pub passages: usize,
    /// Turns that became a summary.
    pub turns: usize,
    /// The model that summed them up; none where nobody could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summarised_by: Option<String>,
}

/// Edits as they would be applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The approval's id.
    pub id: String,
    /// The files that change.
    pub changes: Vec<ProposedChange>,
    /// Edits that fit nowhere. With one, nothing is applied.
    pub refusals: Vec<String>,
    /// Files that hold an edit's result already.
    pub already_there: Vec<String>,
}

/// A file that would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedChange {
    /// The file.
    pub path: String,
    /// Its new path, where it gets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What happens to it.
    pub kind: ChangeKind,
    /// A unified diff.
    pub diff: String,
    /// What the file would hold, where that is text; not written down.
    #[serde(skip)]
    pub after: Option<Arc<str>>,
}

impl Proposal {
    pub(super) fn of(id: String, plan: &EditPlan) -> Self {
        let change = |change: &FileChange| ProposedChange {
            path: change.path.to_string(),
            to: change.to.as_ref().map(ToString::to_string),
            kind: change.kind,
            diff: change.diff().to_string(),
            after: change.after().map(Arc::from),
        };
        Self {
            id,
            changes: plan.changes().iter().map(change).collect(),
            refusals: plan.refusals().iter().map(told).collect(),
            already_there: plan.already_there().iter().map(|one| one.path.clone()).collect(),
        }
    }
}

/// A refusal in words, as a person and a model read it.
pub(super) fn told(refusal: &Refusal) -> String {
    let place = format!("block {}", refusal.block);
    let mut text = match refusal.path.as_str() {
        "" => format!("{place}: {}", refusal.reason),
        path => format!("{place}, {path}: {}", refusal.reason),
    };
    if let Some(nearest) = &refusal.nearest {
        text.push_str(&format!(
            "; nearest are lines {} ({:.0} % alike):\n{}",
            nearest.range,
            nearest.similarity * 100.0,
            nearest.diff
        ));
    }
    text
}

/// What somebody has to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id: that of the proposal, or of the call.
    pub id: String,
    /// What is to be done, in a line.
    pub what: String,
    /// Why it is asked.
    pub why: String,
    /// What it would touch.
    pub access: Access,
}

/// A part of a file's change that is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOfFile {
    /// The file.
    pub path: String,
    /// What of its change is applied.
    pub part: FilePart,
}

impl PartOfFile {
    /// Whether something of the change of this file is applied.
    pub(super) fn is_of(&self, path: &str) -> bool {
        let takes = !matches!(&self.part, FilePart::Hunks(taken) if !taken.contains(&true));
        takes && self.path == path
    }
}

/// What of a file's change is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilePart {
    /// All of it.
    Whole,
    /// The hunks of its diff for which it says yes, in their order.
    Hunks(Vec<bool>),
    /// Another content, which somebody wrote in its place.
    Text(String),
}

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Do it.
    Yes,
    /// Do it, and do not ask for its like again in this session.
    Always,
    /// Of edits: apply those of these files only.
    Only(Vec<String>),
    /// Of edits: apply these parts only. The model is told which.
    Parts(Vec<PartOfFile>),
    /// As `Parts`, and the model is told why not the rest.
    PartsBecause(Vec<PartOfFile>, String),
    /// Tell why it is to be done. The same is asked again after the answer.
    Why(Option<String>),
    /// Do not, and end the turn.
    No,
    /// Do not, and tell the model why.
    Because(String),
}
