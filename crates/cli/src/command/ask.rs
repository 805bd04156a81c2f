//! `mlx-code ask`: a question, an answer, its sources.

use mlxcode_core::{
    HOW_TO_GET_A_MODEL, Model, ModelTask, PackedContext, Skipped, TurnEvent, TurnOptions, Workspace,
};

use crate::args::Ask;
use crate::command::{Common, model, relative, turn_options};
use crate::exit::{Failure, Outcome, written};
use crate::exit_code::{CANCELLED, SUCCESS};
use crate::host::Host;
use crate::output::json::{AskOutput, FinishedOutput, Source};
use crate::output::{Style, json, visible};

/// Runs the verb.
pub fn run(args: &Ask, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let files = relative(&workspace, host, &args.files)?;
    let options = turn_options(files, args.context_tokens, args.max_tokens, host);
    match model(ModelTask::Ask, &args.computing, common, host, workspace.config())? {
        None => extract(&workspace, &args.question, &options, common, host),
        Some(model) => answer(&workspace, &model, &args.question, options, common, host),
    }
}

/// Without a model: the best passages are the answer.
fn extract(
    workspace: &Workspace,
    question: &str,
    options: &TurnOptions,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let context = workspace.extract(question, options)?;
    if common.json {
        let document = AskOutput {
            question: question.to_owned(),
            model: None,
            answer: None,
            sources: Source::all(&context),
            skipped: (&context.skipped).into(),
            finished: None,
        };
        json::write(host, &common.routed(document))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    for passage in context.passages() {
        let place = format!("{}:{}", passage.path, passage.lines);
        written(writeln!(host.output, "{}", style.place(place)))?;
        for line in passage.text.lines() {
            written(writeln!(host.output, "  {}", visible(line)))?;
        }
        written(writeln!(host.output))?;
    }
    list_sources(&context, host)?;
    let what = if context.passages().next().is_none() {
        ""
    } else {
        "These are passages, not an answer: "
    };
    written(writeln!(host.messages, "\n{what}no model is installed.\n{HOW_TO_GET_A_MODEL}"))?;
    Ok(SUCCESS)
}

/// With a model: its answer as it comes, then what it rests on.
fn answer(
    workspace: &Workspace,
    model: &Model,
    question: &str,
    options: TurnOptions,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let mut turn = workspace.ask(model, question, options)?;
    let mut finished = None;
    for event in turn.by_ref() {
        match event.map_err(Failure::from)? {
            TurnEvent::Text(text) if !common.json => {
                written(host.stream(&text))?;
            }
            TurnEvent::Finished(end) => finished = Some(FinishedOutput::new(&end)),
            _ => {}
        }
    }
    let cancelled = finished.as_ref().is_some_and(|end| end.reason == "cancelled");
    if common.json {
        let document = AskOutput {
            question: question.to_owned(),
            model: Some(model.info().name.clone()),
            answer: Some(turn.reply().to_owned()),
            sources: Source::all(turn.context()),
            skipped: (&turn.context().skipped).into(),
            finished,
        };
        json::write(host, &common.routed(document))?;
    } else {
        written(writeln!(host.output, "\n"))?;
        list_sources(turn.context(), host)?;
    }
    Ok(if cancelled { CANCELLED } else { SUCCESS })
}

fn list_sources(context: &PackedContext, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    if context.passages().next().is_none() {
        written(writeln!(host.output, "Sources: none; nothing here matches the question."))?;
    } else {
        written(writeln!(host.output, "{}", style.strong("Sources:")))?;
    }
    for passage in context.passages() {
        let place = format!("{}:{}", passage.path, passage.lines);
        let reason = style.dim(&passage.reason);
        written(writeln!(host.output, "  {}  {reason}", style.place(place)))?;
    }
    // Below the sources on a terminal, which shows both streams.
    written(host.output.flush())?;
    match not_read(context.skipped) {
        Some(words) => written(writeln!(host.messages, "\nFiles not read: {words}.")),
        None => Ok(()),
    }
}

/// What was left out of the tree, in words; `None` where nothing was.
fn not_read(skipped: Skipped) -> Option<String> {
    let Skipped { binary, too_large, not_utf8, unreadable, .. } = skipped;
    let kinds = [
        (binary, "binary"),
        (too_large, "too large"),
        (not_utf8, "not UTF-8"),
        (unreadable, "not readable"),
    ];
    let some = kinds.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = some.map(|(number, kind)| format!("{number} {kind}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
