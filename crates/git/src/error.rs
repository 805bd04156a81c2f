use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, RelPath, io_error_kind};
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
    /// Git does not trust a repository that another user owns.
    #[error("git refuses {work_tree}: another user owns it")]
    NotTrusted {
        /// The work tree.
        work_tree: PathBuf,
    },
    /// The git program refused.
    #[error("git {verb} failed: {message}")]
    Failed {
        /// The verb, such as `status`.
        verb: &'static str,
        /// Why, in its own words.
        message: String,
    },
    /// The program's answer is not understood.
    #[error("git {verb} gave an answer that cannot be read")]
    Unreadable {
        /// The verb.
        verb: &'static str,
    },
    /// The program's answer is longer than is held in memory.
    #[error("git {verb} gave more than {limit_bytes} bytes")]
    TooLarge {
        /// The verb.
        verb: &'static str,
        /// The most that is read.
        limit_bytes: usize,
    },
    /// The path to look from cannot be followed.
    #[error("cannot look for a repository from {path}")]
    Discover {
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The repository sets up a program under a name that cannot be switched off.
    #[error("the repository's configuration has the odd setting `{setting}`")]
    OddSetting {
        /// The setting's name.
        setting: String,
    },
    /// A file passes through a program of the repository when it is committed.
    #[error("{path} goes through the repository's own filter `{filter}`")]
    Filtered {
        /// The file.
        path: RelPath,
        /// The filter's name.
        filter: String,
    },
    /// A text that names no commit.
    #[error("`{revision}` names no commit")]
    NoRevision {
        /// What was given.
        revision: String,
    },
    /// A hook or a signing program of the user or the repository said no.
    #[error("git did not commit: {message}")]
    Stopped {
        /// What it said, its last lines.
        message: String,
    },
    /// There is nothing to commit.
    #[error("none of the files has changed")]
    NothingToCommit,
    /// A commit without a message.
    #[error("the commit message is empty")]
    EmptyMessage,
    /// Git does not know whose commit it would be.
    #[error("git does not know the author's name and address")]
    NoIdentity,
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoProgram | Self::Failed { .. } | Self::NoIdentity => ErrorKind::Unavailable,
            Self::Spawn { source, .. } | Self::Discover { source, .. } => io_error_kind(source),
            Self::NotTrusted { .. } => ErrorKind::PermissionDenied,
            Self::Unreadable { .. } | Self::OddSetting { .. } | Self::Filtered { .. } => {
                ErrorKind::Unsupported
            }
            Self::TooLarge { .. } => ErrorKind::ResourceExhausted,
            Self::NothingToCommit | Self::NoRevision { .. } => ErrorKind::NotFound,
            Self::Stopped { .. } => ErrorKind::Conflict,
            Self::EmptyMessage => ErrorKind::InvalidInput,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoProgram => "git.not_installed",
            Self::Spawn { .. } => "git.not_run",
            Self::NotTrusted { .. } => "git.not_trusted",
            Self::Failed { .. } => "git.failed",
            Self::Unreadable { .. } => "git.unreadable",
            Self::TooLarge { .. } => "git.too_large",
            Self::Discover { .. } => "git.discover",
            Self::OddSetting { .. } => "git.odd_setting",
            Self::Filtered { .. } => "git.filtered",
            Self::NoRevision { .. } => "git.no_revision",
            Self::Stopped { .. } => "git.stopped",
            Self::NothingToCommit => "git.nothing_to_commit",
            Self::EmptyMessage => "git.empty_message",
            Self::NoIdentity => "git.no_identity",
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::NoProgram => "install git; everything but version control works without it",
            Self::Spawn { .. } => "check that the folder exists and can be entered",
            Self::NotTrusted { work_tree } => {
                return Some(format!(
                    "if you trust it: git config --global --add safe.directory '{}'",
                    work_tree.display()
                ));
            }
            Self::Failed { verb, .. } => {
                return Some(format!("run `git {verb}` in the folder to see more"));
            }
            Self::Unreadable { .. } => "git 2.26 or newer is needed",
            Self::TooLarge { .. } => "name fewer files",
            Self::Discover { .. } => "check the path and its permissions",
            Self::OddSetting { .. } => "remove it from .git/config if it is not yours",
            Self::Filtered { .. } => "commit it with git itself, if you trust the filter",
            Self::NoRevision { .. } => "name a branch, a tag or a commit, or two with `..` between",
            Self::Stopped { .. } => "mend what the hook found, or leave hooks out with --no-verify",
            Self::NothingToCommit => "change a file first; ignored files are never committed",
            Self::EmptyMessage => "say in a line what the commit does",
            Self::NoIdentity => "run `git config --global user.name` and `user.email`",
        };
        Some(text.to_owned())
    }
}
