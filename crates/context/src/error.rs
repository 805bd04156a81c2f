use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, PathError, RelPath, TextRange};
use thiserror::Error;

/// What can go wrong when code is read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller stopped the work.
    #[error("stopped while reading the code")]
    Cancelled,
    /// A file that was asked for is not among those that are read.
    #[error("{path} is not a text file below the root")]
    FileNotFound {
        /// The file.
        path: RelPath,
    },
    /// A file that was asked for does not fit.
    #[error("{path} takes {tokens} tokens, {room} are free for it")]
    FileTooLong {
        /// The file.
        path: RelPath,
        /// The tokens it takes.
        tokens: usize,
        /// The tokens that are left.
        room: usize,
    },
    /// The rules of what to ignore cannot be read.
    #[error(
        "the rules in {folder}, .gitignore, .ignore or .mlxignore, are no plain file of at most 1 MiB"
    )]
    BadRules {
        /// The folder.
        folder: PathBuf,
    },
    /// An edit is not of the text that it was given for.
    #[error("bytes {}-{} are no part of a text of {len} bytes", range.start, range.end)]
    EditOutside {
        /// What was to be replaced.
        range: TextRange,
        /// The length of the text.
        len: usize,
    },
    /// A path leads out of the root.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Cancelled,
            Self::FileNotFound { .. } => ErrorKind::NotFound,
            Self::BadRules { .. } | Self::EditOutside { .. } => ErrorKind::InvalidInput,
            Self::FileTooLong { .. } => ErrorKind::ResourceExhausted,
            Self::Path(source) => source.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "context.cancelled",
            Self::FileNotFound { .. } => "context.file_not_found",
            Self::BadRules { .. } => "context.bad_rules",
            Self::EditOutside { .. } => "context.edit_outside",
            Self::FileTooLong { .. } => "context.file_too_long",
            Self::Path(source) => source.code(),
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Cancelled => return None,
            Self::FileNotFound { .. } => {
                "check the path; ignored, binary and very large files are not read"
            }
            Self::BadRules { .. } => "write a plain file in its place, or remove it",
            Self::EditOutside { .. } => {
                "edits count bytes of the text as it was after the edit before"
            }
            Self::FileTooLong { .. } => "use a model with a longer context, or name fewer files",
            Self::Path(source) => return source.help(),
        };
        Some(text.to_owned())
    }
}
