use std::io;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can go wrong with a recording.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The recording cannot be written.
    #[error("the recording cannot be written")]
    Unwritable {
        /// What the operating system said.
        source: io::Error,
    },
    /// The recording cannot be read.
    #[error("line {line} of the recording {what}")]
    Unreadable {
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// Another request comes than the one that was recorded.
    #[error(
        "request {number} is not the recorded one: {place} differs\n  recorded: {recorded}\n  \
         asked:    {asked}"
    )]
    Differs {
        /// The request, from one.
        number: usize,
        /// Where, such as `message 3 of user, line 12`.
        place: String,
        /// What was recorded there.
        recorded: String,
        /// What was asked there.
        asked: String,
    },
    /// More is asked than was recorded.
    #[error("the recording holds {requests} requests, and another one comes")]
    Ended {
        /// How many it holds.
        requests: usize,
    },
    /// The tokens of a prompt are asked for that was not recorded.
    #[error("the recording does not tell how many tokens this takes: {excerpt}")]
    NotCounted {
        /// How the prompt begins.
        excerpt: String,
    },
    /// The model failed then, and so it does now.
    #[error("{message}")]
    Recorded {
        /// The kind of the error.
        kind: ErrorKind,
        /// Its sentence.
        message: String,
    },
}

impl Diagnostic for RecordingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unwritable { source } => io_error_kind(source),
            Self::Unreadable { .. } => ErrorKind::InvalidInput,
            Self::Differs { .. } | Self::Ended { .. } | Self::NotCounted { .. } => {
                ErrorKind::Conflict
            }
            Self::Recorded { kind, .. } => *kind,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unwritable { .. } => "recording.unwritable",
            Self::Unreadable { .. } => "recording.unreadable",
            Self::Differs { .. } => "recording.differs",
            Self::Ended { .. } => "recording.ended",
            Self::NotCounted { .. } => "recording.not_counted",
            Self::Recorded { .. } => "recording.failed_then",
        }
    }

    fn help(&self) -> Option<String> {
        Some(
            match self {
                Self::Unwritable { .. } => "check the path and the free space",
                Self::Unreadable { .. } => "record it again",
                Self::Differs { .. } | Self::Ended { .. } | Self::NotCounted { .. } => {
                    "replay with the files, the configuration and the program as they were, or \
                     record it again"
                }
                Self::Recorded { .. } => return None,
            }
            .to_owned(),
        )
    }
}
