//! Named work over a workspace: messages of commits, reviews, tests, projects.

use std::collections::BTreeMap;

use mlxcode_agent::task::batch::{BatchOptions, BatchState, BatchWatch, batch};
use mlxcode_agent::task::commit::{CommitOptions, CommitProposal, StagedChange, commit_message};
use mlxcode_agent::task::document::{DocumentOptions, Documented, document};
use mlxcode_agent::task::explain::{ExplainTarget, Explanation, explain};
use mlxcode_agent::task::fix::{FixEvent, FixOptions, FixReport, fix};
use mlxcode_agent::task::review::{ReviewOptions, ReviewReport, ReviewSubject, review};
use mlxcode_agent::task::scaffold::{ProjectTemplate, Scaffold};
use mlxcode_agent::task::unit_test::{ProposedTests, TestOptions, write_tests};
use mlxcode_agent::task::workflow::{
    Workbench, Workflow, WorkflowEvent, WorkflowOptions, WorkflowReport, run_workflow,
};
use mlxcode_agent::task::{Asker, TaskError, test_command};
use mlxcode_agent::{CommandRunner, Ground};
use mlxcode_base::{CancelToken, RelPath};
use mlxcode_edit::EditPlan;
use mlxcode_forge::{ChangeRequest, Forge, ForgeOptions, Place};
use mlxcode_git::{CommitPrograms, Range, Repository};
use mlxcode_models::GenerateOptions;

use crate::changes::PlanOptions;
use crate::error::Result;
use crate::model::Model;
use crate::session::Tree;
use crate::workspace::Workspace;

/// The folder of a project's own templates and workflows.
const PROJECT_FOLDER: &str = ".mlx-code";

/// A model at a task.
#[derive(Clone)]
#[non_exhaustive]
pub struct TaskModel<'m> {
    /// The model.
    pub model: &'m Model,
    /// How it generates; a task limits its answers itself.
    pub generate: GenerateOptions,
    /// Tells each step in a few words.
    pub told: &'m (dyn Fn(&str) + Sync),
    /// Stops the work within one token.
    pub cancel: CancelToken,
}

impl<'m> TaskModel<'m> {
    /// A model that tells nobody of its steps.
    pub fn new(model: &'m Model) -> Self {
        let (generate, cancel) = (GenerateOptions::default(), CancelToken::new());
        Self { model, generate, told: &|_| {}, cancel }
    }

    fn asker(&self) -> Asker<'m> {
        let asker = Asker::new(self.model.language_model(), &self.cancel);
        asker.with_options(self.generate.clone()).telling(self.told)
    }
}

impl Workspace {
    /// The templates of projects: the project's in `.mlx-code/templates`, the
    /// user's, then the built-in ones.
    pub fn project_templates(&self) -> Result<Vec<ProjectTemplate>> {
        let project = self.root().join(PROJECT_FOLDER).join("templates");
        let user = self.dirs.config.join("templates");
        Ok(ProjectTemplate::all(&[&project, &user])?)
    }

    /// What is staged, with what the log tells of the repository's style.
    pub fn staged(&self, options: &CommitOptions) -> Result<StagedChange> {
        Ok(StagedChange::read(&self.repository()?, options)?)
    }

    /// A message for what is staged.
    pub fn commit_message(
        &self,
        staged: &StagedChange,
        model: &TaskModel<'_>,
        options: &CommitOptions,
    ) -> Result<CommitProposal> {
        Ok(commit_message(staged, &mut model.asker(), &self.prompts(), options)?)
    }

    /// Commits what is staged, and gives the commit's name.
    pub fn commit_staged(&self, message: &str, programs: CommitPrograms) -> Result<String> {
        Ok(self.repository()?.commit_staged(message, programs)?)
    }

    /// What of a change is reviewed.
    pub fn review_subject(&self, range: &Range, paths: &[RelPath]) -> Result<ReviewSubject> {
        Ok(ReviewSubject::of_range(&self.repository()?, range, paths)?)
    }

    /// Files to review as they are.
    pub fn review_files(&self, paths: &[RelPath]) -> Result<ReviewSubject> {
        Ok(ReviewSubject::of_files(&self.root, paths)?)
    }

    /// Reviews.
    pub fn review(
        &self,
        subject: &ReviewSubject,
        model: &TaskModel<'_>,
        options: &ReviewOptions,
    ) -> Result<ReviewReport> {
        Ok(review(subject, &mut model.asker(), &self.prompts(), options)?)
    }

    /// Explains a symbol, a file or an error; `heard` gets the text as it
    /// comes.
    pub fn explain(
        &self,
        target: &ExplainTarget,
        model: &TaskModel<'_>,
        heard: &mut dyn FnMut(&str),
    ) -> Result<Explanation> {
        let tree = Tree::plain(self.clone());
        Ok(explain(target, &tree, &mut model.asker(), &self.prompts(), heard)?)
    }

    /// Documents what has no comment in a file. Nothing is written yet.
    pub fn document(
        &self,
        path: &RelPath,
        model: &TaskModel<'_>,
        options: &DocumentOptions,
    ) -> Result<(Documented, EditPlan)> {
        let done = document(&self.root, path, &mut model.asker(), &self.prompts(), options)?;
        let plan = self.plan_operations(&[done.operation()], &PlanOptions::default())?;
        Ok((done, plan))
    }

    /// Writes tests of a file. Nothing is written to the disk yet.
    pub fn write_tests(
        &self,
        path: &RelPath,
        model: &TaskModel<'_>,
        options: &TestOptions,
    ) -> Result<(ProposedTests, EditPlan)> {
        let tests = write_tests(&self.root, path, &mut model.asker(), &self.prompts(), options)?;
        let operations: Vec<_> = tests.operation.iter().cloned().collect();
        let plan = self.plan_operations(&operations, &PlanOptions::default())?;
        Ok((tests, plan))
    }

    /// Renders a project into a folder below the root. Nothing is written yet;
    /// a file that is there refuses the plan.
    pub fn scaffold(
        &self,
        template: &ProjectTemplate,
        into: &str,
        values: &BTreeMap<String, String>,
    ) -> Result<(Scaffold, EditPlan)> {
        let scaffold = template.render(into, values)?;
        // Templates may hold what is protected elsewhere, such as a lock file.
        let allow_protected = scaffold.files.iter().map(ToString::to_string).collect();
        let options = PlanOptions { allow_protected, ..PlanOptions::default() };
        let plan = self.plan_operations(&scaffold.operations, &options)?;
        Ok((scaffold, plan))
    }

    /// The command by which the project tests itself, as its files tell.
    pub fn test_command(&self) -> Option<String> {
        test_command(&self.root)
    }

    /// Runs a command and mends what it complains about, until it is content.
    pub fn fix(
        &self,
        runner: &dyn CommandRunner,
        model: &TaskModel<'_>,
        options: &FixOptions,
        decide: &mut dyn FnMut(&EditPlan) -> bool,
        told: &mut dyn FnMut(FixEvent<'_>),
    ) -> Result<FixReport> {
        let tree = Tree::plain(self.clone());
        let prompts = self.prompts();
        Ok(fix(&tree, runner, &mut model.asker(), &prompts, options, decide, told)?)
    }

    /// Works off one instruction over many files.
    pub fn batch(
        &self,
        model: &TaskModel<'_>,
        state: &mut BatchState,
        options: &BatchOptions,
        watch: &mut dyn BatchWatch,
    ) -> Result<()> {
        let tree: &dyn Ground = &Tree::plain(self.clone());
        let language_model = model.model.language_model();
        let cancel = &model.cancel;
        Ok(batch(tree, language_model, &self.prompts(), state, options, watch, cancel)?)
    }

    /// Runs the steps of a workflow.
    pub fn run_workflow(
        &self,
        workflow: &Workflow,
        runner: Option<&dyn CommandRunner>,
        model: &TaskModel<'_>,
        options: &WorkflowOptions,
        told: &mut dyn FnMut(WorkflowEvent<'_>),
    ) -> Result<WorkflowReport> {
        let (tree, prompts) = (Tree::plain(self.clone()), self.prompts());
        let repository = Repository::discover(self.root())?;
        let ground: &dyn Ground = &tree;
        let bench =
            Workbench { ground, runner, repository: repository.as_ref(), prompts: &prompts };
        Ok(run_workflow(workflow, &bench, &mut model.asker(), options, told)?)
    }

    pub(crate) fn repository(&self) -> Result<Repository> {
        let found = Repository::discover(self.root())?;
        let what = "this is no git repository".to_owned();
        Ok(found.ok_or(TaskError::Nothing { verb: "read", what })?)
    }
}

/// The review of a change as its host takes it: each finding a comment, with
/// its fix to accept.
pub fn review_to_post(report: &ReviewReport, model: &str) -> mlxcode_forge::Review {
    let comments = report.findings.iter().map(|finding| {
        let explanation = match finding.explanation.as_str() {
            "" => String::new(),
            text => format!("\n\n{text}"),
        };
        mlxcode_forge::ReviewComment {
            path: finding.path.clone(),
            first: finding.line as u64,
            last: finding.last_line as u64,
            body: format!("**{}**: {}{explanation}", finding.severity.as_str(), finding.title),
            suggestion: finding.suggestion.as_ref().map(|one| one.after.clone()),
        }
    });
    let comments: Vec<_> = comments.collect();
    let count = comments.len();
    // Whoever reads it has to know who speaks.
    let body = format!("{count} finding(s) by a language model (`{model}`), posted with mlx-code.");
    mlxcode_forge::Review { body, comments, verdict: mlxcode_forge::Verdict::Comment }
}

/// Posts a review of a change that was read before.
pub fn post_review(
    place: &Place,
    change: &ChangeRequest,
    review: &mlxcode_forge::Review,
    options: &ForgeOptions,
    cancel: &CancelToken,
) -> Result<mlxcode_forge::PostedReview> {
    let forge = Forge::new(&place.host, options)?;
    Ok(forge.post_review(&place.repository, change, review, cancel)?)
}
