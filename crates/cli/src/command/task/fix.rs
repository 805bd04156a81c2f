//! `mlx-code fix`: a command run and what it complains about mended.

use mlxcode_core::task::{FixEnd, FixEvent, FixOptions};
use mlxcode_core::{Actor, EditPlan, InputError, ModelTask};

use super::{Telling, show_replaced, surroundings, task_model, yes_or_no};
use crate::args::Fix;
use crate::command::{Common, model_for};
use crate::exit::{Failure, Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, FixOutput};
use crate::output::{Style, count, diff, visible};

/// Lines of a failure that are shown.
const SHOWN_LINES: usize = 20;

/// Runs the verb.
pub fn run(args: &Fix, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let command = args.command.clone().or_else(|| workspace.test_command());
    let command = command.ok_or(InputError::NoTestCommand)?;
    if common.json && !args.yes {
        return Err(InputError::NobodyToAsk.into());
    }
    let runner = workspace.runner(&surroundings(&args.running, host))?;
    show_replaced(&workspace.prompts(), &["fix"], host)?;
    let model = model_for(ModelTask::Fix, &args.computing, common, host, workspace.config())?;
    let name = model.info().name.clone();
    let mut options = FixOptions::new(command);
    options.steps = args.steps;
    options.hint.clone_from(&args.hint);
    options.actor = Actor::new("fix").with_model(&name);
    let telling = Telling::new(host.live && !common.json);
    let told = |what: &str| telling.tell(what);
    let task = task_model(&model, &told, host);
    // Both closures show things; only one at a time does.
    let shown = std::cell::RefCell::new((host, None::<Failure>));
    let keep = |result: Outcome<()>, failure: &mut Option<Failure>| {
        if let Err(error) = result {
            failure.get_or_insert(error);
        }
    };
    let mut decide = |plan: &EditPlan| -> bool {
        telling.clear();
        let (host, failure) = &mut *shown.borrow_mut();
        if !common.json {
            keep(show_plan(plan, host), failure);
        }
        if failure.is_some() || args.yes {
            return failure.is_none();
        }
        match yes_or_no(host, "Apply?") {
            Ok(answer) => answer,
            Err(error) => {
                failure.get_or_insert(error);
                false
            }
        }
    };
    let mut happened = |event: FixEvent<'_>| {
        telling.clear();
        let (host, failure) = &mut *shown.borrow_mut();
        if !common.json {
            keep(show_event(&event, host), failure);
        }
    };
    let report = workspace.fix(&runner, &task, &options, &mut decide, &mut happened);
    telling.clear();
    let (host, failure) = shown.into_inner();
    if let Some(failure) = failure {
        return Err(failure);
    }
    let report = report?;
    if common.json {
        json::write(host, &common.routed(FixOutput::new(&name, &report)))?;
    } else {
        let words = match report.end {
            FixEnd::Green if report.files.is_empty() => "the command is content".to_owned(),
            FixEnd::Green => {
                format!("the command is content; changed {}", count(report.files.len(), "file"))
            }
            FixEnd::NoChange => "it still fails, and the model changes nothing".to_owned(),
            FixEnd::Repeats => "it still fails, and goes round in a circle".to_owned(),
            FixEnd::Steps => format!("it still fails after {}", count(report.answers, "answer")),
            FixEnd::Declined => "it still fails; the change was not wanted".to_owned(),
            _ => "it ended".to_owned(),
        };
        written(writeln!(host.messages, "{words}"))?;
        for entry in report.entries.iter().rev() {
            written(writeln!(host.messages, "take back: mlx-code undo {entry}"))?;
        }
    }
    Ok(if report.end == FixEnd::Green { SUCCESS } else { UNHEALTHY })
}

fn show_plan(plan: &EditPlan, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    for change in plan.changes() {
        written(writeln!(host.output, "{}", diff::render_change(change, style)))?;
    }
    written(host.output.flush())
}

fn show_event(event: &FixEvent<'_>, host: &mut Host<'_>) -> Outcome<()> {
    if let FixEvent::Ran(run) = event {
        let status = run.status.map_or_else(|| "stopped".to_owned(), |status| status.to_string());
        written(writeln!(host.messages, "exit status {status}"))?;
        if !run.is_ok() {
            let lines: Vec<&str> = run.output.lines().collect();
            let first = lines.len().saturating_sub(SHOWN_LINES);
            for line in &lines[first..] {
                written(writeln!(host.messages, "  {}", visible(line)))?;
            }
        }
    }
    Ok(())
}
