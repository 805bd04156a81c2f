use mlxcode_base::{BoxDiagnostic, Diagnostic, ErrorKind};
use thiserror::Error;

use crate::attachment::AttachmentError;
use crate::prompts::PromptError;

/// What can go wrong in a turn.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was asked.
    #[error("the {what} is empty")]
    EmptyInput {
        /// What was empty: `question` or `instruction`.
        what: &'static str,
    },
    /// The instructions and the question alone do not fit.
    #[error(
        "the question alone takes {needed_tokens} tokens, the model's context holds {context_length}"
    )]
    QuestionTooLong {
        /// Tokens of instructions and question, without any passage.
        needed_tokens: usize,
        /// Tokens that the model's context holds.
        context_length: usize,
    },
    /// A turn of the session is running.
    #[error("a turn of this session is running")]
    Busy,
    /// A prompt could not be laid out.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// No skill has this name.
    #[error("no skill is called `{name}`")]
    UnknownSkill {
        /// The name.
        name: String,
    },
    /// A skill cannot be read.
    #[error("the skill `{name}` cannot be read: {reason}")]
    BadSkill {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Whoever provides the tree or its code failed.
    #[error(transparent)]
    Ground(BoxDiagnostic),
    /// The code base could not be read.
    #[error(transparent)]
    Context(#[from] mlxcode_context::Error),
    /// A picture or a document could not be read.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] mlxcode_models::Error),
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::EmptyInput { .. } => ErrorKind::InvalidInput,
            Self::QuestionTooLong { .. } => ErrorKind::ResourceExhausted,
            Self::Busy => ErrorKind::Conflict,
            Self::UnknownSkill { .. } => ErrorKind::NotFound,
            Self::BadSkill { .. } => ErrorKind::Corrupt,
            Self::Prompt(source) => source.kind(),
            Self::Ground(source) => source.kind(),
            Self::Context(source) => source.kind(),
            Self::Attachment(source) => source.kind(),
            Self::Model(source) => source.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::EmptyInput { .. } => "agent.empty_input",
            Self::QuestionTooLong { .. } => "agent.question_too_long",
            Self::Busy => "agent.busy",
            Self::UnknownSkill { .. } => "agent.unknown_skill",
            Self::BadSkill { .. } => "agent.bad_skill",
            Self::Prompt(source) => source.code(),
            Self::Ground(source) => source.code(),
            Self::Context(source) => source.code(),
            Self::Attachment(source) => source.code(),
            Self::Model(source) => source.code(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownSkill { .. } => Some("`/skill` lists those that there are".to_owned()),
            Self::BadSkill { .. } => None,
            Self::EmptyInput { what } => Some(format!("write the {what} in quotes")),
            Self::QuestionTooLong { .. } => {
                Some("shorten the question or use a model with a longer context".to_owned())
            }
            Self::Busy => Some("wait for its end, or cancel it".to_owned()),
            Self::Prompt(source) => source.help(),
            Self::Ground(source) => source.help(),
            Self::Context(source) => source.help(),
            Self::Attachment(source) => source.help(),
            Self::Model(source) => source.help(),
        }
    }
}
