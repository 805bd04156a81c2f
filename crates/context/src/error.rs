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
    /// Nothing in the tree has a name.
    #[error("no file and no symbol here is called {name}")]
    NameNotFound {
        /// The name.
        name: String,
    },
    /// A line that a text does not have.
    #[error("{path} has {lines} lines, and no line {line}")]
    NoSuchLine {
        /// The file.
        path: RelPath,
        /// The line.
        line: usize,
        /// How many it has.
        lines: usize,
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
            Self::FileNotFound { .. } | Self::NameNotFound { .. } => ErrorKind::NotFound,
            Self::BadRules { .. } | Self::EditOutside { .. } | Self::NoSuchLine { .. } => {
                ErrorKind::InvalidInput
            }
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
            Self::NameNotFound { .. } => "context.name_not_found",
            Self::NoSuchLine { .. } => "context.no_such_line",
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
            Self::NameNotFound { .. } => {
                "write a path, a symbol such as `Port.open`, or PATH:LINE:COLUMN where it is used"
            }
            Self::NoSuchLine { .. } => "lines count from one",
            Self::Path(source) => return source.help(),
        };
        Some(text.to_owned())
    }
}
