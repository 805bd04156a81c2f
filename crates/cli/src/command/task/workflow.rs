//! `mlx-code workflow`: a list of steps, unattended.

use std::path::{Path, PathBuf};

use mlxcode_core::ModelTask;
use mlxcode_core::task::{Permission, StepStatus, Workflow, WorkflowEvent, WorkflowOptions};

use super::{Telling, pair, surroundings, task_model};
use crate::args::{PermissionArg, WorkflowArgs};
use crate::command::generate::read_text;
use crate::command::{Common, model_for};
use crate::exit::{Failure, Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, WorkflowOutput};
use crate::output::{Style, count, visible};

/// Lines of a step's output that are shown where it fails.
const SHOWN_LINES: usize = 20;

/// Runs the verb.
pub fn run(args: &WorkflowArgs, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let place = place(&args.file, workspace.root());
    let workflow = Workflow::read(&place, &read_text(&place, host)?)?;
    if args.check {
        let steps = count(workflow.steps.len(), "step");
        if common.json {
            json::write(host, &WorkflowOutput::checked(&workflow))?;
        } else {
            written(writeln!(host.output, "{}: {steps}, nothing wrong", visible(place.display())))?;
        }
        return Ok(SUCCESS);
    }
    let mut options = WorkflowOptions::default();
    let permission = |one: &PermissionArg| match one {
        PermissionArg::Edit => Permission::Edit,
        PermissionArg::Run => Permission::Run,
        PermissionArg::Commit => Permission::Commit,
    };
    options.allow = args.allow.iter().map(permission).collect();
    options.variables = args.values.iter().map(|text| pair(text)).collect::<Outcome<_>>()?;
    options.run_hooks = args.hooks;
    options.remote = common.is_remote(ModelTask::Workflow, &workspace);
    let may_run = options.allow.contains(&Permission::Run);
    let runner =
        may_run.then(|| workspace.runner(&surroundings(&args.running, host))).transpose()?;
    let runner = runner.as_ref().map(|runner| runner as &dyn mlxcode_core::CommandRunner);
    let model = model_for(ModelTask::Workflow, &args.computing, common, host, workspace.config())?;
    let telling = Telling::new(host.live && !common.json);
    let told = |what: &str| telling.tell(what);
    let task = task_model(&model, &told, host);
    let mut lost: Option<Failure> = None;
    let report = workspace.run_workflow(&workflow, runner, &task, &options, &mut |event| {
        telling.clear();
        if !common.json
            && lost.is_none()
            && let Err(failure) = show(&event, host)
        {
            lost = Some(failure);
        }
    });
    telling.clear();
    if let Some(lost) = lost {
        return Err(lost);
    }
    let report = report?;
    if common.json {
        json::write(host, &common.routed(WorkflowOutput::new(&report)))?;
    }
    Ok(if report.ok { SUCCESS } else { UNHEALTHY })
}

/// A bare name is a file of the project's own workflows, where there is one.
fn place(typed: &Path, root: &Path) -> PathBuf {
    let bare = typed.components().count() == 1 && typed.extension().is_none();
    let own = root.join(".mlx-code").join("workflows").join(typed).with_extension("toml");
    if bare && own.is_file() { own } else { typed.to_owned() }
}

fn show(event: &WorkflowEvent<'_>, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let WorkflowEvent::Ended(step) = event else { return Ok(()) };
    let (word, is_bad) = match step.status {
        StepStatus::Done => ("done", false),
        StepStatus::Skipped => ("skipped", false),
        StepStatus::FailedAllowed => ("failed (allowed)", true),
        _ => ("failed", true),
    };
    let word = if is_bad { style.error(word) } else { style.strong(word) };
    let item = step.item.as_ref().map(|item| format!(" [{item}]")).unwrap_or_default();
    let line = visible(format!("{}{item}: {}", step.title, step.summary));
    written(writeln!(host.output, "{word}  {line}"))?;
    if is_bad {
        let lines: Vec<&str> = step.output.lines().collect();
        for text in &lines[lines.len().saturating_sub(SHOWN_LINES)..] {
            written(writeln!(host.output, "    {}", visible(text)))?;
        }
    }
    written(host.output.flush())
}
