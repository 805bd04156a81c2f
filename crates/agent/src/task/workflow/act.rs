//! What each kind of step does.

use minijinja::{Value, context};
use mlxcode_base::RelPath;
use mlxcode_edit::{Actor, EditAction, EditBlock, EditPlan, FileOperation, Naming, ParsedItem};
use mlxcode_git::{CommitPrograms, Range, Repository};

use super::report::Permission;
use super::run::Running;
use super::step::Action;
use crate::task::answer::Asker;
use crate::task::commit::{CommitOptions, StagedChange, commit_message};
use crate::task::edits::{EDIT_TOKENS, EditAnswer, ask_for_edits, passages};
use crate::task::error::{TaskError, TaskResult};
use crate::task::fix::{FixEnd, FixOptions, fix};
use crate::task::review::{ReviewOptions, ReviewSubject, Severity, review};
use crate::task::unit_test::{TestOptions, write_tests};
use crate::tool::CommandRunner;

/// An answer to a question.
const ANSWER_TOKENS: usize = 1_024;

/// Passages for a question or a change.
const PASSAGE_TOKENS: usize = 4_096;

/// What of a command's output later steps see.
const MOST_OUTPUT_BYTES: usize = 64 << 10;

/// What an action gives: whether it went well, a line, all it said, and more
/// values for later steps.
pub(super) struct Came {
    pub ok: bool,
    pub summary: String,
    pub output: String,
    pub values: Vec<(&'static str, Value)>,
}

impl Came {
    pub fn new(ok: bool, summary: impl Into<String>, output: impl Into<String>) -> Self {
        Self { ok, summary: summary.into(), output: output.into(), values: Vec::new() }
    }
}

impl Running<'_> {
    pub(super) fn act(&mut self, action: &Action, asker: &mut Asker<'_>) -> TaskResult<Came> {
        match action {
            Action::Ask { question } => self.ask(&self.values.text(question)?, asker),
            Action::Edit { instruction, files } => {
                let files = files.iter().map(|file| Ok(RelPath::new(&self.values.text(file)?)?));
                let files = files.collect::<TaskResult<Vec<_>>>()?;
                self.edit(&self.values.text(instruction)?, &files, asker)
            }
            Action::Run { command } => self.run(&self.values.command(command)?, asker),
            Action::Check { command, fix: false, .. } => {
                self.run(&self.values.command(command)?, asker)
            }
            Action::Check { command, steps, .. } => {
                self.fix(&self.values.command(command)?, *steps, asker)
            }
            Action::Commit { message } => {
                let message =
                    message.as_ref().map(|message| self.values.text(message)).transpose()?;
                self.commit(message, asker)
            }
            Action::Review { target, fail_on } => {
                self.review(&self.values.text(target)?, *fail_on, asker)
            }
            Action::Test { path } => self.test(&self.values.text(path)?, asker),
        }
    }

    fn ask(&self, question: &str, asker: &mut Asker<'_>) -> TaskResult<Came> {
        let (ground, prompts) = (self.bench.ground, self.bench.prompts);
        let render = |passages: &str| prompts.render("ask", context! { question, passages });
        let room = asker.room(&render("")?, ANSWER_TOKENS)?.min(PASSAGE_TOKENS);
        let code = passages(ground, asker, question, &[], room, asker.cancel())?;
        let text = asker.ask(render(&code)?, ANSWER_TOKENS)?;
        let first = text.lines().next().unwrap_or_default().to_owned();
        Ok(Came::new(!text.is_empty(), first, text))
    }

    fn edit(
        &mut self,
        instruction: &str,
        files: &[RelPath],
        asker: &mut Asker<'_>,
    ) -> TaskResult<Came> {
        self.require(Permission::Edit)?;
        let (ground, prompts) = (self.bench.ground, self.bench.prompts);
        let render = |passages: &str, problem: &str| {
            let values = context! { instruction, passages, problem };
            TaskResult::Ok(prompts.render("edit", values)?)
        };
        let room = asker.room(&render("", "")?, EDIT_TOKENS)?.min(2 * PASSAGE_TOKENS);
        let code = passages(ground, asker, instruction, files, room, asker.cancel())?;
        match ask_for_edits(ground, asker, None, &|problem| render(&code, problem))? {
            EditAnswer::Plan(plan) => self.apply(&plan, "workflow"),
            EditAnswer::Nothing(reply) => Ok(Came::new(true, "nothing to change", reply)),
            EditAnswer::Misplaced(problem) => {
                Ok(Came::new(false, "the edits fit nowhere", problem))
            }
        }
    }

    fn apply(&mut self, plan: &EditPlan, actor: &'static str) -> TaskResult<Came> {
        let entry = self.bench.ground.apply(plan, Actor::from(actor))?;
        self.report.entries.push(entry.id);
        let files: Vec<String> =
            plan.changes().iter().map(|change| change.path.to_string()).collect();
        for change in plan.changes() {
            self.note(&change.path);
        }
        let mut came = Came::new(true, format!("changed {}", files.join(", ")), "");
        came.values.push(("files", Value::from(files)));
        Ok(came)
    }

    fn note(&mut self, path: &RelPath) {
        if !self.changed.contains(path) {
            self.changed.push(path.clone());
        }
    }

    fn run(&self, command: &str, asker: &Asker<'_>) -> TaskResult<Came> {
        let run = self.runner()?.run(command, asker.cancel())?;
        let status = run
            .status
            .map_or_else(|| "stopped".to_owned(), |status| format!("exit status {status}"));
        let start =
            run.output.ceil_char_boundary(run.output.len().saturating_sub(MOST_OUTPUT_BYTES));
        let mut came = Came::new(run.is_ok(), status, &run.output[start..]);
        came.values.push(("status", Value::from(run.status.unwrap_or(-1))));
        Ok(came)
    }

    fn fix(
        &mut self,
        command: &str,
        steps: Option<usize>,
        asker: &mut Asker<'_>,
    ) -> TaskResult<Came> {
        self.require(Permission::Edit)?;
        let mut options = FixOptions::new(command);
        options.steps = steps.unwrap_or(options.steps);
        options.actor = Actor::from("workflow");
        let (ground, runner, prompts) = (self.bench.ground, self.runner()?, self.bench.prompts);
        let report = fix(ground, runner, asker, prompts, &options, &mut |_| true, &mut |_| {})?;
        self.report.entries.extend(report.entries.iter().cloned());
        for file in &report.files {
            self.note(file);
        }
        let green = report.end == FixEnd::Green;
        let summary = match report.files.len() {
            _ if !green => "it still fails".to_owned(),
            0 => "it is content".to_owned(),
            count => format!("mended in {count} file(s)"),
        };
        let files: Vec<String> = report.files.iter().map(ToString::to_string).collect();
        let mut came = Came::new(green, summary, report.output);
        came.values.push(("files", Value::from(files)));
        Ok(came)
    }

    fn commit(&self, message: Option<String>, asker: &mut Asker<'_>) -> TaskResult<Came> {
        self.require(Permission::Commit)?;
        let repository = self.repository()?;
        let mut options = CommitOptions::default();
        options.remote = self.options.remote;
        let is_staged = !repository.counts(&Range::Staged)?.is_empty();
        if !is_staged && self.changed.is_empty() {
            return Ok(Came::new(true, "nothing to commit", ""));
        }
        let text = if let Some(message) = message {
            message
        } else {
            let change = if is_staged {
                StagedChange::read(repository, &options)?
            } else {
                StagedChange::of_paths(repository, &self.changed, &options)?
            };
            commit_message(&change, asker, self.bench.prompts, &options)?.message.text()
        };
        let id = if is_staged {
            let programs = if self.options.run_hooks {
                CommitPrograms::AsGitDoes
            } else {
                CommitPrograms::None
            };
            repository.commit_staged(&text, programs)?
        } else {
            repository.commit(&self.changed, &text)?
        };
        let first = text.lines().next().unwrap_or_default().to_owned();
        Ok(Came::new(true, format!("{} {first}", id.get(..12).unwrap_or(&id)), text))
    }

    fn review(
        &self,
        target: &str,
        fail_on: Option<Severity>,
        asker: &mut Asker<'_>,
    ) -> TaskResult<Came> {
        let range = match target {
            "staged" => Range::Staged,
            "changes" => Range::WorkTree,
            range => Range::parse(range),
        };
        let subject = match ReviewSubject::of_range(self.repository()?, &range, &[]) {
            Err(TaskError::NothingStaged | TaskError::Nothing { .. }) => {
                return Ok(Came::new(true, "nothing to review", ""));
            }
            subject => subject?,
        };
        let mut options = ReviewOptions::default();
        options.remote = self.options.remote;
        let report = review(&subject, asker, self.bench.prompts, &options)?;
        let lines = report.findings.iter().map(|one| {
            format!("{}:{}: {}: {}\n", one.path, one.line, one.severity.as_str(), one.title)
        });
        let output: String = lines.collect();
        let bad =
            report.findings.iter().any(|one| fail_on.is_some_and(|least| one.severity >= least));
        // An answer that nobody understood is no clean bill.
        let ok = !bad && (report.unread == 0 || fail_on.is_none());
        let mut came = Came::new(ok, format!("{} finding(s)", report.findings.len()), output);
        came.values.push(("findings", Value::from(report.findings.len())));
        Ok(came)
    }

    fn test(&mut self, path: &str, asker: &mut Asker<'_>) -> TaskResult<Came> {
        self.require(Permission::Edit)?;
        let (ground, prompts) = (self.bench.ground, self.bench.prompts);
        let path = RelPath::new(path)?;
        let tests = write_tests(ground.root(), &path, asker, prompts, &TestOptions::default())?;
        let Some(item) = tests.operation.and_then(item_of) else {
            return Err(TaskError::NoAnswer { what: "test" });
        };
        let plan = ground.plan(&[item])?;
        if !plan.is_applicable() {
            let reason =
                plan.refusals().first().map_or_else(String::new, |one| one.reason.to_string());
            return Err(TaskError::Refused { reason });
        }
        let mut came = self.apply(&plan, "workflow")?;
        came.summary = format!("{} test(s) in {}", tests.tests, tests.path);
        Ok(came)
    }

    fn require(&self, permission: Permission) -> TaskResult<()> {
        if self.options.allow.contains(&permission) {
            return Ok(());
        }
        let name = permission.as_str();
        Err(TaskError::Refused {
            reason: format!("the workflow may not {name}; allow it with --allow {name}"),
        })
    }

    fn runner(&self) -> TaskResult<&dyn CommandRunner> {
        self.require(Permission::Run)?;
        let reason = || "there is nothing here that runs commands".to_owned();
        self.bench.runner.ok_or_else(|| TaskError::Refused { reason: reason() })
    }

    fn repository(&self) -> TaskResult<&Repository> {
        let reason = || "this is no git repository".to_owned();
        self.bench.repository.ok_or_else(|| TaskError::Refused { reason: reason() })
    }
}

/// An operation as an edit that a ground plans under its own rules.
fn item_of(operation: FileOperation) -> Option<ParsedItem> {
    let text = |content: Vec<u8>| String::from_utf8(content).ok();
    let (path, action) = match operation {
        FileOperation::Create { path, content, .. } => {
            (path, EditAction::Create { content: text(content)? })
        }
        FileOperation::Write { path, content } => {
            (path, EditAction::Write { content: text(content)?, naming: Naming::Clear })
        }
        _ => return None,
    };
    let range = mlxcode_base::TextRange::new(0, 0);
    let path = path.to_string();
    Some(ParsedItem::Edit(EditBlock { path, action, executable: None, range, line: 1 }))
}
