//! `--print`: one turn without a conversation, for scripts.

use std::io::Read;
use std::sync::Arc;

use mlxcode_core::{Decision, Event, Input, InputError, Mode, TurnEnd};

use super::{begin, wanted};
use crate::args::{Computing, Conversation, ModeName, OutputFormat, ToolsName};
use crate::command::approve::waiting_in;
use crate::command::route::summaries;
use crate::command::{Common, relative, required_model};
use crate::exit::{Outcome, written};
use crate::exit_code::{CANCELLED, CONFLICT, NOT_PERMITTED, SUCCESS, UNHEALTHY, USED_UP};
use crate::host::Host;
use crate::output::json::{self, PrintOutput};
use crate::output::visible;

/// No question is longer.
const LONGEST_BYTES: u64 = 16 << 20;

/// Says something and prints what comes of it.
pub(super) fn run(
    text: &str,
    args: &Conversation,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let text = if text == "-" { read(host)? } else { text.to_owned() };
    let format = match args.output_format {
        None if common.json => OutputFormat::Json,
        format => format.unwrap_or(OutputFormat::Text),
    };
    let workspace = common.workspace(host)?;
    let pinned = relative(&workspace, host, &args.pinned)?;
    let model = required_model(&Computing::default(), common, host, workspace.config())?;
    // Nobody is there to ask, so nothing is changed unless it is allowed.
    let mode = args.mode.map_or(Mode::ReadOnly, ModeName::mode);
    // What goes on is kept; what a script says once is not.
    let goes_on = args.goes_on || args.resume.is_some();
    let store = goes_on.then(|| workspace.sessions()).transpose()?.map(Arc::new);
    let recorded = store.as_ref().map(|store| wanted(args, store)).transpose()?.flatten();
    let store = store.filter(|_| workspace.config().session.is_recorded());
    let tools = args.tools.map(ToolsName::when);
    let mut begun =
        begin(&workspace, &model, (mode, tools), store.as_ref(), recorded.as_ref(), host)?;
    let summaries = summaries(&model, common, host, workspace.config())?;
    begun.session.set_summaries(summaries.as_ref())?;
    for path in pinned {
        begun.pin(path)?;
    }
    let session = begun.session;
    let mut output = PrintOutput::new(&model.info().name, mode.as_str());
    // Nobody is there who could say yes.
    let mut waiting = waiting_in(&workspace, "`mlx-code approve` shows them");
    let mut input = Input::from(text);
    input.cancel = host.cancel.clone();
    let mut turn = session.ask(input)?;
    let mut end = TurnEnd::Done;
    while let Some(event) = turn.next() {
        match &event {
            Event::ApprovalNeeded(_) => turn.decide(Decision::No),
            Event::Finished { reason, .. } => end = reason.clone(),
            _ => {}
        }
        if format == OutputFormat::StreamJson {
            // Who else was asked stands before what came of it.
            for text in common.route.take_notes() {
                show(&Event::Notice { text }, format, &mut output, host)?;
            }
        }
        show(&event, format, &mut output, host)?;
        if let Some(text) = waiting.take() {
            show(&Event::Notice { text }, format, &mut output, host)?;
        }
    }
    drop(turn);
    // Hooks and servers end before the answer does.
    drop(session);
    match format {
        OutputFormat::Text => written(writeln!(host.output))?,
        OutputFormat::Json => json::write(host, &common.routed(output))?,
        OutputFormat::StreamJson => {}
    }
    Ok(match end {
        TurnEnd::Done => SUCCESS,
        TurnEnd::Cancelled => CANCELLED,
        other => {
            let code = code(&other);
            if format == OutputFormat::Text {
                let why = output_reason(&other);
                written(writeln!(host.messages, "{}", visible(why)))?;
            }
            code
        }
    })
}

/// Shows an event in the format that was asked for.
fn show(
    event: &Event,
    format: OutputFormat,
    output: &mut PrintOutput,
    host: &mut Host<'_>,
) -> Outcome<()> {
    match (format, event) {
        (OutputFormat::Text, Event::Text { text }) => written(host.stream(text))?,
        (OutputFormat::Text, Event::Notice { text }) => {
            written(writeln!(host.messages, "{}", visible(text)))?;
        }
        (OutputFormat::StreamJson, event) => {
            json::write_line(host, event)?;
            written(host.output.flush())?;
        }
        _ => {}
    }
    output.note(event);
    Ok(())
}

/// The exit code of a turn that did not do what it was asked.
fn code(end: &TurnEnd) -> u8 {
    match end {
        TurnEnd::Declined => NOT_PERMITTED,
        TurnEnd::Unrepaired => CONFLICT,
        TurnEnd::Length | TurnEnd::Steps | TurnEnd::Tokens | TurnEnd::Time | TurnEnd::Loop => {
            USED_UP
        }
        _ => UNHEALTHY,
    }
}

fn output_reason(end: &TurnEnd) -> String {
    match end {
        TurnEnd::Failed { message, .. } => format!("it failed: {message}"),
        other => {
            let name = serde_json::to_value(other).unwrap_or_default();
            format!("the turn ended early: {}", name.as_str().unwrap_or("failed"))
        }
    }
}

fn read(host: &mut Host<'_>) -> Outcome<String> {
    let mut text = String::new();
    let place = || "the standard input".into();
    let read = host.input.take(LONGEST_BYTES).read_to_string(&mut text);
    read.map_err(|source| InputError::Unreadable { path: place(), source })?;
    Ok(text)
}
