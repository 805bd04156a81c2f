use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can go wrong with a repository.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The git program is not there.
    #[error("the git program is not installed")]
    NoProgram,
    /// The git program could not be run.
    #[error("cannot run git in {work_tree}")]
    Spawn {
        /// The work tree.
        work_tree: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The git program refused.
    #[error("git {verb} failed: {message}")]
    Failed {
        /// The verb, such as `status`.
        verb: &'static str,
        /// Its last words.
        message: String,
    },
    /// The program's answer is not understood.
    #[error("git {verb} gave an answer that cannot be read")]
    Unreadable {
        /// The verb.
        verb: &'static str,
    },
    /// The path to look from cannot be followed.
    #[error("cannot look for a repository from {path}")]
    Discover {
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is nothing to commit.
    #[error("none of the files has changed")]
    NothingToCommit,
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoProgram => ErrorKind::Unavailable,
            Self::Spawn { source, .. } | Self::Discover { source, .. } => io_error_kind(source),
            Self::Failed { .. } | Self::Unreadable { .. } => ErrorKind::Internal,
            Self::NothingToCommit => ErrorKind::NotFound,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoProgram => "git.not_installed",
            Self::Spawn { .. } => "git.not_run",
            Self::Failed { .. } => "git.failed",
            Self::Unreadable { .. } => "git.unreadable",
            Self::Discover { .. } => "git.discover",
            Self::NothingToCommit => "git.nothing_to_commit",
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::NoProgram => "install git; everything but version control works without it",
            Self::Spawn { .. } => "check that the folder exists and can be entered",
            Self::Failed { .. } => "run the same git command in the folder to see more",
            Self::Unreadable { .. } => "git 2.11 or newer is needed",
            Self::Discover { .. } => "check the path and its permissions",
            Self::NothingToCommit => "change a file first",
        };
        Some(text.to_owned())
    }
}
