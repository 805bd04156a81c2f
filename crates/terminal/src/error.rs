use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can go wrong between a program and a terminal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The terminal could not be read or written.
    #[error("the terminal does not answer")]
    Terminal {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file of past inputs could not be read or written.
    #[error("the history {path} cannot be used", path = path.display())]
    History {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Terminal { source } | Self::History { source, .. } => io_error_kind(source),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Terminal { .. } => "terminal.not_answering",
            Self::History { .. } => "terminal.history_unusable",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Terminal { .. } => {
                Some("run it in a terminal, or pass --print with a question".to_owned())
            }
            Self::History { path, .. } => {
                Some(format!("make {} writable, or remove it", path.display()))
            }
        }
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Self::Terminal { source }
    }
}
