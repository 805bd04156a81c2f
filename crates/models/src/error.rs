use mlxcode_base::{BoxDiagnostic, Diagnostic, ErrorKind};
use thiserror::Error;

/// What can go wrong with a model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The worker thread ended before the answer did.
    #[error("the model's worker stopped before the answer was finished")]
    EngineStopped,
    /// The prompt leaves no room for an answer.
    #[error("the prompt takes {prompt_tokens} tokens, the context holds {context_length}")]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Tokens that fit.
        context_length: usize,
    },
    /// An option is out of its range.
    #[error("{option} is {value}, it must be {range}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// What was passed.
        value: String,
        /// What is allowed, in words.
        range: &'static str,
    },
    /// A scripted model was asked more often than it has replies.
    #[error("the scripted model has no reply left")]
    ScriptExhausted,
    /// Whatever runs the model failed; the source tells how.
    #[error(transparent)]
    Engine {
        /// The engine's own error.
        source: BoxDiagnostic,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::EngineStopped => ErrorKind::Internal,
            Self::PromptTooLong { .. } => ErrorKind::ResourceExhausted,
            Self::InvalidOption { .. } => ErrorKind::InvalidInput,
            Self::ScriptExhausted => ErrorKind::Unavailable,
            Self::Engine { source } => source.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::EngineStopped => "models.engine_stopped",
            Self::PromptTooLong { .. } => "models.prompt_too_long",
            Self::InvalidOption { .. } => "models.invalid_option",
            Self::ScriptExhausted => "models.script_exhausted",
            Self::Engine { source } => source.code(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::EngineStopped => Some("load the model again; if it repeats, report it".into()),
            Self::PromptTooLong { .. } => {
                Some("shorten the prompt or use a model with a longer context".into())
            }
            Self::InvalidOption { range, .. } => Some(format!("pass a value that is {range}")),
            Self::ScriptExhausted => Some("give the script one reply for every request".into()),
            Self::Engine { source } => source.help(),
        }
    }
}
