//! `mlx-code batch`: one instruction over many files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mlxcode_core::task::{BatchOptions, BatchState, BatchStatus, BatchWatch};
use mlxcode_core::{Actor, EditPlan, InputError, ModelTask, RelPath};

use super::{show_replaced, task_model, yes_or_no};
use crate::args::Batch;
use crate::command::{Common, model_for, relative};
use crate::exit::{Failure, Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, BatchOutput};
use crate::output::{Style, diff, progress, visible};

/// A state of some ten thousand files.
const MOST_STATE_BYTES: u64 = 64 << 20;

/// Runs the verb.
pub fn run(args: &Batch, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let files = relative(&workspace, host, &args.files)?;
    if common.json && !args.yes && !args.dry_run {
        return Err(InputError::NobodyToAsk.into());
    }
    let place = args.state.as_ref().map(|file| host.current_dir.join(file));
    let mut state = match place.as_deref().map(read).transpose()?.flatten() {
        Some(earlier) => BatchState::resumed(&earlier, &args.instruction, &files),
        None => BatchState::new(&args.instruction, &files),
    };
    show_replaced(&workspace.prompts(), &["batch"], host)?;
    let model = model_for(ModelTask::Batch, &args.computing, common, host, workspace.config())?;
    let name = model.info().name.clone();
    let mut options = BatchOptions::default();
    // Two questions at once cannot be answered.
    options.jobs = if args.yes || args.dry_run { args.jobs } else { 1 };
    options.dry_run = args.dry_run;
    options.actor = Actor::new("batch").with_model(&name);
    let (sender, receiver) = std::sync::mpsc::channel::<Message>();
    let quiet = |_: &str| {};
    let task = task_model(&model, &quiet, host);
    let live = host.live && !common.json;
    let style = Style::for_output(host);
    // The work runs beside; whoever is asked sits here, with the streams.
    let (result, failure) = std::thread::scope(|scope| {
        let mut watch =
            Watch { sender: Mutex::new(sender), ask: !args.yes && !args.dry_run, style };
        let (state, options, workspace) = (&mut state, &options, &workspace);
        let work = scope.spawn(move || workspace.batch(&task, state, options, &mut watch));
        let mut failure = None;
        for message in receiver {
            let done = take(message, place.as_deref(), live, common.json, host);
            if let Err(error) = done {
                host.cancel.cancel();
                failure.get_or_insert(error);
            }
        }
        let result = match work.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        (result, failure)
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    if live {
        progress::draw("");
    }
    result?;
    if common.json {
        json::write(host, &common.routed(BatchOutput::new(&name, &state)))?;
    } else {
        table(&state, host)?;
    }
    Ok(if state.has_failed() { UNHEALTHY } else { SUCCESS })
}

/// What the work says to the one who sits at the streams.
enum Message {
    Shown(String),
    Asked(String, std::sync::mpsc::Sender<bool>),
    Done(Box<BatchState>, RelPath),
}

struct Watch {
    sender: Mutex<std::sync::mpsc::Sender<Message>>,
    ask: bool,
    style: Style,
}

impl Watch {
    fn send(&self, message: Message) {
        if let Ok(sender) = self.sender.lock() {
            let _ = sender.send(message);
        }
    }
}

impl BatchWatch for Watch {
    fn decide(&mut self, path: &RelPath, plan: &EditPlan) -> bool {
        let text: String =
            plan.changes().iter().map(|change| diff::render_change(change, self.style)).collect();
        self.send(Message::Shown(text));
        if !self.ask {
            return true;
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        self.send(Message::Asked(path.to_string(), sender));
        // Nobody answers any more where somebody left.
        receiver.recv().unwrap_or(false)
    }

    fn done(&mut self, state: &BatchState, path: &RelPath) {
        self.send(Message::Done(Box::new(state.clone()), path.clone()));
    }
}

fn take(
    message: Message,
    place: Option<&Path>,
    live: bool,
    json: bool,
    host: &mut Host<'_>,
) -> Outcome<()> {
    match message {
        Message::Shown(_) if json => Ok(()),
        Message::Shown(text) => {
            written(writeln!(host.output, "{text}"))?;
            written(host.output.flush())
        }
        Message::Asked(path, answer) => {
            let yes = yes_or_no(host, &format!("Apply to {}?", visible(&path)));
            let _ = answer.send(*yes.as_ref().unwrap_or(&false));
            yes.map(drop)
        }
        Message::Done(state, path) => {
            if let Some(place) = place {
                write(place, &state)?;
            }
            if live {
                let (done, all) = (state.done(), state.files.len());
                progress::draw(format!("{:3}% {}", done * 100 / all.max(1), visible(path)));
            }
            Ok(())
        }
    }
}

fn table(state: &BatchState, host: &mut Host<'_>) -> Outcome<()> {
    let width =
        state.files.iter().map(|file| file.path.as_str().chars().count()).max().unwrap_or(0);
    for file in &state.files {
        let what = match &file.status {
            BatchStatus::Changed { added, removed, entry, .. } => {
                format!("+{added} -{removed}  undo {entry}")
            }
            BatchStatus::Proposed { added, removed } => format!("+{added} -{removed}  not written"),
            BatchStatus::Unchanged => "unchanged".to_owned(),
            BatchStatus::Declined => "declined".to_owned(),
            BatchStatus::Failed { reason } => format!("failed: {reason}"),
            _ => "not done".to_owned(),
        };
        let path = format!("{:width$}", file.path.as_str());
        written(writeln!(host.output, "{}  {}", visible(path), visible(what)))?;
    }
    Ok(())
}

/// The state that a file holds; nothing where there is none.
fn read(place: &Path) -> Outcome<Option<BatchState>> {
    use std::io::Read;
    let unreadable = |source| InputError::Unreadable { path: place.to_owned(), source };
    let file = match fs::File::open(place) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error).into()),
    };
    let mut text = String::new();
    file.take(MOST_STATE_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    let state = serde_json::from_str(&text);
    Ok(Some(state.map_err(|error| unreadable(std::io::Error::other(error)))?))
}

/// Beside it first, so that a crash leaves the old one or the new one.
#[allow(clippy::disallowed_methods, reason = "the file that the user named keeps the state")]
fn write(place: &Path, state: &BatchState) -> Outcome<()> {
    let unwritable =
        |source| Failure::from(InputError::Unwritable { path: place.to_owned(), source });
    let text = serde_json::to_string_pretty(state)
        .map_err(|error| unwritable(std::io::Error::other(error)))?;
    let mut beside = place.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, text).map_err(unwritable)?;
    fs::rename(&beside, place).map_err(unwritable)
}
