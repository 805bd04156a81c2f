use std::io;
use std::path::PathBuf;
use std::time::Duration;

use mlxcode_base::{Diagnostic, ErrorKind, Language, io_error_kind};
use thiserror::Error;

/// What can go wrong with a language server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// None is installed, or known.
    #[error("no language server for {language} is installed")]
    NotInstalled {
        /// The language.
        language: Language,
    },
    /// The program cannot be started.
    #[error("cannot start the language server {program}")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It ended, or closed its streams.
    #[error("the language server {name} ended in the middle")]
    Ended {
        /// The server.
        name: &'static str,
    },
    /// It did not answer.
    #[error("the language server {name} has not answered {method} for {} s", time.as_secs())]
    Silent {
        /// The server.
        name: &'static str,
        /// What was asked.
        method: &'static str,
        /// How long it was waited for.
        time: Duration,
    },
    /// A message is longer than any answer can be.
    #[error("the language server {name} announced a message of {bytes} bytes")]
    TooLong {
        /// The server.
        name: &'static str,
        /// Its length.
        bytes: u64,
    },
    /// What it sent is no message.
    #[error("the language server {name} sent something that is no message")]
    Malformed {
        /// The server.
        name: &'static str,
    },
    /// It refused.
    #[error("the language server {name} refused {method}: {message}")]
    Refused {
        /// The server.
        name: &'static str,
        /// What was asked.
        method: &'static str,
        /// What it said.
        message: String,
    },
    /// The caller stopped the work.
    #[error("stopped while a language server was asked")]
    Cancelled,
}

impl Diagnostic for ServerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotInstalled { .. } | Self::Ended { .. } | Self::Refused { .. } => {
                ErrorKind::Unavailable
            }
            Self::Start { source, .. } => io_error_kind(source),
            Self::Silent { .. } => ErrorKind::Timeout,
            Self::TooLong { .. } => ErrorKind::ResourceExhausted,
            Self::Malformed { .. } => ErrorKind::Corrupt,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled { .. } => "context.server_missing",
            Self::Start { .. } => "context.server_start",
            Self::Ended { .. } => "context.server_ended",
            Self::Silent { .. } => "context.server_silent",
            Self::TooLong { .. } => "context.server_too_long",
            Self::Malformed { .. } => "context.server_malformed",
            Self::Refused { .. } => "context.server_refused",
            Self::Cancelled => "context.cancelled",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotInstalled { .. } => {
                "install one of those that docs/code-understanding.md names, or leave out --precise"
            }
            Self::Start { .. } => "check that the program runs",
            Self::Cancelled => return None,
            _ => "try again, or leave out --precise",
        };
        Some(help.to_owned())
    }
}
