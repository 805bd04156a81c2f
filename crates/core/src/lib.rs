//! A local AI coding assistant as a library.
//!
//! The principal type is [`Workspace`]: a folder of code that can be searched,
//! asked about and changed. A [`Model`] answers; the [`ModelLibrary`] keeps
//! the models that are installed, [`Pulls`] fetches more. Nothing here prints,
//! reads the environment (but [`Dirs::from_env`], [`HubSettings::from_env`] and
//! their like) or opens a socket (but a pull that was asked for).
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

mod adapters;
mod attachments;
mod benchmark;
mod changes;
mod checks;
mod code;
mod commands;
mod config;
mod dirs;
mod doctor;
mod document;
mod embedding;
mod error;
mod forges;
mod generation;
mod hardware;
mod hub;
mod index;
mod input;
mod library;
mod mcp;
mod mcp_tool;
mod model;
mod navigation;
mod offers;
mod packing;
mod plugins;
mod precise;
mod prompts;
mod published;
mod remote;
mod residency;
mod residents;
mod route;
mod runner;
mod secrets;
mod serving;
mod session;
mod sessions;
mod syntax;
mod tasks;
mod tokens;
mod turn;
mod watch;
mod workspace;

pub use adapters::adapted_model;
pub use benchmark::{Benchmark, BenchmarkOptions, BenchmarkRun, WeightType};
pub use changes::{AuditQuery, PlanOptions};
pub use checks::{CheckCommand, CheckSource, Checks};
pub use commands::{CommandOrigin, NamedCommand, NamedCommands, PROJECT_COMMANDS};
pub use config::{
    AttachmentsConfig, CacheConfig, CommandConfig, Config, ConfigError, ConfigFile, ConfigKey,
    ConfigProblem, ConfigSource, EditConfig, EnsembleConfig, Explained, Judge, LineKeys,
    LoadedConfig, ModelRule, ModelSize, ModelTask, ModelsConfig, PROJECT_CONFIG, SessionConfig,
    Setting, project_types,
};
pub use dirs::Dirs;
pub use doctor::{Check, CheckStatus, doctor};
pub use document::read_document;
pub use embedding::open_embedder;
pub use error::{Error, Result};
pub use forges::ForgeConfig;
pub use generation::Generation;
pub use hardware::hardware;
pub use hub::HubSettings;
pub use index::FoundCode;
pub use input::InputError;
pub use library::{
    CompareOptions, ComparedSpeed, ComparedText, Comparison, EditScore, HOW_TO_GET_A_MODEL,
    LibraryContents, ModelLibrary, PullOptions, Pulls, RecommendOptions, Recommendation,
    SpeedSource, VerifyOptions, free_memory_bytes,
};
pub use mcp::{
    ApprovedServers, Environment, McpEntry, McpOrigin, McpPlan, PROJECT_SERVERS, approve_servers,
};
pub use mcp_tool::mcp_tools;
pub use model::Model;
pub use navigation::Navigation;
pub use offers::{Offer, OfferError, OfferKind, OfferStanding};
pub use packing::{ContextOptions, CursorOptions};
pub use plugins::{PROJECT_PLUGINS, PROJECT_SKILLS, plugins, with_plugin_catalogues};
pub use precise::{Precise, PreciseAnswer, ServerFolders};
pub use prompts::{PROJECT_PROMPTS, ProjectPrompts};
pub use published::PublishedReader;
pub use remote::{ProviderConfig, ProviderKind, RemoteError, RemoteModelConfig, RemoteModels};
pub use residency::{
    Clock, LoadPlan, LoadedModel, ModelLoader, PendingModel, Residency, ResidencyError,
    ResidencyOptions, ResidencyState, ResidentModel, SystemClock,
};
pub use residents::ModelUse;
pub use route::{
    ModelSource, PlannedModel, RouteChoice, RoutePlan, RouteReason, RouteRequest, RoutedModel,
};
pub use runner::{RunSurroundings, SandboxedRunner};
pub use secrets::{Passphrases, SecretSurroundings, secrets};
pub use serving::SessionServer;
pub use session::{Session, SessionSetup};
pub use tasks::{TaskModel, post_review, review_to_post};
pub use tokens::PromptTokens;
pub use turn::Turn;
pub use watch::changed_under;
pub use workspace::{TurnOptions, Workspace};

pub use mlxcode_agent::plugin::{
    Approvals, Happening, HookDecision, HookEvent, HookOutcome, HookProblem, HookRule,
    HookSurroundings, HookedCall, Hooks, ModelAdapter, Plugin, PluginCommand, PluginError,
    PluginLibrary, PluginProblem, PluginRole, PluginScope, PluginServers, PluginStanding,
    PluginStatus, RunningAdapter, Skill,
};
pub use mlxcode_agent::recording::{MOST_RECORDING_BYTES, RecordingError};
pub use mlxcode_agent::session_store::{
    EditOutcome, EditStats, ExportedRecord, ExportedSession, MOST_IMPORT_BYTES, ModelStats,
    NewRecord, NewSession, OpenedSession, Record, RecordKind, RecordPage, Salvaged, SessionError,
    SessionFilter, SessionHit, SessionId, SessionStats, SessionStore, SessionSummary, SpeedStats,
    StoredLog,
};
pub use mlxcode_agent::{
    Access, Approval, Attached, AttachedFile, AttachmentError, AttachmentOptions, AttachmentReader,
    BUILT_IN_PROMPTS, BuiltInPrompt, CheckReport, Checker, CommandRun, CommandRunner, Compaction,
    ContextLedger, Decision, DocumentCommand, Entry, Event, FilePart, Input, LedgerPiece, Mode,
    OcrLanguages, OfferedTool, PageRange, PartOfFile, ProgramCall, ProgramEnd, ProgramRunner,
    ProgramStop, PromptError, PromptPlace, Prompts, Proposal, ProposedChange, SessionLog,
    SessionOptions, SessionTurn, SkillFile, ToolsWhen, TurnEnd, TurnEvent, TurnLimits, Verdict,
};
pub use mlxcode_base::{
    BoxDiagnostic, ByteSize, CancelToken, ContentHash, Diagnostic, Embedder, ErrorKind, Language,
    LineRange, Progress, ProgressEvent, RelPath, TextRange, io_error_kind, nearest,
    secret_variables,
};
pub use mlxcode_context::{
    Attachment, Certainty, CodeGraph, CodeIndex, CodePlace, CodeUsage, Confidence, Definition,
    GraphFormat, GraphNode, Hit, HitReason, IndexedChange, LeftOut, LeftOutReason, MediaType,
    NodeId, Note, NoteKind, OutlineItem, PackedContext, PackedCursor, Passage, Piece, PollReason,
    Reached, Reason, Rebuilt, ReferenceKind, RepoMap, SearchKind, SearchOptions, Skipped, Symbol,
    SymbolKind, TokenCounter, Unreferenced, Updated, Visibility, Watch, WatchEvent,
};
pub use mlxcode_edit::{
    Actor, AlreadyThere, AuditFinding, AuditFlaw, AuditRecord, AuditReport, Audited,
    AuditedDecision, AuditedFile, BrokenBlock, BrokenReason, ChangeKind, DiffHunk, DiffLine,
    EditAction, EditBlock, EditPlan, EntryState, FileChange, FileDiff, FileOperation, JournalEntry,
    JournalFile, MatchLevel, NameFlaw, Naming, NearestMatch, ParsedItem, PatchHunk, PatchLine,
    PatchLines, PatchLinesIter, Placement, PolicyRefusal, Refusal, RefusalReason, RenamePattern,
    ReplyParser, ShellCommand, parse_reply,
};
pub use mlxcode_inference::{
    CacheKind, ConvertOptions, ConvertTarget, Converted, Encoder, EncoderOptions, EngineKind,
    FloatType, GgufKind, LoadOptions,
};
pub use mlxcode_mcp::{
    Error as McpError, LogLine as McpLogLine, McpConfig, McpOptions, McpServers,
    NetworkPolicy as McpNetworkPolicy, Prompt as McpPrompt, PromptArgument as McpPromptArgument,
    PromptMessage as McpPromptMessage, Resource as McpResource, ResourceText as McpResourceText,
    ServerConfig as McpServerConfig, ServerState as McpServerState,
    ServerStatus as McpServerStatus, Tool as McpTool, ToolHints as McpToolHints,
    ToolImage as McpToolImage, ToolOutput as McpToolOutput, ToolProgress as McpToolProgress,
    TransportKind as McpTransport,
};
pub use mlxcode_models::hub::{
    HubOptions, NetworkPolicy, PullEvent, PullObserver, PullPlan, PullState, RemoteFile,
    RetryOptions, Token as HubToken,
};
pub use mlxcode_models::{
    Accelerator, AcceleratorKind, AgeFile, BenchmarkRecord, Catalogue, CatalogueEntry,
    CatalogueFile, CatalogueHit, CatalogueQuery, Chat, Disk, DiskOptions, DiskReport, DryOptions,
    Duplicate, EditFormat, EnvironmentSecrets, FetchText, FinishReason, Finished, FitReport,
    FitRequest, FitVerdict, Found, FoundSecret, GcItem, GcKind, GcOptions, GcReport,
    GenerateOptions, GenerateRequest, GenerationEvent, Hardware, Image, Kept, Keychain,
    LeaseHolder, LibraryState, LikelyToken, Lock, LogProbabilities, Memory, MergeReport, Message,
    ModelDisk, ModelFile, ModelInfo, ModelRecord, ModelReference, ModelSummary, PassphraseFor,
    ProbeCommand, ProbeReport, Processor, ProcessorCache, Prompt, PullError, PullJob, PullJobState,
    PullPriority, RecordChange, RepairReport, RepairedFile, Role, SECRET_BYTES, SamplingOptions,
    ScriptedModel, Secret, SecretList, SecretName, SecretPlace, SecretProblem, SecretStore,
    Secrets, StaticEmbedder, StoredSecret, Timings, Token, ToolCall, ToolSpec, Usage, UsageTotals,
    VerifyCheck, VerifyId, VerifyReport, VerifyStatus,
};

pub use mlxcode_providers::{Notice, Observer, ProviderError, UsageDetails};

/// For who brings a model of their own: implement
/// [`LanguageModel`](backend::LanguageModel) and wrap it in a [`Model`]. And for
/// who fetches files in a way of their own:
/// [`FileSource`](backend::FileSource). Models on servers, and models that are
/// made of models, are there too.
pub mod backend {
    pub use mlxcode_providers::{
        AnthropicModel, Cache, CacheOptions, Cached, Candidate, Deferred, Ensemble, Fallback,
        Limits, ModelOptions, OllamaModel, OllamaOptions, OpenAiModel, ProviderOptions, Route,
        RouteRule, Routing,
    };

    pub use mlxcode_models::{
        Error, FileSource, Generation, GenerationSender, LanguageModel, Result, generation_channel,
    };
}

/// Named work: what a task is given and what it gives.
pub mod task {
    pub use mlxcode_agent::task::batch::{
        BatchFile, BatchOptions, BatchState, BatchStatus, BatchWatch,
    };
    pub use mlxcode_agent::task::commit::{
        CommitMessage, CommitOptions, CommitProposal, CommitStyle, Form, Mood, StagedChange,
    };
    pub use mlxcode_agent::task::document::{DocumentOptions, Documented};
    pub use mlxcode_agent::task::explain::{ExplainTarget, Explanation};
    pub use mlxcode_agent::task::fix::{FixEnd, FixEvent, FixOptions, FixReport};
    pub use mlxcode_agent::task::review::{
        Finding, ReviewOptions, ReviewReport, ReviewSubject, Severity, Suggestion, sarif,
    };
    pub use mlxcode_agent::task::scaffold::{
        ProjectTemplate, Scaffold, Variable, VariableKind, built_in_templates,
    };
    pub use mlxcode_agent::task::unit_test::{ProposedTests, TestFramework, TestOptions};
    pub use mlxcode_agent::task::workflow::{
        Action, Permission, Step, StepReport, StepStatus, Workflow, WorkflowEvent, WorkflowOptions,
        WorkflowReport,
    };
    pub use mlxcode_agent::task::{Leak, TaskError};
    pub use mlxcode_git::{CommitPrograms, Range};
}

/// Issues, changes and reviews where a repository is published.
pub mod forge {
    pub use mlxcode_forge::{
        ChangeRequest, ChangedFile, Comment, FileState, Forge, ForgeKind, ForgeOptions, Host,
        Issue, Place, PlaceKind, PostedReview, RemoteRepository, Review, ReviewComment, Token,
        Verdict,
    };
}
