use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can go wrong with stored sessions.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The folder of the file cannot be made, or the file not be kept aside.
    #[error("cannot keep sessions in {path}")]
    Folder {
        /// The folder or the file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file cannot be read or written.
    #[error("the file of sessions {path} cannot be used")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process holds the file for long.
    #[error("the file of sessions {path} is in use")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file does not hold what was written.
    #[error("the file of sessions {path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file belongs to another program.
    #[error("{path} holds no sessions but something else")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version of the program wrote the file.
    #[error("the file of sessions {path} has layout {found}, this program knows up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: u32,
        /// The last one that is known.
        known: u32,
    },
    /// No session is called so.
    #[error("there is no session `{wanted}`")]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// Names and ids that are written alike.
        near: Vec<String>,
    },
    /// Several sessions are called so.
    #[error("`{wanted}` can be {}", candidates.join(" or "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// Their ids and names.
        candidates: Vec<String>,
    },
    /// There is no such turn.
    #[error("session {session} has {turns} turns, not {turn}")]
    NoTurn {
        /// The session.
        session: String,
        /// The turn asked for.
        turn: u32,
        /// The number of its last turn.
        turns: u32,
    },
    /// A name cannot be given.
    #[error("`{name}` is no name for a session: {why}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another session has the name.
    #[error("session {id} is called `{name}` already")]
    NameTaken {
        /// The name.
        name: String,
        /// Whose it is.
        id: String,
    },
    /// A record cannot be stored.
    #[error("a record cannot be stored: {why}")]
    BadRecord {
        /// What is wrong with it.
        why: String,
    },
    /// A query has no word in it.
    #[error("`{query}` has no word to look for")]
    NoWords {
        /// The query.
        query: String,
    },
    /// A file to import is not what it should be.
    #[error("what is to be imported {what}")]
    BadImport {
        /// What is wrong, and where: `line 3: …`.
        what: String,
    },
}

/// A result with a [`SessionError`].
pub type Result<T, E = SessionError> = std::result::Result<T, E>;

impl Diagnostic for SessionError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Folder { source, .. } => io_error_kind(source),
            Self::Database { .. } | Self::Busy { .. } => ErrorKind::Unavailable,
            Self::Damaged { .. } => ErrorKind::Corrupt,
            Self::Foreign { .. }
            | Self::Ambiguous { .. }
            | Self::BadName { .. }
            | Self::BadRecord { .. }
            | Self::NoWords { .. }
            | Self::BadImport { .. } => ErrorKind::InvalidInput,
            Self::Newer { .. } => ErrorKind::Unsupported,
            Self::NotFound { .. } | Self::NoTurn { .. } => ErrorKind::NotFound,
            Self::NameTaken { .. } => ErrorKind::AlreadyExists,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "sessions.folder",
            Self::Database { .. } => "sessions.database",
            Self::Busy { .. } => "sessions.busy",
            Self::Damaged { .. } => "sessions.damaged",
            Self::Foreign { .. } => "sessions.foreign",
            Self::Newer { .. } => "sessions.newer",
            Self::NotFound { .. } => "sessions.not_found",
            Self::Ambiguous { .. } => "sessions.ambiguous",
            Self::NoTurn { .. } => "sessions.no_turn",
            Self::BadName { .. } => "sessions.bad_name",
            Self::NameTaken { .. } => "sessions.name_taken",
            Self::BadRecord { .. } => "sessions.bad_record",
            Self::NoWords { .. } => "sessions.no_words",
            Self::BadImport { .. } => "sessions.bad_import",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Folder { .. } => "check the folder's permissions and the free space".to_owned(),
            Self::Database { .. } => {
                "check the file's permissions and the free space of its disk".to_owned()
            }
            Self::Busy { .. } => "try again when the other program is done".to_owned(),
            Self::Damaged { .. } => "`mlx-code sessions repair` saves what can be read and keeps \
                 the damaged file aside"
                .to_owned(),
            Self::Foreign { .. } => "move the file away".to_owned(),
            Self::Newer { .. } => "use the newer program".to_owned(),
            Self::NotFound { near, .. } if near.is_empty() => {
                "`mlx-code sessions list` shows those of this project".to_owned()
            }
            Self::NotFound { near, .. } => format!("did you mean `{}`?", near.join("` or `")),
            Self::Ambiguous { .. } => "write more of the id or of the name".to_owned(),
            Self::NoTurn { .. } => "`mlx-code sessions show` tells the turns".to_owned(),
            Self::BadName { .. } => {
                "a name is a line of 1 to 80 characters; an id would be taken for one".to_owned()
            }
            Self::NameTaken { .. } => "take another name".to_owned(),
            Self::BadRecord { .. } => return None,
            Self::NoWords { .. } => "write letters or digits".to_owned(),
            Self::BadImport { .. } => "import what `mlx-code sessions export` wrote".to_owned(),
        })
    }
}

/// The error for one of SQLite's.
pub fn failed(path: &Path, error: rusqlite::Error) -> SessionError {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    let path = path.to_owned();
    if matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked)) {
        SessionError::Busy { path }
    } else if is_damage(&error) {
        SessionError::Damaged { path, what: error.to_string() }
    } else {
        SessionError::Database { path, source: Box::new(error) }
    }
}

/// Whether the file itself is at fault.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, DatabaseCorrupt, NotADatabase, TypeMismatch};
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(
                failure.code,
                DatabaseCorrupt | NotADatabase | ConstraintViolation | TypeMismatch
            ) || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ
                // Statements and rows are those of this program: what does not
                // fit is the layout, which lies in the file too.
                || failure.extended_code == rusqlite::ffi::SQLITE_ERROR
        }
        // Columns that hold something else than was written.
        rusqlite::Error::SqlInputError { .. }
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::QueryReturnedNoRows => true,
        _ => false,
    }
}
