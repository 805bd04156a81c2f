//! A local AI coding assistant as a library.
//!
//! The principal type is [`Workspace`]: a folder of code that can be searched,
//! asked about and changed. A [`Model`] answers; the [`ModelLibrary`] keeps
//! the models that are installed. Nothing here prints, reads the environment
//! (but [`Dirs::from_env`]) or opens a socket.
//!
//! ```
//! use mlxcode_core::{Dirs, Model, ScriptedModel, TurnOptions, Workspace};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("greet.py"), "def greet():\n    print('hi')\n")?;
//! let dirs = Dirs::under(&folder.path().join(".state"));
//! let workspace = Workspace::open(folder.path(), &dirs)?;
//! let model = Model::new(ScriptedModel::new([
//!     "greet.py\n```python\n<<<<<<< SEARCH\n    print('hi')\n=======\n    print('hello')\n>>>>>>> REPLACE\n```\n",
//! ]));
//!
//! let mut turn = workspace.edit(&model, "say hello in greet.py", TurnOptions::default())?;
//! for event in turn.by_ref() {
//!     event?;
//! }
//! let plan = workspace.plan_reply(turn.reply())?;
//! assert!(plan.is_applicable());
//! workspace.apply(&plan, "example")?;
//! assert!(std::fs::read_to_string(folder.path().join("greet.py"))?.contains("hello"));
//! workspace.undo(None)?;
//! assert!(std::fs::read_to_string(folder.path().join("greet.py"))?.contains("'hi'"));
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files they need"))]

mod benchmark;
mod changes;
mod config;
mod dirs;
mod doctor;
mod error;
mod generation;
mod input;
mod library;
mod model;
mod syntax;
mod turn;
mod workspace;

pub use benchmark::{Benchmark, BenchmarkOptions, BenchmarkRun, WeightType};
pub use changes::{AuditQuery, PlanOptions};
pub use config::{Config, ConfigError, EditConfig, LoadedConfig, PROJECT_CONFIG};
pub use dirs::Dirs;
pub use doctor::{Check, CheckStatus, doctor};
pub use error::{Error, Result};
pub use generation::Generation;
pub use input::InputError;
pub use library::{HOW_TO_GET_A_MODEL, ModelLibrary};
pub use model::Model;
pub use turn::Turn;
pub use workspace::{TurnOptions, Workspace};

pub use mlxcode_agent::TurnEvent;
pub use mlxcode_base::{
    ByteSize, CancelToken, ContentHash, Diagnostic, ErrorKind, Language, LineRange, Progress,
    ProgressEvent, RelPath, TextRange, io_error_kind,
};
pub use mlxcode_context::{Hit, PackedContext, Passage, Reason, Skipped};
pub use mlxcode_edit::{
    Actor, AlreadyThere, AuditFinding, AuditFlaw, AuditRecord, AuditReport, AuditTurn, BrokenBlock,
    BrokenReason, ChangeKind, DiffHunk, DiffLine, EditAction, EditBlock, EditPlan, EntryState,
    FileChange, FileDiff, FileOperation, JournalEntry, JournalFile, MatchLevel, NameFlaw, Naming,
    NearestMatch, ParsedItem, PatchHunk, PatchLine, Placement, PolicyRefusal, Refusal,
    RefusalReason, RenamePattern, ReplyParser, ShellCommand, parse_reply,
};
pub use mlxcode_inference::EngineKind;
pub use mlxcode_models::{
    DryOptions, FinishReason, Finished, GenerateOptions, GenerateRequest, GenerationEvent,
    LikelyToken, LogProbabilities, Message, ModelFile, ModelInfo, ModelSummary, Prompt, Role,
    SamplingOptions, ScriptedModel, Timings, Token, Usage, VerifyCheck, VerifyReport,
};

/// For who brings a model of their own: implement
/// [`LanguageModel`](backend::LanguageModel) and wrap it in a [`Model`].
pub mod backend {
    pub use mlxcode_models::{
        Error, Generation, GenerationSender, LanguageModel, Result, generation_channel,
    };
}
