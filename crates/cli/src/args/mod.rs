//! The arguments, and nothing but the arguments.

mod approve;
mod changes;
mod code;
mod computing;
mod config;
mod context;
mod conversation;
mod forge;
mod library;
mod mcp;
mod models;
mod own_words;
mod plugins;
mod pull;
mod rate;
mod route;
mod sampling;
mod search;
mod secret;
mod sessions;
mod tasks;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use approve::Approve;
pub use changes::{Audit, AuditShow, AuditVerb, AuditVerify, Redo, Rename, Undo};
pub use code::{At, Format, Graph, Map, Outline, PreciseAt};
pub use computing::{Cache, Computing};
pub use config::{Config, Scope};
pub use context::Context;
pub use conversation::{Conversation, ModeName, OutputFormat, ToolsName};
pub use forge::{Issue, PullRequest};
pub use library::{Alias, Compare, Export, Favourite, Import, Note, Recommend, Search, Stats, Tag};
pub use mcp::Mcp;
pub use models::Models;
pub use own_words::{Completions, Help, Prompts, Run, Shell};
pub use plugins::Plugins;
pub use pull::{Pull, Queue};
pub use route::Route;
pub use sampling::Sampling;
pub use search::SearchCode;
pub use secret::{Secret, SecretIn};
pub use sessions::{
    ExportFormat, Sessions, SessionsExport, SessionsList, SessionsSearch, SessionsShow, WorkStats,
};
pub use tasks::{
    Batch, Commit, Document, Explain, Fix, PermissionArg, Review, Running, Scaffold, SeverityArg,
    Test, WorkflowArgs,
};

/// A local AI coding assistant: asks, edits and undoes, on your own machine.
#[derive(Debug, Parser)]
#[command(name = "mlx-code", version, disable_help_subcommand = true)]
pub struct Args {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,

    /// The folder to work in [default: the enclosing git work tree, else the current folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// The model to use: an installed one's name, a path, or `provider/model`
    #[arg(long, global = true, value_name = "REF|PATH")]
    pub model: Option<String>,

    /// A model to ask where the other cannot be reached; may be given several times
    #[arg(long, global = true, value_name = "REF|PATH")]
    pub fallback: Vec<String>,

    /// Ask for so many answers and take the best, up to 16
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub best_of: Option<u8>,

    /// Neither take answers from the cache nor keep them there
    #[arg(long, global = true)]
    pub no_cache: bool,

    /// Load a model even where it takes more memory than is free
    #[arg(long, global = true)]
    pub over_memory: bool,

    /// Write what the model is asked and answers into a new file, for --replay
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,

    /// Answer from a recording, without a model
    #[arg(long, global = true, value_name = "FILE")]
    pub replay: Option<PathBuf>,

    /// How to converse.
    #[command(flatten)]
    pub conversation: Conversation,

    /// What to do; a conversation without.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// One verb each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer a question about the code, with sources
    Ask(Ask),
    /// Find places in the code: by words, names, text
    Search(SearchCode),
    /// Show what of the code a model would be shown for a question, and why
    Context(Context),
    /// Read the code, so that it is found fast; `search` does it by itself
    Index,
    /// Follow the tree: keep its index up to date, and tell what changes
    Watch,
    /// Show what a file defines
    Outline(Outline),
    /// Show where something is defined
    Definition(PreciseAt),
    /// Show who uses something
    References(PreciseAt),
    /// Show who calls something
    Callers(PreciseAt),
    /// Show what something calls
    Callees(At),
    /// Show what depends on what: all files, or what is around one thing
    Graph(Graph),
    /// Show the heads of the most central symbols, as many as fit
    Map(Map),
    /// Change the code: show the diff, ask, apply, remember how to undo
    Edit(Edit),
    /// Apply the edits found in any model's reply
    Apply(Apply),
    /// Take back what was applied, keeping what was edited since
    Undo(Undo),
    /// Apply again what was taken back
    Redo(Redo),
    /// List what was applied here, newest first
    History,
    /// Rename many files by a pattern, all or none
    Rename(Rename),
    /// Show who changed which file, and check that the log was not touched
    Audit(Audit),
    /// List, show, find, name, fork, delete, export and replay conversations
    #[command(subcommand)]
    Sessions(Sessions),
    /// Show what was done here: questions, edits, tokens, speed
    Stats(WorkStats),
    /// Write a commit message for what is staged, in the repository's own style
    Commit(Commit),
    /// Look for what is wrong with a change, a range of commits or files
    Review(Review),
    /// Show an issue of GitHub or GitLab, with what was said
    Issue(Issue),
    /// Show a pull request or a merge request, with what was said
    #[command(alias = "merge-request")]
    PullRequest(PullRequest),
    /// Explain a symbol, a file, some lines or an error
    Explain(Explain),
    /// Write the comments that are missing, and change nothing else
    Document(Document),
    /// Write tests of a file, in the framework of its project
    Test(Test),
    /// Run a command and mend what it complains about, until it is content
    Fix(Fix),
    /// Make a new project from a template
    Scaffold(Scaffold),
    /// Do the same in many files, one by one
    Batch(Batch),
    /// Run a list of steps, unattended
    Workflow(WorkflowArgs),
    /// Continue a prompt with the bare model
    Generate(Generate),
    /// Show which model answers what, and why; nothing is opened or asked
    Route(Route),
    /// Find, add, list, check, compare and remove models
    #[command(subcommand)]
    Models(Models),
    /// Measure how fast a model runs here, on a prompt without a meaning
    Bench(Bench),
    /// Show the machine, the models and the configuration, and what is wrong
    Doctor,
    /// Show what the machine has: processor, memory, disks, accelerators and why they are not used
    Hardware,
    /// Show what is set, and where; set it
    #[command(subcommand)]
    Config(Config),
    /// Keep, show and forget tokens, such as the one of the Hugging Face hub
    #[command(subcommand)]
    Secret(Secret),
    /// List, try and call servers of the Model Context Protocol
    #[command(subcommand)]
    Mcp(Mcp),
    /// Show what the project brings that would be started, and say yes to it
    Approve(Approve),
    /// List, enable, add and remove plugins
    #[command(subcommand)]
    Plugins(Plugins),
    /// Ask a question that has a name, or list these
    Run(Run),
    /// Show what a model is told, and which files replace it
    #[command(subcommand)]
    Prompts(Prompts),
    /// Show what a shell needs to complete what is typed
    Completions(Completions),
    /// Show the verbs, the topics and your aliases, or one of them
    Help(Help),
    /// Complete a line, for a shell
    #[command(name = "__complete", hide = true)]
    Complete {
        /// The words so far, without the program's name
        #[arg(last = true)]
        words: Vec<String>,
    },
    /// Ask the drivers, for the process that started this one
    #[command(name = "__probe", hide = true)]
    Probe,
    /// Read a PDF from the input, for the process that started this one
    #[command(name = "__document", hide = true)]
    ReadDocument {
        /// The first page, from one
        first: usize,
        /// The last page
        last: usize,
    },
    /// Write the reference pages and the JSON schemas into a folder
    #[command(name = "__generate", hide = true)]
    GenerateDocs {
        /// The folder, such as `docs`
        folder: PathBuf,
    },
}

/// Arguments of `ask`.
#[derive(Debug, clap::Args)]
pub struct Ask {
    /// The question
    pub question: String,
    /// Files to show the model whole
    #[arg(long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The most tokens of the answer
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// The most tokens of passages that are searched for
    #[arg(long, value_name = "N")]
    pub context_tokens: Option<usize>,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// Arguments of `edit`.
#[derive(Debug, clap::Args)]
pub struct Edit {
    /// What to change
    pub instruction: String,
    /// Files to show the model whole
    pub files: Vec<PathBuf>,
    /// The most tokens of the reply
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// The most tokens of passages that are searched for
    #[arg(long, value_name = "N")]
    pub context_tokens: Option<usize>,
    /// Take an edit that does not fit exactly though its file has more syntax errors afterwards
    #[arg(long)]
    pub ignore_syntax: bool,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
    /// How to decide.
    #[command(flatten)]
    pub consent: Consent,
}

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub struct Apply {
    /// The file with the reply; `-` reads the standard input
    #[arg(default_value = "-")]
    pub reply: PathBuf,
    /// Take an edit that does not fit exactly though its file has more syntax errors afterwards
    #[arg(long)]
    pub ignore_syntax: bool,
    /// How to decide.
    #[command(flatten)]
    pub consent: Consent,
}

/// How it is decided whether a change is written.
#[derive(Clone, Debug, clap::Args)]
pub struct Consent {
    /// Apply without asking
    #[arg(long, short, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Show the change and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Change files of this glob though they are protected, such as `.env`; may be given several times
    #[arg(long, value_name = "GLOB")]
    pub allow_protected: Vec<String>,
}

/// Arguments of `generate`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("input").required(true).args(["prompt", "messages"])))]
pub struct Generate {
    /// Text to continue as it stands
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// A JSON file with the conversation: [{"role": "user", "content": "…"}]; `-` reads the standard input
    #[arg(long, value_name = "FILE")]
    pub messages: Option<PathBuf>,
    /// The most tokens to generate
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub max_tokens: usize,
    /// How the next token is chosen.
    #[command(flatten)]
    pub sampling: Sampling,
    /// A text that ends the answer; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub stop: Vec<String>,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// Tokens of the prompt
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub prompt_tokens: usize,
    /// Tokens to generate after it, one at a time
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub generate_tokens: usize,
    /// How often to run; medians are shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub repeat: usize,
    /// How it computes.
    #[command(flatten)]
    pub computing: Computing,
    /// Measure how fast as many threads read memory too; takes 256 MiB a thread
    #[arg(long)]
    pub bandwidth: bool,
    /// Keep the result out of the records of models
    #[arg(long)]
    pub no_record: bool,
}
