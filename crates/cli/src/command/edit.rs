//! `mlx-code edit`: an instruction, a diff, a yes, an undo.

use mlxcode_core::{Actor, FinishReason, InputError, ModelTask, ParsedItem, TurnEvent};

use crate::args::Edit;
use crate::command::{Common, apply, model_for, relative, turn_options};
use crate::exit::{Outcome, written};
use crate::exit_code::CANCELLED;
use crate::host::Host;
use crate::output::json::{self, EditOutput, FinishedOutput, Source};

/// Runs the verb.
pub fn run(args: &Edit, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let files = relative(&workspace, host, &args.files)?;
    let options = turn_options(files, args.context_tokens, args.max_tokens, host);
    let model = model_for(ModelTask::Edit, &args.computing, common, host, workspace.config())?;
    let mut turn = workspace.edit(&model, &args.instruction, options)?;

    let mut items: Vec<ParsedItem> = Vec::new();
    let mut end = None;
    for event in turn.by_ref() {
        match event? {
            TurnEvent::Text(text) if !common.json => {
                written(host.stream(&text))?;
            }
            TurnEvent::Edit(item) => items.push(item),
            TurnEvent::Finished(finished) => end = Some(finished),
            _ => {}
        }
    }
    let Some(end) = end else { return Err(InputError::NoEdits.into()) };
    if !common.json {
        written(writeln!(host.output, "\n"))?;
    }
    match end.reason {
        // What was asked for last is to stop: half a reply is not a change.
        FinishReason::Cancelled => return Ok(CANCELLED),
        FinishReason::Length => return Err(InputError::ReplyCut.into()),
        _ => {}
    }
    let plan = apply::plan(&workspace, &items, &args.consent, args.ignore_syntax)?;
    let name = model.info().name.clone();
    let actor = Actor::new("edit").with_model(&name);
    let (code, outcome) = apply::decide(&workspace, plan, actor, &args.consent, common.json, host)?;
    if common.json {
        let document = EditOutput {
            model: name,
            reply: turn.reply().to_owned(),
            outcome,
            sources: Source::all(turn.context()),
            finished: FinishedOutput::new(&end),
        };
        json::write(host, &common.routed(document))?;
    }
    Ok(code)
}
