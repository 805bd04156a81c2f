use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

use crate::prompts::PromptError;

/// What can go wrong with a task.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TaskError {
    /// Nothing is staged.
    #[error("nothing is staged")]
    NothingStaged,
    /// There is nothing to look at.
    #[error("there is nothing to {verb}: {what}")]
    Nothing {
        /// What the task would do, such as `review`.
        verb: &'static str,
        /// Why there is nothing.
        what: String,
    },
    /// What stands in the change looks like a secret, and the model is not on
    /// this machine.
    #[error("the change seems to hold {count} secret(s), the first in {first}")]
    Secrets {
        /// How many.
        count: usize,
        /// Where the first one stands.
        first: String,
    },
    /// The model's context is too small for the task's own words.
    #[error(
        "the task alone takes {needed_tokens} tokens, the model's context holds {context_length}"
    )]
    NoRoom {
        /// Tokens of the instructions.
        needed_tokens: usize,
        /// Tokens that the model's context holds.
        context_length: usize,
    },
    /// The model's answer holds nothing of what was asked for.
    #[error("the model gave no {what}")]
    NoAnswer {
        /// What was asked for.
        what: &'static str,
    },
    /// What the model proposes is not what was asked for.
    #[error("the proposal is refused: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// A template of projects cannot be rendered.
    #[error("the template `{name}` cannot be rendered: {reason}")]
    Template {
        /// The template.
        name: String,
        /// Why, with its line.
        reason: String,
    },
    /// There is nothing of this name.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What was looked for, such as `template`.
        what: &'static str,
        /// The name.
        name: String,
        /// Names that are like it, or all of them.
        choices: Vec<String>,
    },
    /// A file that a person wrote is wrong.
    #[error("{path}:{line}: {reason}")]
    BadFile {
        /// The file.
        path: PathBuf,
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        reason: String,
        /// What may be meant instead.
        meant: Option<String>,
    },
    /// A value of a variable is missing or wrong.
    #[error("the value of `{variable}` {reason}")]
    BadValue {
        /// The variable.
        variable: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A prompt.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The repository.
    #[error(transparent)]
    Git(#[from] mlxcode_git::Error),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] mlxcode_models::Error),
    /// The edits failed.
    #[error(transparent)]
    Edit(#[from] mlxcode_edit::Error),
    /// A path.
    #[error(transparent)]
    Path(#[from] mlxcode_base::PathError),
    /// The code base could not be read.
    #[error(transparent)]
    Context(#[from] mlxcode_context::Error),
    /// What the caller brought failed: a runner of commands, a way to apply.
    #[error(transparent)]
    Caller(#[from] mlxcode_base::BoxDiagnostic),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl From<crate::error::Error> for TaskError {
    fn from(error: crate::error::Error) -> Self {
        Self::Caller(mlxcode_base::BoxDiagnostic::new(error))
    }
}

/// A result with a [`TaskError`].
pub type TaskResult<T, E = TaskError> = std::result::Result<T, E>;

impl Diagnostic for TaskError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NothingStaged | Self::Nothing { .. } | Self::Unknown { .. } => {
                ErrorKind::NotFound
            }
            Self::Secrets { .. } => ErrorKind::PermissionDenied,
            Self::NoRoom { .. } => ErrorKind::ResourceExhausted,
            Self::NoAnswer { .. } | Self::Refused { .. } => ErrorKind::Conflict,
            Self::Template { .. } | Self::BadFile { .. } | Self::BadValue { .. } => {
                ErrorKind::InvalidInput
            }
            Self::Io { source, .. } => io_error_kind(source),
            Self::Prompt(source) => source.kind(),
            Self::Git(source) => source.kind(),
            Self::Model(source) => source.kind(),
            Self::Edit(source) => source.kind(),
            Self::Path(source) => source.kind(),
            Self::Context(source) => source.kind(),
            Self::Caller(source) => source.kind(),
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NothingStaged => "task.nothing_staged",
            Self::Nothing { .. } => "task.nothing",
            Self::Secrets { .. } => "task.secrets",
            Self::NoRoom { .. } => "task.no_room",
            Self::NoAnswer { .. } => "task.no_answer",
            Self::Refused { .. } => "task.refused",
            Self::Template { .. } => "task.template",
            Self::Unknown { .. } => "task.unknown",
            Self::BadFile { .. } => "task.bad_file",
            Self::BadValue { .. } => "task.bad_value",
            Self::Io { .. } => "task.io",
            Self::Prompt(source) => source.code(),
            Self::Git(source) => source.code(),
            Self::Model(source) => source.code(),
            Self::Edit(source) => source.code(),
            Self::Path(source) => source.code(),
            Self::Context(source) => source.code(),
            Self::Caller(source) => source.code(),
            Self::Cancelled => "task.cancelled",
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::NothingStaged => "stage what belongs together first: git add FILE",
            Self::Nothing { .. } | Self::Io { .. } | Self::Cancelled => return None,
            Self::Secrets { .. } => "remove them, or say that they may be sent",
            Self::NoRoom { .. } => "use a model with a longer context",
            Self::NoAnswer { .. } => "try again, or with a larger model",
            Self::Refused { .. } => "nothing was changed; try again, or with a larger model",
            Self::Template { .. } => "correct the template, or remove it",
            Self::Unknown { choices, .. } if choices.is_empty() => return None,
            Self::Unknown { choices, .. } => {
                return Some(format!("there is: {}", choices.join(", ")));
            }
            Self::BadFile { meant, .. } => {
                return meant.as_ref().map(|meant| format!("did you mean `{meant}`?"));
            }
            Self::BadValue { variable, .. } => return Some(format!("give one: {variable}=VALUE")),
            Self::Prompt(source) => return source.help(),
            Self::Git(source) => return source.help(),
            Self::Model(source) => return source.help(),
            Self::Edit(source) => return source.help(),
            Self::Path(source) => return source.help(),
            Self::Context(source) => return source.help(),
            Self::Caller(source) => return source.help(),
        };
        Some(text.to_owned())
    }
}
