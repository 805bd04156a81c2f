use crate::task::review::Severity;

/// A step of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The line that it begins on, from one.
    pub line: usize,
    /// What it is called.
    pub name: Option<String>,
    /// What it does.
    pub action: Action,
    /// An expression that has to hold.
    pub only_if: Option<String>,
    /// An expression that must not hold.
    pub unless: Option<String>,
    /// An expression for a list: the step is done for each `item` of it.
    pub foreach: Option<String>,
    /// The name under which later steps know what came of it.
    pub save: Option<String>,
    /// Whether the workflow goes on when it fails.
    pub allow_failure: bool,
}

/// What a step does. Texts are templates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Asks a question about the code.
    Ask {
        /// The question.
        question: String,
    },
    /// Changes files.
    Edit {
        /// The instruction.
        instruction: String,
        /// Files to show whole.
        files: Vec<String>,
    },
    /// Runs a command.
    Run {
        /// The command; values in it are quoted for the shell.
        command: String,
    },
    /// Runs a command that has to be content, and mends what it complains
    /// about where `fix` says so.
    Check {
        /// The command; values in it are quoted for the shell.
        command: String,
        /// Whether what fails is mended.
        fix: bool,
        /// The most answers of the model for that.
        steps: Option<usize>,
    },
    /// Commits what is staged, or else what the workflow changed.
    Commit {
        /// The message; `None` lets the model write it.
        message: Option<String>,
    },
    /// Reviews: `staged`, `changes`, or a range of commits.
    Review {
        /// What is reviewed.
        target: String,
        /// The severity from which on the step fails.
        fail_on: Option<Severity>,
    },
    /// Writes tests of a file.
    Test {
        /// The file.
        path: String,
    },
}

impl Action {
    /// The key that stands for it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask",
            Self::Edit { .. } => "edit",
            Self::Run { .. } => "run",
            Self::Check { .. } => "check",
            Self::Commit { .. } => "commit",
            Self::Review { .. } => "review",
            Self::Test { .. } => "test",
        }
    }
}

impl Step {
    /// What it is called, or does.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let text = match &self.action {
                Action::Ask { question: text }
                | Action::Edit { instruction: text, .. }
                | Action::Run { command: text }
                | Action::Check { command: text, .. }
                | Action::Review { target: text, .. }
                | Action::Test { path: text } => text.lines().next().unwrap_or_default(),
                Action::Commit { .. } => "",
            };
            let short: String = text.chars().take(60).collect();
            format!("{} {short}", self.action.key()).trim_end().to_owned()
        })
    }
}
