//! Tasks that change files, over small trees: a scripted model, scripted
//! commands.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use mlxcode_agent::Prompts;
use mlxcode_agent::task::batch::{BatchOptions, BatchState, BatchStatus, BatchWatch, batch};
use mlxcode_agent::task::fix::{FixEnd, FixOptions, FixReport, fix};
use mlxcode_agent::task::workflow::{
    Permission, StepStatus, Workbench, Workflow, WorkflowOptions, WorkflowReport, run_workflow,
};
use mlxcode_agent::task::{Asker, TaskError, TaskResult};
use mlxcode_agent::{CommandRun, CommandRunner, Ground};
use mlxcode_base::{CancelToken, RelPath, Root};
use mlxcode_context::{Budget, CodeBase, CodeSource, PackRequest, PackedContext, WalkOptions};
use mlxcode_edit::{Actor, EditPlan, Journal, JournalEntry, ParsedItem, ResolveOptions, apply};
use mlxcode_git::Repository;
use mlxcode_models::ScriptedModel;
use tempfile::TempDir;

use StepStatus::{Done, FailedAllowed, Skipped};

use crate::tasks::repository;

type Result<T> = mlxcode_agent::Result<T>;

struct Tree {
    root: Root,
    journal: TempDir,
}

impl Tree {
    fn over(folder: &Path) -> Self {
        Self { root: Root::open(folder).unwrap(), journal: tempfile::tempdir().unwrap() }
    }
}

impl Ground for Tree {
    fn root(&self) -> &Root {
        &self.root
    }

    fn pack(&self, request: &PackRequest<'_>, budget: &Budget<'_>) -> Result<PackedContext> {
        let code = CodeBase::open(&self.root, &WalkOptions::default(), &CancelToken::new())?;
        Ok(CodeSource::from(&code).pack(request, budget)?)
    }

    fn plan(&self, items: &[ParsedItem]) -> Result<EditPlan> {
        Ok(EditPlan::resolve(&self.root, items, &ResolveOptions::default()).unwrap())
    }

    fn apply(&self, plan: &EditPlan, actor: Actor) -> Result<JournalEntry> {
        let mut journal = Journal::open(self.journal.path(), &self.root).unwrap();
        Ok(apply(plan, &mut journal, actor).unwrap())
    }
}

/// Commands that end as a list says; the last one again and again.
struct Commands(Mutex<VecDeque<(i32, &'static str)>>, Mutex<Vec<String>>);

impl Commands {
    fn new(all: &[(i32, &'static str)]) -> Self {
        Self(Mutex::new(all.iter().copied().collect()), Mutex::default())
    }
}

impl CommandRunner for Commands {
    fn run(&self, command: &str, _: &CancelToken) -> Result<CommandRun> {
        self.1.lock().unwrap().push(command.to_owned());
        let mut left = self.0.lock().unwrap();
        let (status, output) = if left.len() > 1 { left.pop_front().unwrap() } else { left[0] };
        Ok(CommandRun { status: Some(status), output: output.to_owned(), note: None })
    }
}

fn edit(path: &str, old: &str, new: &str) -> String {
    format!("Mended.\n\n{path}\n```\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n")
}

fn fixed(
    commands: &[(i32, &'static str)],
    replies: Vec<String>,
) -> (FixReport, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.py"), "def one():\n    return 2\n").unwrap();
    let tree = Tree::over(folder.path());
    let model = ScriptedModel::new(replies);
    let cancel = CancelToken::new();
    let mut asker = Asker::new(&model, &cancel);
    let mut options = FixOptions::new("pytest");
    options.steps = 3;
    let commands = Commands::new(commands);
    let report = fix(
        &tree,
        &commands,
        &mut asker,
        &Prompts::default(),
        &options,
        &mut |_| true,
        &mut |_| {},
    )
    .unwrap();
    let prompts =
        model.prompts().into_iter().map(|one| one.as_messages()[1].content.clone()).collect();
    (report, fs::read_to_string(folder.path().join("a.py")).unwrap(), prompts)
}

const FAILS: (i32, &str) = (1, "a.py:2: in one\nE   assert 2 == 1\n1 failed\n");

#[test]
fn a_failure_is_fed_back_until_the_command_is_content() {
    let (first, second) = (
        edit("a.py", "    return 2", "    return 3"),
        edit("a.py", "    return 3", "    return 1"),
    );
    let (report, text, prompts) =
        fixed(&[FAILS, (1, "E   assert 3 == 1\n"), (0, "1 passed\n")], vec![first, second]);
    assert_eq!((report.end, report.runs, report.answers), (FixEnd::Green, 3, 2));
    assert_eq!(text, "def one():\n    return 1\n");
    assert_eq!((report.entries.len(), report.files.len()), (2, 1));
    // The file that the failure names is shown, and what was tried.
    assert!(
        prompts[0].contains("def one()") && prompts[0].contains("assert 2 == 1"),
        "{}",
        prompts[0]
    );
    assert!(prompts[1].contains("- a.py: return 3"), "{}", prompts[1]);
}

#[test]
fn mending_ends_where_it_goes_nowhere() {
    let change =
        |old: u8, new: u8| edit("a.py", &format!("    return {old}"), &format!("    return {new}"));
    let (report, ..) = fixed(&[FAILS], vec!["I do not know.".to_owned()]);
    assert_eq!(report.end, FixEnd::NoChange);
    // There and back again, with the same complaint.
    let (report, ..) = fixed(&[FAILS], vec![change(2, 3), change(3, 2), change(2, 3)]);
    assert_eq!((report.end, report.answers), (FixEnd::Repeats, 2));
    let (report, ..) = fixed(&[FAILS], vec![change(2, 3), change(3, 4), change(4, 5)]);
    assert_eq!((report.end, report.answers), (FixEnd::Steps, 3));
    let (report, _, prompts) = fixed(&[FAILS], vec![change(7, 1), change(8, 1)]);
    assert_eq!(report.end, FixEnd::NoChange);
    assert!(prompts[1].contains("could not be applied"), "{}", prompts[1]);
    let (report, ..) = fixed(&[(0, "")], Vec::new());
    assert_eq!((report.end, report.answers), (FixEnd::Green, 0));
}

#[derive(Default)]
struct Watch {
    kept: Vec<BatchState>,
    no: bool,
}

impl BatchWatch for Watch {
    fn decide(&mut self, _: &RelPath, _: &EditPlan) -> bool {
        !self.no
    }

    fn done(&mut self, state: &BatchState, _: &RelPath) {
        self.kept.push(state.clone());
    }
}

#[test]
fn a_batch_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<RelPath> =
        ["a.py", "b.py", "c.py", "d.py"].map(|name| RelPath::new(name).unwrap()).to_vec();
    for file in &files {
        fs::write(folder.path().join(file.as_path()), "x = 1\n").unwrap();
    }
    fs::remove_file(folder.path().join("d.py")).unwrap();
    let tree = Tree::over(folder.path());
    let work = |state: &mut BatchState, replies: Vec<String>| -> (TaskResult<()>, Watch) {
        let model = ScriptedModel::new(replies);
        let (mut watch, cancel) = (Watch::default(), CancelToken::new());
        let options = BatchOptions::default();
        let ran = batch(&tree, &model, &Prompts::default(), state, &options, &mut watch, &cancel);
        (ran, watch)
    };
    let mut state = BatchState::new("use two", &files);
    // The second names another file, twice; the third has nothing to say.
    let other = edit("a.py", "x = 2", "x = 3");
    let replies = vec![edit("a.py", "x = 1", "x = 2"), other.clone(), other, "NONE".to_owned()];
    let (ran, watch) = work(&mut state, replies);
    ran.unwrap();
    let told: Vec<_> = state
        .files
        .iter()
        .map(|file| match &file.status {
            BatchStatus::Changed { added, removed, .. } => format!("+{added} -{removed}"),
            BatchStatus::Failed { reason } => reason.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(told[..3], ["+1 -1", "a.py is not the file that is to be changed", "Unchanged"]);
    assert!(told[3].starts_with("cannot read"), "{told:?}");
    // After each file there was something to go on with.
    let halfway = serde_json::to_string(&watch.kept[0]).unwrap();
    let halfway: BatchState = serde_json::from_str(&halfway).unwrap();
    let again = BatchState::resumed(&halfway, "use two", &files);
    assert_eq!((halfway.done(), again.done()), (1, 1));
    assert_eq!(BatchState::resumed(&halfway, "use three", &files).done(), 0);
    fs::write(folder.path().join("d.py"), "x = 1\n").unwrap();
    let (ran, _) =
        work(&mut state, vec![edit("b.py", "x = 1", "x = 2"), edit("d.py", "x = 1", "x = 2")]);
    ran.unwrap();
    assert_eq!((state.done(), state.has_failed()), (4, false));
    assert_eq!(fs::read_to_string(folder.path().join("d.py")).unwrap(), "x = 2\n");
}

#[test]
fn files_are_worked_at_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<RelPath> = (0..12).map(|n| RelPath::new(&format!("{n}.py")).unwrap()).collect();
    for file in &files {
        fs::write(folder.path().join(file.as_path()), "x = 1\n").unwrap();
    }
    let tree = Tree::over(folder.path());
    let model = ScriptedModel::new(files.iter().map(|_| "NONE"));
    let mut options = BatchOptions::default();
    options.jobs = 4;
    let mut state = BatchState::new("nothing", &files);
    let cancel = CancelToken::new();
    let mut watch = Watch::default();
    batch(&tree, &model, &Prompts::default(), &mut state, &options, &mut watch, &cancel).unwrap();
    assert_eq!((state.done(), watch.kept.len()), (12, 12));
    cancel.cancel();
    let mut state = BatchState::new("other", &files);
    let error =
        batch(&tree, &model, &Prompts::default(), &mut state, &options, &mut watch, &cancel);
    assert!(matches!(error, Err(TaskError::Cancelled)));
    assert_eq!(state.done(), 0);
}

fn worked(
    text: &str,
    commands: &Commands,
    replies: Vec<String>,
    allow: &[Permission],
) -> (WorkflowReport, TempDir, Repository) {
    let (folder, repository) = repository();
    let tree = Tree::over(folder.path());
    let model = ScriptedModel::new(replies);
    let cancel = CancelToken::new();
    let workflow = Workflow::read(Path::new("ci.toml"), text).unwrap();
    let prompts = Prompts::default();
    let bench = Workbench {
        ground: &tree,
        runner: Some(commands),
        repository: Some(&repository),
        prompts: &prompts,
    };
    let mut options = WorkflowOptions::default();
    options.allow = allow.to_vec();
    let report =
        run_workflow(&workflow, &bench, &mut Asker::new(&model, &cancel), &options, &mut |_| {})
            .unwrap();
    (report, folder, repository)
}

fn statuses(report: &WorkflowReport) -> Vec<(StepStatus, &str)> {
    report.steps.iter().map(|step| (step.status, step.summary.as_str())).collect()
}

#[test]
fn a_workflow_checks_mends_reviews_and_commits() {
    let text = "[[steps]]\nrun = 'lint'\nsave = 'lint'\nallow_failure = true\n\n[[steps]]\nif = 'not lint.ok'\nedit = 'mend: {{ lint.output }}'\n\n[[steps]]\ncheck = 'test'\n\n[[steps]]\nunless = 'lint.ok'\nforeach = 'changed_files'\nrun = 'format {{ item }}'\n\n[[steps]]\nif = 'lint.ok'\nask = 'never'\n\n[[steps]]\nreview = 'changes'\nfail_on = 'error'\n\n[[steps]]\ncommit = true\n";
    let commands = Commands::new(&[(1, "N is odd"), (0, "")]);
    let replies = vec![
        edit("port.py", "N = 4", "N = 6"),
        "NONE".to_owned(),
        "fix(port): Make N even.".to_owned(),
    ];
    let (report, folder, repository) = worked(text, &commands, replies, &Permission::ALL);
    let told = statuses(&report);
    let expect: Vec<StepStatus> = told.iter().map(|(status, _)| *status).collect();
    assert_eq!(expect, [FailedAllowed, Done, Done, Done, Skipped, Done, Done], "{told:?}");
    assert!(report.ok && report.entries.len() == 1);
    assert_eq!(*commands.1.lock().unwrap(), ["lint", "test", "format port.py"]);
    assert_eq!(fs::read_to_string(folder.path().join("port.py")).unwrap(), "N = 6\n");
    assert_eq!(repository.log(1).unwrap()[0].subject, "fix(port): make N even");
    assert!(repository.status().unwrap().is_empty());
}

#[test]
fn a_step_that_fails_ends_it_and_nothing_is_done_that_is_not_allowed() {
    let text = "[[steps]]\nedit = 'x'\n[[steps]]\nrun = 'y'\n";
    let commands = Commands::new(&[(0, "")]);
    let (report, ..) = worked(text, &commands, Vec::new(), &[Permission::Run]);
    assert_eq!(
        statuses(&report),
        [(
            StepStatus::Failed,
            "the proposal is refused: the workflow may not edit; allow it with --allow edit"
        )]
    );
    assert!(!report.ok && commands.1.lock().unwrap().is_empty());
    let text = "[[steps]]\nreview = 'HEAD~1'\nfail_on = 'warning'\n[[steps]]\nrun = 'y'\n";
    let reply = "path: port.py\nline: 1\nseverity: error\ntitle: It is wrong\n".to_owned();
    let (report, ..) = worked(text, &commands, vec![reply], &[]);
    assert_eq!(statuses(&report), [(StepStatus::Failed, "1 finding(s)")]);
    assert_eq!(report.steps[0].output, "port.py:1: error: It is wrong\n");
}
