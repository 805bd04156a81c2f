use std::io;

use mlxcode_base::{BoxDiagnostic, Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can go wrong when a model runs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A weight could not be read, or a step of the computation failed.
    #[error("the computation failed")]
    Compute(#[from] candle_core::Error),
    /// The model's files do not hold what they should.
    #[error(transparent)]
    Model(#[from] mlxcode_models::Error),
    /// The weights cannot be read.
    #[error("cannot read the weights")]
    Read {
        /// What the operating system said.
        source: io::Error,
    },
    /// The worker thread could not be started.
    #[error("cannot start the model's thread")]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
    /// The logits hold no number.
    #[error("the model's logits hold no number")]
    NotFinite,
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Compute(_) => ErrorKind::Internal,
            Self::Model(source) => source.kind(),
            Self::Read { source } | Self::Thread { source } => io_error_kind(source),
            Self::NotFinite => ErrorKind::Corrupt,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Compute(_) => "inference.compute",
            Self::Model(source) => source.code(),
            Self::Read { .. } => "inference.read",
            Self::Thread { .. } => "inference.thread",
            Self::NotFinite => "inference.not_finite",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Compute(_) => Some("report it with the model's name".to_owned()),
            Self::Model(source) => source.help(),
            Self::Read { .. } => Some("check that the files are still there".to_owned()),
            Self::Thread { .. } => Some("close other programs and try again".to_owned()),
            Self::NotFinite => {
                Some("`models verify` tells whether the weights are damaged".to_owned())
            }
        }
    }
}

/// As the `LanguageModel` trait reports it.
pub fn into_models(error: Error) -> mlxcode_models::Error {
    match error {
        Error::Model(source) => source,
        error => mlxcode_models::Error::Engine { source: BoxDiagnostic::new(error) },
    }
}
