//! The documents that `--json` prints: one type a verb, its schema in
//! `docs/schemas/`. These are promises to programs: fields are added, never
//! renamed.

mod audit;
mod code;
mod config;
mod context;
mod convert;
mod edits;
mod fit;
mod forge;
mod hardware;
mod library;
mod models;
mod offers;
mod own_words;
mod plugins;
mod print;
mod pulls;
mod route;
mod search;
mod secret;
mod sessions;
mod tasks;
mod upkeep;
mod watch;

use mlxcode_core::{
    Error, ErrorKind, Finished, LikelyToken, LineRange, PackedContext, Passage, Skipped, Token,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::{Outcome, written};
use crate::host::Host;

pub use audit::{AuditOutput, AuditRecordOutput, AuditVerifyOutput};
pub use code::{
    CalleesOutput, DefinitionOutput, DefinitionsOutput, EdgeOutput, GraphOutput, MapOutput,
    NodeOutput, OutlineOutput, OutsideOutput, ReferenceOutput, ReferencesOutput, SymbolOutput,
    UnusedOutput,
};
pub use config::{ConfigFileOutput, ConfigListOutput, ConfigValueOutput};
pub use context::{ContextOutput, CursorOutput, LeftOutOutput, PieceOutput};
pub use convert::ConvertOutput;
pub use edits::{
    ApplyOutput, ChangeOutput, EditOutput, EntryOutput, HistoryOutput, NearestOutput, RedoOutput,
    RefusalOutput, UndoOutput,
};
pub use fit::{FitOutput, PsOutput};
pub use forge::{IssueOutput, PullRequestOutput};
pub use hardware::HardwareOutput;
pub use library::{
    AliasesOutput, CatalogueOutput, CompareOutput, ExportedOutput, ImportedOutput,
    ModelStatsOutput, RecommendOutput, RecordOutput, SearchOutput, StatsOutput,
};
pub use models::{ModelFileOutput, ModelOutput, ModelsOutput, RemovedOutput};
pub use offers::OffersOutput;
pub use own_words::{
    CommandRowOutput, CommandsOutput, ProjectPromptsOutput, PromptFoldersOutput, PromptOutput,
    PromptRowOutput, PromptsOutput, TopicOutput, TopicsOutput,
};
pub use plugins::{
    McpApprovalOutput, McpCallOutput, McpEntryOutput, McpListOutput, McpStatusOutput,
    McpTestOutput, McpToolRowOutput, McpToolsOutput, PluginListOutput, PluginOutput,
    PluginRowOutput,
};
pub use print::PrintOutput;
pub use pulls::{PullOutput, PullsOutput};
pub use route::{RouteOutput, Routed, RoutesOutput};
pub use search::{HitsOutput, IndexOutput};
pub use secret::{SecretListOutput, SecretOutput, SecretRowOutput, UnreachableOutput};
pub use sessions::{
    SessionExportedOutput, SessionHitsOutput, SessionOutput, SessionRecordOutput,
    SessionShowOutput, SessionsDeletedOutput, SessionsOutput, SessionsRepairOutput,
    WorkStatsOutput,
};
pub use tasks::{
    BatchOutput, CommitOutput, DocumentOutput, ExplainOutput, FixOutput, ReviewOutput,
    ScaffoldOutput, TemplatesOutput, TestOutput, WorkflowOutput,
};
pub use upkeep::{
    DiskModelOutput, DiskOutput, DuplicateOutput, GcFailedOutput, GcItemOutput, GcOutput,
    RepairOutput, RepairedFileOutput, VerifyAllOutput, VerifyCheckOutput, VerifyOutput,
};
pub use watch::{WatchOutput, change_word};

/// Prints one document on a line of its own.
pub fn write_line(host: &mut Host<'_>, document: &impl Serialize) -> Outcome<()> {
    let text = serde_json::to_string(document).unwrap_or_default();
    written(writeln!(host.output, "{text}"))
}

/// Prints one document, indented, with a final line end.
pub fn write(host: &mut Host<'_>, document: &impl Serialize) -> Outcome<()> {
    let text = serde_json::to_string_pretty(document).unwrap_or_else(|error| {
        // Only a map with keys that are no strings fails; there is none.
        format!("{{\"error\": {{\"message\": \"{error}\"}}}}")
    });
    written(writeln!(host.output, "{text}"))
}

/// What is printed in place of any document when a command fails.
#[derive(Serialize, JsonSchema)]
pub struct ErrorOutput {
    /// The error.
    pub error: ErrorBody,
}

/// An error as a program reads it.
#[derive(Serialize, JsonSchema)]
pub struct ErrorBody {
    /// The class, such as `not_found`.
    pub kind: String,
    /// A stable name, such as `models.not_found`.
    pub code: String,
    /// What went wrong, for people.
    pub message: String,
    /// What led to it, nearest first.
    pub causes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl ErrorOutput {
    /// Describes arguments that are wrong, as clap says it.
    pub fn usage(text: &str) -> Self {
        let mut parts = text.trim().splitn(2, '\n');
        let message = parts.next().unwrap_or_default().trim_start_matches("error: ");
        let help = parts.next().map(str::trim).filter(|rest| !rest.is_empty());
        Self {
            error: ErrorBody {
                kind: ErrorKind::InvalidInput.to_string(),
                code: "input.usage".to_owned(),
                message: message.to_owned(),
                causes: Vec::new(),
                help: help.map(str::to_owned),
            },
        }
    }

    /// Describes `error`.
    pub fn new(error: &Error) -> Self {
        Self {
            error: ErrorBody {
                kind: error.kind().to_string(),
                code: error.code().to_owned(),
                message: error.to_string(),
                causes: error.causes(),
                help: error.help(),
            },
        }
    }
}

/// `ask --json`.
#[derive(Serialize, JsonSchema)]
pub struct AskOutput {
    /// The question as asked.
    pub question: String,
    /// The model that answered; null where passages stand for the answer.
    pub model: Option<String>,
    /// The answer; null without a model.
    pub answer: Option<String>,
    /// What the answer rests on.
    pub sources: Vec<Source>,
    /// Files that were not read.
    pub skipped: SkippedOutput,
    /// How the generation ended; null without a model.
    pub finished: Option<FinishedOutput>,
}

/// A passage of the code.
#[derive(Serialize, JsonSchema)]
pub struct Source {
    /// The file, below the root.
    pub path: String,
    /// The first line, from one.
    pub first_line: usize,
    /// The last line, itself inside.
    pub last_line: usize,
    /// Why it was chosen.
    pub reason: String,
    /// The tokens it takes in the prompt, as the model counts.
    pub tokens: usize,
    /// The passage itself.
    pub text: String,
}

impl Source {
    /// Describes a passage.
    pub fn new(passage: &Passage) -> Self {
        let LineRange { first, last } = passage.lines;
        Self {
            path: passage.path.to_string(),
            first_line: first,
            last_line: last,
            reason: passage.reason.to_string(),
            tokens: passage.tokens,
            text: passage.text.clone(),
        }
    }

    /// Describes all passages of a context.
    pub fn all(context: &PackedContext) -> Vec<Self> {
        context.passages().map(Self::new).collect()
    }
}

/// How many files were left out, and why.
#[derive(Serialize, JsonSchema)]
pub struct SkippedOutput {
    /// They hold no text.
    pub binary: usize,
    /// They are larger than the limit.
    pub too_large: usize,
    /// Their text is not UTF-8.
    pub not_utf8: usize,
    /// The system would not let them be read.
    pub unreadable: usize,
}

impl From<&Skipped> for SkippedOutput {
    fn from(skipped: &Skipped) -> Self {
        Self {
            binary: skipped.binary,
            too_large: skipped.too_large,
            not_utf8: skipped.not_utf8,
            unreadable: skipped.unreadable,
        }
    }
}

/// How a generation ended.
#[derive(Serialize, JsonSchema)]
pub struct FinishedOutput {
    /// `stop`, `length` or `cancelled`.
    pub reason: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens generated.
    pub completion_tokens: usize,
    /// Milliseconds for reading the prompt.
    pub prefill_ms: f64,
    /// Milliseconds for generating.
    pub decode_ms: f64,
}

impl FinishedOutput {
    /// Describes the end of a generation.
    pub fn new(finished: &Finished) -> Self {
        Self {
            reason: finished.reason.as_str().to_owned(),
            prompt_tokens: finished.usage.prompt_tokens,
            completion_tokens: finished.usage.completion_tokens,
            prefill_ms: finished.timings.prefill_ms,
            decode_ms: finished.timings.decode_ms,
        }
    }
}

/// `generate --json`.
#[derive(Serialize, JsonSchema)]
pub struct GenerateOutput {
    /// The model.
    pub model: String,
    /// The whole text.
    pub text: String,
    /// The tokens, in order.
    pub tokens: Vec<TokenOutput>,
    /// How it ended.
    pub finished: FinishedOutput,
}

/// One token.
#[derive(Serialize, JsonSchema)]
pub struct TokenOutput {
    /// Its number in the vocabulary.
    pub id: u32,
    /// The text that became certain with it; may be empty.
    pub text: String,
    /// The natural logarithm of its probability, before any option changed it;
    /// only with `--log-probabilities`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_probability: Option<f32>,
    /// The likeliest tokens in its place, the best first, as many as
    /// `--log-probabilities` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likeliest: Option<Vec<LikelyTokenOutput>>,
}

/// One of the likeliest tokens.
#[derive(Serialize, JsonSchema)]
pub struct LikelyTokenOutput {
    /// Its number in the vocabulary.
    pub id: u32,
    /// Its text alone.
    pub text: String,
    /// The natural logarithm of its probability.
    pub log_probability: f32,
}

impl From<Token> for TokenOutput {
    fn from(token: Token) -> Self {
        let likely = |token: LikelyToken| LikelyTokenOutput {
            id: token.id,
            text: token.text,
            log_probability: token.log_probability,
        };
        let reported = token.log_probabilities.map(|reported| *reported);
        Self {
            id: token.id,
            text: token.text,
            log_probability: reported.as_ref().map(|reported| reported.chosen),
            likeliest: reported.map(|reported| reported.top.into_iter().map(likely).collect()),
        }
    }
}

/// One check.
#[derive(Serialize, JsonSchema)]
pub struct CheckOutput {
    /// What was checked.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was found.
    pub detail: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

/// `doctor --json`.
#[derive(Serialize, JsonSchema)]
pub struct DoctorOutput {
    /// Whether no check failed.
    pub healthy: bool,
    /// The program's version.
    pub version: String,
    /// The checks, in order.
    pub checks: Vec<CheckOutput>,
}
