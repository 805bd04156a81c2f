//! `mlx-code route`, and the model that a route gives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_core::{
    Config, Error, InputError, Lock, Model, ModelLibrary, ModelSource, ModelTask, Notice, Observer,
    Passphrases, Progress, ProgressEvent, RemoteModels, RoutePlan, RouteRequest, RoutedModel,
    SecretName, Workspace, nearest, project_types, secrets, with_plugin_catalogues,
};

use crate::args::{Computing, Route};
use crate::command::{Common, dirs, secret};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, RouteOutput, RoutesOutput};
use crate::output::progress::ProgressLine;
use crate::output::{Style, visible};

/// Notices that nobody took are kept up to this number: a long conversation has
/// one an answer.
const MOST_NOTICES: usize = 256;

/// What was asked for beside the model, and what came of it. Clones share what
/// came of it.
#[derive(Clone, Debug, Default)]
pub struct RouteState {
    fallback: Vec<String>,
    answers: Option<usize>,
    no_cache: bool,
    /// Whether notes are left to a stream of events, which tells the model, too.
    is_stream: bool,
    came: Arc<Mutex<Came>>,
}

#[derive(Debug, Default)]
struct Came {
    routed: Option<RoutedModel>,
    /// All that happened, for documents.
    notes: Vec<String>,
    /// What of it was not shown yet.
    unseen: Vec<String>,
}

impl RouteState {
    /// What the command line says.
    pub fn new(fallback: Vec<String>, answers: Option<usize>, no_cache: bool) -> Self {
        Self { fallback, answers, no_cache, is_stream: false, came: Arc::default() }
    }

    /// Leaves notes to a stream of events.
    pub fn in_stream(mut self, is_stream: bool) -> Self {
        self.is_stream = is_stream;
        self
    }

    /// The same for a model that somebody names anew.
    pub fn without_fallback(&self) -> Self {
        Self { fallback: Vec::new(), ..self.clone() }
    }

    /// What the library is asked for.
    pub fn request(&self, common: &Common) -> RouteRequest {
        let mut request = RouteRequest::default();
        request.model.clone_from(&common.model);
        request.fallback.clone_from(&self.fallback);
        request.answers = self.answers;
        request.no_cache = self.no_cache;
        request
    }

    /// What happened since somebody looked last, a sentence each.
    pub fn take_notes(&self) -> Vec<String> {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut came.unseen)
    }

    /// Shows what happened since somebody looked last.
    pub fn show(&self, host: &mut Host<'_>) -> Outcome<()> {
        for note in self.take_notes() {
            written(writeln!(host.messages, "{}", visible(note)))?;
        }
        written(host.messages.flush())
    }

    /// Which model answered, and why, for a document; `None` where it was given
    /// and not chosen.
    pub fn output(&self) -> Option<RouteOutput> {
        let came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.routed.as_ref().map(|routed| RouteOutput::new(routed, &came.notes))
    }

    fn observer(&self) -> Observer {
        let came = Arc::clone(&self.came);
        Observer::new(move |notice| {
            let Some(note) = sentence(notice) else { return };
            let mut came = came.lock().unwrap_or_else(PoisonError::into_inner);
            if came.notes.len() < MOST_NOTICES {
                came.notes.push(note.clone());
            }
            // Which options a server lacks is the same each time.
            let is_news = !matches!(notice, Notice::LeftOut { .. });
            if is_news && came.unseen.len() < MOST_NOTICES {
                came.unseen.push(note);
            }
        })
    }
}

/// A notice in words; `None` for what is nobody's concern.
fn sentence(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::FellBack { from, to, reason } => format!("{to} is asked, since {from}: {reason}"),
        Notice::Retrying { provider, reason, wait } => {
            format!("{provider} is asked again after {:.1} s: {reason}", wait.as_secs_f64())
        }
        Notice::LeftOut { provider, option } => {
            format!("{provider} does not know `{option}`; it is left out")
        }
        Notice::FromCache => "the answer was kept from before".to_owned(),
        Notice::Chosen { model, tokens } => {
            format!("{model} answers: the prompt has {tokens} tokens")
        }
        Notice::Judged { answers, asked, alike, .. } => {
            format!("the best of {answers} answers of {asked}; {alike} say this")
        }
        _ => return None,
    })
}

/// The model that answers a task; `None` where none is named or installed.
pub fn open(
    task: ModelTask,
    computing: &Computing,
    common: &Common,
    host: &mut Host<'_>,
    config: &Config,
) -> Outcome<Option<Model>> {
    // A project whose own file is broken is told of by who works in it.
    let workspace = common.workspace(host).ok();
    let plan = plan(task, common, workspace.as_ref(), config);
    if common.model.is_none()
        && let Some(model) = host.model.clone()
    {
        if plan.answers < 2 && plan.fallback.is_empty() {
            return Ok(Some(model));
        }
        let (source, _) = source(&plan, computing, common, host, config)?;
        return Ok(Some(plan.around(&model, &source, workspace.as_ref())?));
    }
    let (source, line) = source(&plan, computing, common, host, config)?;
    let routed = plan.open(&source, workspace.as_ref());
    line.end();
    if !common.route.is_stream {
        common.route.show(host)?;
    }
    let Some(routed) = routed? else { return Ok(None) };
    let model = routed.model.clone();
    let mut came = common.route.came.lock().unwrap_or_else(PoisonError::into_inner);
    if common.route.is_stream {
        came.unseen.push(format!("{} answers: {}", routed.name, routed.reason));
    }
    came.routed = Some(routed);
    Ok(Some(model))
}

/// The model that sums up a conversation with `model`, where the configuration
/// names another one for it; it is opened when it is asked. A recording holds one
/// model's answers, so there the conversation's sums up too.
pub fn summaries(
    model: &Model,
    common: &Common,
    host: &mut Host<'_>,
    config: &Config,
) -> Outcome<Option<Model>> {
    if host.model.is_some() || common.replay.is_some() || common.record.is_some() {
        return Ok(None);
    }
    let workspace = common.workspace(host).ok();
    let of = |task| plan(task, common, workspace.as_ref(), config);
    let (chat, summary) = (of(ModelTask::Chat), of(ModelTask::Summary));
    let (source, line) = source(&summary, &Computing::default(), common, host, config)?;
    line.end();
    Ok(summary.open_later(&chat, model, &source, workspace.as_ref())?)
}

fn plan(
    task: ModelTask,
    common: &Common,
    workspace: Option<&Workspace>,
    config: &Config,
) -> RoutePlan {
    let kinds = workspace.map(|one| project_types(one.root())).unwrap_or_default();
    RoutePlan::new(config, task, &kinds, &common.route.request(common))
}

fn source(
    plan: &RoutePlan,
    computing: &Computing,
    common: &Common,
    host: &mut Host<'_>,
    config: &Config,
) -> Outcome<(ModelSource, Arc<Opening>)> {
    let remote =
        RemoteModels::new(config).offline_if(host.hub.offline).with_proxy(host.hub.proxy.clone());
    let known = typed_keys(plan, &remote, host)?;
    let mut options = computing.options();
    options.ignore_memory = common.over_memory;
    let dirs = dirs(host)?;
    let known_of = with_plugin_catalogues(config.clone(), &dirs, None)?;
    let library = ModelLibrary::open(&dirs)?.loading_with(options).knowing(&known_of);
    let line = Arc::new(Opening::new(host.live && !common.json));
    let (kept_in, surroundings) = (dirs.clone(), host.secrets.clone());
    let keys = move |name: &SecretName| {
        if let Some(key) = known.get(name) {
            return Ok(key.clone());
        }
        // Whoever is asked later is asked without a person: nobody types
        // passphrases in the middle of an answer.
        let all =
            secrets(&kept_in, surroundings.clone(), false, Lock::AsItIs, Passphrases::default());
        Ok(all.get(name).map_err(Error::from)?.map(|found| found.value))
    };
    let source = ModelSource::new(library)
        .with_remote(remote, keys)
        .with_adapters(common.workspace(host).ok(), host.environment.clone())
        .from_folder(&host.current_dir)
        .reporting_to(Arc::clone(&line) as Arc<dyn Progress>)
        .cancelled_by(host.cancel.clone())
        .observed_by(common.route.observer())
        .caching_in(&dirs.answers(), plan);
    Ok((source, line))
}

/// The keys of the models that are opened first; somebody may be asked for the
/// passphrase that it is locked with.
fn typed_keys(
    plan: &RoutePlan,
    remote: &RemoteModels,
    host: &mut Host<'_>,
) -> Outcome<BTreeMap<SecretName, Option<mlxcode_core::Secret>>> {
    let mut known = BTreeMap::new();
    let first = plan.opened_first();
    // The next one needs no key, or tells of its own.
    let is_alone = first.len() < 2 && plan.fallback.is_empty();
    for model in first {
        let is_here = model.may_be_path && host.current_dir.join(&model.name).exists();
        if is_here || !remote.names(&model.name) {
            continue;
        }
        let Some(name) = remote.key_name(&model.name)? else { continue };
        if known.contains_key(&name) {
            continue;
        }
        match secret::key(&name, host) {
            Ok(key) => drop(known.insert(name, key)),
            Err(_) if !is_alone => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(known)
}

/// A line of progress while the first model is opened. What is loaded later is
/// loaded in the middle of an answer, where no line may be drawn.
struct Opening {
    line: ProgressLine,
    is_over: AtomicBool,
}

impl Opening {
    fn new(live: bool) -> Self {
        Self { line: ProgressLine::new(live), is_over: AtomicBool::new(false) }
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.line.clear();
    }
}

impl Progress for Opening {
    fn report(&self, event: ProgressEvent) {
        if !self.is_over.load(Ordering::SeqCst) {
            self.line.report(event);
        }
    }
}

/// Runs the verb.
pub fn run(args: &Route, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let tasks = match &args.task {
        None => ModelTask::ALL.to_vec(),
        Some(name) => {
            let task = ModelTask::named(name).ok_or_else(|| {
                let names = ModelTask::ALL.iter().map(|task| task.as_str().to_owned());
                InputError::NoTask { name: name.clone(), near: nearest(name, names, 2) }
            })?;
            vec![task]
        }
    };
    let remote = RemoteModels::new(workspace.config()).offline_if(host.hub.offline);
    let request = common.route.request(common);
    let plans = tasks.iter().map(|task| workspace.route(*task, &request));
    let document = RoutesOutput::new(plans, args.tokens, &remote);
    if common.json {
        json::write(host, &document)?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    for route in &document.routes {
        let model = route.model.as_deref().unwrap_or("the installed one");
        let place = if route.is_remote { ", elsewhere" } else { "" };
        let (task, reason) = (style.strong(&route.task), &route.reason);
        written(writeln!(host.output, "{task}  {}{place}: {reason}", visible(model)))?;
        if args.task.is_some() {
            for line in route.details() {
                written(writeln!(host.output, "  {}", visible(line)))?;
            }
        }
    }
    Ok(SUCCESS)
}
