//! One file a verb: read the arguments, call the library, render.

mod apply;
pub mod approve;
mod ask;
mod audit;
mod bench;
mod bench_output;
mod callees;
mod completion;
mod config;
mod context;
mod definition;
mod doctor;
mod edit;
pub mod forge;
mod generate;
mod generate_docs;
mod graph;
mod hardware;
mod help;
mod history;
mod index;
mod map;
mod mcp;
mod models;
mod outline;
mod plugins;
mod precise;
mod probe;
mod prompts;
mod read_document;
mod recorded;
mod redo;
mod references;
mod remote;
mod rename;
pub mod route;
mod run;
mod search;
mod secret;
mod sessions;
mod stats;
pub mod task;
mod undo;
mod watch;

use mlxcode_core::{
    CodePlace, Config, Dirs, GenerateOptions, InputError, Model, ModelTask, RelPath, RemoteModels,
    TurnOptions, Workspace,
};

use std::path::{Path, PathBuf};

use crate::args::{Args, Command, Computing, OutputFormat};
use crate::exit::Outcome;
use crate::host::Host;
use crate::look;
use crate::output::json::Routed;
use crate::repl;
use route::RouteState;

/// What every verb gets beside its own arguments.
pub struct Common {
    /// Print a document instead of text.
    pub json: bool,
    /// The folder asked for.
    pub root: Option<PathBuf>,
    /// The model asked for.
    pub model: Option<String>,
    /// Whether it is loaded even where there is too little memory.
    pub over_memory: bool,
    /// Where what the model is asked and answers is written.
    pub record: Option<PathBuf>,
    /// The recording that answers in place of a model.
    pub replay: Option<PathBuf>,
    /// Who else answers, and what came of it.
    pub route: RouteState,
}

/// Runs the verb.
pub fn run(args: Args, host: &mut Host<'_>) -> Outcome {
    let common = Common {
        json: args.json,
        root: args.root,
        model: args.model,
        over_memory: args.over_memory,
        record: args.record,
        replay: args.replay,
        route: RouteState::new(args.fallback, args.best_of.map(usize::from), args.no_cache)
            .in_stream(args.conversation.output_format == Some(OutputFormat::StreamJson)),
    };
    remote::mind_the_network(host);
    look::mind_the_colors(host);
    let outcome = match args.command {
        None => repl::run(&args.conversation, &common, host),
        Some(command) => run_verb(command, &common, host),
    };
    common.route.show(host)?;
    outcome
}

fn run_verb(command: Command, common: &Common, host: &mut Host<'_>) -> Outcome {
    match command {
        Command::Ask(args) => ask::run(&args, common, host),
        Command::Search(args) => search::run(&args, common, host),
        Command::Context(args) => context::run(&args, common, host),
        Command::Index => index::run(common, host),
        Command::Watch => watch::run(common, host),
        Command::Outline(args) => outline::run(&args, common, host),
        Command::Definition(args) => definition::run(&args, common, host),
        Command::References(args) => references::run(&args, common, host, false),
        Command::Callers(args) => references::run(&args, common, host, true),
        Command::Callees(args) => callees::run(&args, common, host),
        Command::Graph(args) => graph::run(&args, common, host),
        Command::Map(args) => map::run(&args, common, host),
        Command::Edit(args) => edit::run(&args, common, host),
        Command::Apply(args) => apply::run(&args, common, host),
        Command::Undo(args) => undo::run(&args, common, host),
        Command::Redo(args) => redo::run(&args, common, host),
        Command::Rename(args) => rename::run(&args, common, host),
        Command::Audit(args) => audit::run(&args, common, host),
        Command::History => history::run(common, host),
        Command::Sessions(args) => sessions::run(args, common, host),
        Command::Stats(args) => stats::run(&args, common, host),
        Command::Commit(args) => task::commit::run(&args, common, host),
        Command::Review(args) => task::review::run(&args, common, host),
        Command::Issue(args) => forge::issue(&args, common, host),
        Command::PullRequest(args) => forge::pull_request(&args, common, host),
        Command::Explain(args) => task::explain::run(&args, common, host),
        Command::Document(args) => task::document::run(&args, common, host),
        Command::Test(args) => task::test::run(&args, common, host),
        Command::Fix(args) => task::fix::run(&args, common, host),
        Command::Scaffold(args) => task::scaffold::run(&args, common, host),
        Command::Batch(args) => task::batch::run(&args, common, host),
        Command::Workflow(args) => task::workflow::run(&args, common, host),
        Command::Generate(args) => generate::run(args, common, host),
        Command::Route(args) => route::run(&args, common, host),
        Command::Models(args) => models::run(args, common, host),
        Command::Bench(args) => bench::run(args, common, host),
        Command::Doctor => doctor::run(common, host),
        Command::Hardware => hardware::run(common, host),
        Command::Run(args) => run::run(&args, common, host),
        Command::Prompts(args) => prompts::run(args, common, host),
        Command::Completions(args) => completion::script(&args, host),
        Command::Help(args) => help::run(&args, common, host),
        Command::Complete { words } => completion::complete(&words, host),
        Command::Probe => probe::run(host),
        Command::Config(args) => config::run(args, common, host),
        Command::ReadDocument { first, last } => read_document::run(first, last, host),
        Command::Approve(args) => approve::run(&args, common, host),
        Command::Mcp(args) => mcp::run(args, common, host),
        Command::Plugins(args) => plugins::run(args, common, host),
        Command::Secret(args) => secret::run(args, common, host),
        Command::GenerateDocs { folder } => generate_docs::run(&folder, host),
    }
}

impl Common {
    /// Whether a model that may answer a task is on another machine.
    pub fn is_remote(&self, task: ModelTask, workspace: &Workspace) -> bool {
        let plan = workspace.route(task, &self.route.request(self));
        plan.is_remote(&RemoteModels::new(workspace.config()))
    }

    /// A document, with which model it comes from.
    pub fn routed<T>(&self, document: T) -> Routed<T> {
        Routed { document, route: self.route.output() }
    }

    /// The workspace asked for.
    pub fn workspace(&self, host: &Host<'_>) -> Outcome<Workspace> {
        let dirs = dirs(host)?;
        Ok(match &self.root {
            Some(root) => Workspace::open(&host.current_dir.join(root), &dirs)?,
            None => Workspace::discover(&host.current_dir, &dirs)?,
        })
    }
}

/// The model that answers a task; `None` where none is named or installed. It is
/// recorded, or a recording, where that was asked for.
pub fn model(
    task: ModelTask,
    computing: &Computing,
    common: &Common,
    host: &mut Host<'_>,
    config: &Config,
) -> Outcome<Option<Model>> {
    if let Some(path) = &common.replay {
        return recorded::replay(path, host).map(Some);
    }
    let found = route::open(task, computing, common, host, config)?;
    match (&common.record, found) {
        (Some(path), Some(model)) => recorded::record(&model, path, host).map(Some),
        (_, found) => Ok(found),
    }
}

/// As [`model`], where there has to be one.
pub fn model_for(
    task: ModelTask,
    computing: &Computing,
    common: &Common,
    host: &mut Host<'_>,
    config: &Config,
) -> Outcome<Model> {
    Ok(model(task, computing, common, host, config)?.ok_or(InputError::NoModel)?)
}

/// The model of a conversation.
pub fn required_model(
    computing: &Computing,
    common: &Common,
    host: &mut Host<'_>,
    config: &Config,
) -> Outcome<Model> {
    model_for(ModelTask::Chat, computing, common, host, config)
}

/// The user's folders, or the error that tells how to name some.
pub fn dirs(host: &Host<'_>) -> Outcome<Dirs> {
    Ok(Dirs::require(host.dirs.clone())?)
}

/// What goes with a question or an instruction.
fn turn_options(
    files: Vec<RelPath>,
    context_tokens: Option<usize>,
    max_tokens: Option<usize>,
    host: &Host<'_>,
) -> TurnOptions {
    let generate = GenerateOptions { max_tokens, ..GenerateOptions::default() };
    TurnOptions {
        files,
        context_tokens,
        generate,
        cancel: host.cancel.clone(),
        ..TurnOptions::default()
    }
}

/// Reads a place or a symbol that was typed. A path is meant from the current
/// folder.
fn place(workspace: &Workspace, host: &Host<'_>, typed: &str) -> Outcome<CodePlace> {
    Ok(match CodePlace::read(typed) {
        CodePlace::Position { line, column, .. } => {
            let parts = if column.is_some() { 3 } else { 2 };
            let path = typed.rsplitn(parts, ':').last().unwrap_or_default();
            let path = workspace.relative(&host.current_dir, Path::new(path))?;
            CodePlace::Position { path, line, column }
        }
        place => {
            let is_file = host.current_dir.join(typed).is_file();
            let path = is_file.then(|| workspace.relative(&host.current_dir, Path::new(typed)));
            let name = path.transpose()?.map(|path| path.to_string());
            name.map_or(place, |name| CodePlace::Name { name })
        }
    })
}

/// Turns typed paths into paths below the workspace's root.
pub fn relative(
    workspace: &Workspace,
    host: &Host<'_>,
    typed: &[PathBuf],
) -> Outcome<Vec<RelPath>> {
    typed.iter().map(|path| Ok(workspace.relative(&host.current_dir, path)?)).collect()
}
