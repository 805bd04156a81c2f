//! Arguments of the verbs that do named work.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Computing, Consent};

/// Arguments of `commit`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Commit {
    /// What the change is about, in your words
    pub hint: Option<String>,
    /// Commit what is staged with the message
    #[arg(long)]
    pub apply: bool,
    /// Commit without asking
    #[arg(long, short, requires = "apply")]
    pub yes: bool,
    /// Write conventional commits, whatever the log is like
    #[arg(long)]
    pub conventional: bool,
    /// Commit without hooks and signing
    #[arg(long, requires = "apply")]
    pub no_verify: bool,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// Arguments of `review`.
#[derive(Debug, clap::Args)]
pub struct Review {
    /// Files to review as they are; without any, what is staged, else what changed
    pub files: Vec<PathBuf>,
    /// Review commits: `main` (since this branch left it), `a..b`
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["files", "change"])]
    pub range: Option<String>,
    /// Review a pull request or a merge request: its address, `owner/name#12` or `#12`
    #[arg(long, value_name = "CHANGE", conflicts_with = "files")]
    pub change: Option<String>,
    /// Post the review there, with the token that is the secret `github` or `gitlab`
    #[arg(long, requires = "change")]
    pub post: bool,
    /// Post without asking
    #[arg(long, short, requires = "post")]
    pub yes: bool,
    /// A host of your own: `git.example.org=gitlab`; may be given several times
    #[arg(long, value_name = "HOST=KIND")]
    pub host: Vec<String>,
    /// What to look for in particular
    #[arg(long, value_name = "TEXT")]
    pub focus: Option<String>,
    /// The least severity that is shown
    #[arg(long, value_name = "SEVERITY")]
    pub at_least: Option<SeverityArg>,
    /// Leave with exit code 1 where a finding is as severe
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArg>,
    /// Print SARIF 2.1.0
    #[arg(long, conflicts_with = "json")]
    pub sarif: bool,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SeverityArg {
    /// It may be nicer otherwise.
    Note,
    /// It is likely to go wrong.
    Warning,
    /// It is wrong.
    Error,
}

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// A file, `FILE:12-40`, or a symbol such as `Port.open`; with --error, an error's text, `-` reads it
    pub what: String,
    /// Explain an error
    #[arg(long)]
    pub error: bool,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// Arguments of `document`.
#[derive(Debug, clap::Args)]
pub struct Document {
    /// The file
    pub file: PathBuf,
    /// Only this symbol; may be given several times
    #[arg(long, value_name = "NAME")]
    pub symbol: Vec<String>,
    /// Also what nobody outside can use
    #[arg(long)]
    pub private: bool,
    /// How to decide.
    #[command(flatten)]
    pub consent: Consent,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// The file to write tests of
    pub file: PathBuf,
    /// Only of this function or type; may be given several times
    #[arg(long, value_name = "NAME")]
    pub symbol: Vec<String>,
    /// Test properties, with hypothesis, proptest or fast-check
    #[arg(long)]
    pub property: bool,
    /// Put something in the place of what the code calls
    #[arg(long)]
    pub mock: bool,
    /// What else is wanted
    #[arg(long, value_name = "TEXT")]
    pub hint: Option<String>,
    /// How to decide.
    #[command(flatten)]
    pub consent: Consent,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// Arguments of `scaffold`.
#[derive(Debug, clap::Args)]
pub struct Scaffold {
    /// The template; without one, all are listed
    pub template: Option<String>,
    /// The folder to make the project in, below the root [default: the root itself]
    #[arg(requires = "template")]
    pub folder: Option<PathBuf>,
    /// A value: `name=my-app`; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub values: Vec<String>,
    /// How to decide.
    #[command(flatten)]
    pub consent: Consent,
}

/// Arguments of `fix`.
#[derive(Debug, clap::Args)]
pub struct Fix {
    /// The command, as a shell reads it [default: the one that tests the project]
    pub command: Option<String>,
    /// The most answers of the model
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub steps: usize,
    /// What you know of it
    #[arg(long, value_name = "TEXT")]
    pub hint: Option<String>,
    /// Apply each change without asking
    #[arg(long, short)]
    pub yes: bool,
    /// How commands run.
    #[command(flatten)]
    pub running: Running,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// How commands run.
#[derive(Debug, clap::Args)]
pub struct Running {
    /// Let commands reach the network
    #[arg(long)]
    pub network: bool,
    /// Let commands write into this folder too, such as a cache; may be given several times
    #[arg(long, value_name = "DIR")]
    pub writable: Vec<PathBuf>,
    /// Run commands even where this machine cannot confine them
    #[arg(long)]
    pub unconfined: bool,
}

/// Arguments of `batch`.
#[derive(Debug, clap::Args)]
pub struct Batch {
    /// What to do in each file
    pub instruction: String,
    /// The files
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// How many files at once
    #[arg(long, short = 'j', value_name = "N", default_value_t = 1)]
    pub jobs: usize,
    /// A file that keeps how far it is; where it is there, go on
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Apply each change without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// Arguments of `workflow`.
#[derive(Debug, clap::Args)]
pub struct WorkflowArgs {
    /// The file; a bare name is one of `.mlx-code/workflows`
    pub file: PathBuf,
    /// Only check the file
    #[arg(long)]
    pub check: bool,
    /// What it may do; may be given several times
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub allow: Vec<PermissionArg>,
    /// A value in the place of the file's own: `base=main`; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub values: Vec<String>,
    /// Run hooks and signing where it commits
    #[arg(long)]
    pub hooks: bool,
    /// How commands run.
    #[command(flatten)]
    pub running: Running,
    /// How the model computes.
    #[command(flatten)]
    pub computing: Computing,
}

/// What a workflow may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PermissionArg {
    /// Change files.
    Edit,
    /// Run commands.
    Run,
    /// Commit.
    Commit,
}
