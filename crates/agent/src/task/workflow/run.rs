//! A workflow at work: its steps, one after another.

use minijinja::Value;
use mlxcode_base::RelPath;
use mlxcode_git::{Range, Repository};

use super::Workflow;
use super::act::Came;
use super::report::{StepReport, StepStatus, WorkflowEvent, WorkflowOptions, WorkflowReport};
use super::step::Step;
use super::values::Values;
use crate::prompts::Prompts;
use crate::session::Ground;
use crate::task::answer::Asker;
use crate::task::error::{TaskError, TaskResult};
use crate::task::near::near;
use crate::tool::CommandRunner;

/// A list of more is a mistake.
const MOST_ITEMS: usize = 1_000;

/// What steps work with.
pub struct Workbench<'w> {
    /// The tree.
    pub ground: &'w dyn Ground,
    /// What runs commands; without one, steps that need it fail.
    pub runner: Option<&'w dyn CommandRunner>,
    /// The repository; without one, steps that need it fail.
    pub repository: Option<&'w Repository>,
    /// The prompts.
    pub prompts: &'w Prompts,
}

/// Runs the steps. A step that fails ends the workflow, unless it may fail.
///
/// # Errors
/// Only what is wrong before the first step, and that somebody cancelled: what
/// goes wrong in a step stands in the report.
pub fn run_workflow(
    workflow: &Workflow,
    bench: &Workbench<'_>,
    asker: &mut Asker<'_>,
    options: &WorkflowOptions,
    told: &mut dyn FnMut(WorkflowEvent<'_>),
) -> TaskResult<WorkflowReport> {
    let mut running = Running {
        bench,
        options,
        values: Values::default(),
        report: WorkflowReport { ok: true, steps: Vec::new(), entries: Vec::new() },
        changed: Vec::new(),
    };
    running.define(workflow)?;
    for step in &workflow.steps {
        if !running.step(step, asker, told)? {
            running.report.ok = false;
            break;
        }
    }
    Ok(running.report)
}

pub(super) struct Running<'r> {
    pub bench: &'r Workbench<'r>,
    pub options: &'r WorkflowOptions,
    pub values: Values,
    pub report: WorkflowReport,
    /// The files that the workflow changed.
    pub changed: Vec<RelPath>,
}

impl Running<'_> {
    fn define(&mut self, workflow: &Workflow) -> TaskResult<()> {
        let names = || workflow.variables.iter().map(|(name, _)| name.as_str());
        for (name, _) in &self.options.variables {
            if !names().any(|known| known == name) {
                let choices = match near(name, names()) {
                    Some(one) => vec![one.to_owned()],
                    None => names().map(str::to_owned).collect(),
                };
                return Err(TaskError::Unknown { what: "variable", name: name.clone(), choices });
            }
        }
        for (name, value) in workflow.variables.iter().chain(&self.options.variables) {
            let value = match value.as_str() {
                "yes" => Value::from(true),
                "no" => Value::from(false),
                text => Value::from(text),
            };
            self.values.set(name, value);
        }
        Ok(())
    }

    /// What git tells of the tree, as it is now.
    fn look(&mut self) -> TaskResult<()> {
        let (mut changed, mut staged, mut branch) = (Vec::new(), Vec::new(), String::new());
        if let Some(repository) = self.bench.repository {
            changed = repository.status()?.iter().map(|file| file.path.to_string()).collect();
            staged =
                repository.counts(&Range::Staged)?.iter().map(|one| one.path.to_string()).collect();
            branch = repository.head()?.branch.unwrap_or_default();
        }
        self.values.set("changed_files", Value::from(changed));
        self.values.set("staged_files", Value::from(staged));
        self.values.set("branch", Value::from(branch));
        Ok(())
    }

    /// Whether the workflow goes on.
    fn step(
        &mut self,
        step: &Step,
        asker: &mut Asker<'_>,
        told: &mut dyn FnMut(WorkflowEvent<'_>),
    ) -> TaskResult<bool> {
        self.look()?;
        let items = match &step.foreach {
            None => vec![None],
            Some(list) => self.values.list(list)?.into_iter().map(Some).collect(),
        };
        if items.len() > MOST_ITEMS {
            let reason = format!("its list has more than {MOST_ITEMS} entries");
            return Err(TaskError::Refused { reason });
        }
        if items.is_empty() {
            let came = Came::new(true, "its list is empty", "");
            self.end(step, None, StepStatus::Skipped, came, told);
        }
        for item in items {
            if asker.cancel().is_cancelled() {
                return Err(TaskError::Cancelled);
            }
            if let Some(item) = &item {
                self.values.set("item", Value::from(item.as_str()));
            }
            let holds = |one: &String| self.values.holds(one);
            let wanted = step.only_if.as_ref().map_or(Ok(true), holds)?;
            let barred = step.unless.as_ref().map_or(Ok(false), holds)?;
            if !wanted || barred {
                let why = if wanted { "its `unless` holds" } else { "its `if` does not hold" };
                self.end(step, item, StepStatus::Skipped, Came::new(true, why, ""), told);
                continue;
            }
            told(WorkflowEvent::Begins { title: &step.title(), item: item.as_deref() });
            let came = match self.act(&step.action, asker) {
                Ok(came) => came,
                Err(TaskError::Cancelled) => return Err(TaskError::Cancelled),
                Err(error) => Came::new(false, error.to_string(), ""),
            };
            let status = match (came.ok, step.allow_failure) {
                (true, _) => StepStatus::Done,
                (false, true) => StepStatus::FailedAllowed,
                (false, false) => StepStatus::Failed,
            };
            self.end(step, item, status, came, told);
            if status == StepStatus::Failed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn end(
        &mut self,
        step: &Step,
        item: Option<String>,
        status: StepStatus,
        came: Came,
        told: &mut dyn FnMut(WorkflowEvent<'_>),
    ) {
        if let Some(name) = &step.save {
            let mut all = vec![
                ("ok", Value::from(came.ok)),
                ("skipped", Value::from(status == StepStatus::Skipped)),
                ("output", Value::from(came.output.as_str())),
                ("status", Value::from(i64::from(!came.ok))),
                ("files", Value::from(Vec::<String>::new())),
                ("findings", Value::from(0)),
            ];
            all.extend(came.values);
            self.values.set(name, Value::from_pairs(all));
        }
        let report = StepReport {
            title: step.title(),
            line: step.line,
            item,
            status,
            summary: came.summary,
            output: came.output,
        };
        told(WorkflowEvent::Ended(&report));
        self.report.steps.push(report);
    }
}
