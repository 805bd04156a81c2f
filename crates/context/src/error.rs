use std::io;
use std::path::PathBuf;

use mlxcode_base::{
    BoxDiagnostic, Diagnostic, ErrorKind, PathError, RelPath, TextRange, io_error_kind,
};
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
    /// A glob of what is not to be read is none.
    #[error("`{glob}` is no glob of files to exclude: {why}")]
    BadExclude {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// An edit is not of the text that it was given for.
    #[error("bytes {}-{} are no part of a text of {len} bytes", range.start, range.end)]
    EditOutside {
        /// What was to be replaced.
        range: TextRange,
        /// The length of the text.
        len: usize,
    },
    /// The system does not let the tree be watched.
    #[error("cannot watch the tree")]
    Watch {
        /// What the operating system said.
        source: io::Error,
    },
    /// A language server was asked, and failed.
    #[error(transparent)]
    Server(#[from] crate::precise::ServerError),
    /// Another process writes the index, and takes long.
    #[error("another process has been writing the index {path} for a long time")]
    IndexBusy {
        /// The index.
        path: PathBuf,
    },
    /// The index is damaged. It is built anew when it is next updated.
    #[error("the index {path} is damaged")]
    IndexDamaged {
        /// The index.
        path: PathBuf,
    },
    /// The index's folder or file cannot be made or removed.
    #[error("cannot write {path}")]
    IndexFolder {
        /// The folder or the file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The index cannot be read or written.
    #[error("cannot use the index {path}")]
    Index {
        /// The index.
        path: PathBuf,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file at the place of the index is a database of something else.
    #[error("{path} is a database of another program")]
    NotAnIndex {
        /// The file.
        path: PathBuf,
    },
    /// What is to be found is no pattern.
    #[error("`{pattern}` is no regular expression: {reason}")]
    BadPattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model that gives vectors failed.
    #[error("the model for search by meaning failed")]
    Embed {
        /// What it said.
        source: BoxDiagnostic,
    },
    /// The model that gives vectors gave others than were asked for.
    #[error("the model {id} gave vectors of another number or length than it says")]
    BadVectors {
        /// The model.
        id: String,
    },
    /// Nothing was asked for.
    #[error("there is nothing to search for")]
    EmptyQuery,
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
    /// Git cannot tell what was changed.
    #[error(transparent)]
    Git(#[from] mlxcode_git::Error),
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
            Self::BadRules { .. }
            | Self::BadExclude { .. }
            | Self::EditOutside { .. }
            | Self::BadPattern { .. }
            | Self::NoSuchLine { .. }
            | Self::EmptyQuery => ErrorKind::InvalidInput,
            Self::FileTooLong { .. } => ErrorKind::ResourceExhausted,
            Self::IndexBusy { .. } => ErrorKind::Unavailable,
            Self::IndexDamaged { .. } => ErrorKind::Corrupt,
            Self::IndexFolder { source, .. } | Self::Watch { source } => io_error_kind(source),
            Self::Index { .. } | Self::BadVectors { .. } => ErrorKind::Internal,
            Self::NotAnIndex { .. } => ErrorKind::AlreadyExists,
            Self::Git(source) => source.kind(),
            Self::Embed { source } => source.kind(),
            Self::Path(source) => source.kind(),
            Self::Server(source) => source.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "context.cancelled",
            Self::FileNotFound { .. } => "context.file_not_found",
            Self::BadRules { .. } => "context.bad_rules",
            Self::BadExclude { .. } => "context.bad_exclude",
            Self::EditOutside { .. } => "context.edit_outside",
            Self::FileTooLong { .. } => "context.file_too_long",
            Self::IndexBusy { .. } => "context.index_busy",
            Self::IndexDamaged { .. } => "context.index_damaged",
            Self::IndexFolder { .. } => "context.index_unwritable",
            Self::Watch { .. } => "context.watch",
            Self::Index { .. } => "context.index_failed",
            Self::NotAnIndex { .. } => "context.not_an_index",
            Self::BadPattern { .. } => "context.bad_pattern",
            Self::EmptyQuery => "context.empty_query",
            Self::NameNotFound { .. } => "context.name_not_found",
            Self::NoSuchLine { .. } => "context.no_such_line",
            Self::Git(source) => source.code(),
            Self::Embed { .. } => "context.embedding_failed",
            Self::BadVectors { .. } => "context.bad_vectors",
            Self::Path(source) => source.code(),
            Self::Server(source) => source.code(),
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Cancelled => return None,
            Self::FileNotFound { .. } => {
                "check the path; ignored, binary and very large files are not read"
            }
            Self::BadExclude { .. } => "write it as a line of a `.gitignore`",
            Self::BadRules { .. } => "write a plain file in its place, or remove it",
            Self::EditOutside { .. } => {
                "edits count bytes of the text as it was after the edit before"
            }
            Self::FileTooLong { .. } => "use a model with a longer context, or name fewer files",
            Self::IndexBusy { .. } => "wait until it is done, or end it",
            Self::IndexDamaged { .. } => "update the index; it is built anew",
            Self::Watch { .. } => "close other programs and try again",
            Self::IndexFolder { .. } => "check that the folder of the indexes can be written",
            Self::Index { .. } => "check the disk; the file can be removed, it is built anew",
            Self::NotAnIndex { .. } => "name another file for the index",
            Self::BadPattern { .. } => "search for the words as they stand, without --regex",
            Self::EmptyQuery => "give a word, a name or a question",
            Self::NameNotFound { .. } => {
                "write a path, a symbol such as `Port.open`, or PATH:LINE:COLUMN where it is used"
            }
            Self::NoSuchLine { .. } => "lines count from one",
            Self::Git(source) => return source.help(),
            Self::Embed { source } => return source.help(),
            Self::BadVectors { .. } => "search without this model",
            Self::Path(source) => return source.help(),
            Self::Server(source) => return source.help(),
        };
        Some(text.to_owned())
    }
}
