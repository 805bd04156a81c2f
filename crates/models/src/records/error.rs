use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind};
use thiserror::Error;

/// What can be wrong with the records.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// The database failed.
    #[error("cannot use the records of models in {path}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The folder of the database cannot be made.
    #[error("cannot make the folder of the records, {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A later version of the program wrote the database.
    #[error("the records in {path} are of version {found}, this program knows up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The last one that is known.
        known: u32,
    },
    /// A text that cannot be kept.
    #[error("that {what} cannot be kept: it must have {range}")]
    BadText {
        /// What it is.
        what: &'static str,
        /// What is allowed, in words.
        range: String,
    },
    /// There are too many of something.
    #[error("a model has at most {most} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// No alias has this name.
    #[error("there is no alias called {alias}")]
    NoAlias {
        /// The name asked for.
        alias: String,
    },
    /// The name of an alias is a model's.
    #[error("{alias} is an installed model, it cannot be an alias too")]
    AliasIsModel {
        /// The name asked for.
        alias: String,
    },
    /// An exported state does not hold what it should.
    #[error("that is no exported library: {reason}")]
    BadDocument {
        /// What is wrong, and where.
        reason: String,
    },
    /// A later version of the program exported the state.
    #[error("that library was exported as version {found}, this program knows up to {known}")]
    NewerDocument {
        /// Its version.
        found: u64,
        /// The last one that is known.
        known: u64,
    },
}

impl Diagnostic for RecordsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Database { source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                    ErrorKind::Unavailable
                }
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                    ErrorKind::Corrupt
                }
                Some(rusqlite::ErrorCode::DiskFull) => ErrorKind::ResourceExhausted,
                Some(
                    rusqlite::ErrorCode::CannotOpen
                    | rusqlite::ErrorCode::ReadOnly
                    | rusqlite::ErrorCode::PermissionDenied,
                ) => ErrorKind::PermissionDenied,
                _ => ErrorKind::Internal,
            },
            Self::Folder { source, .. } => mlxcode_base::io_error_kind(source),
            Self::Newer { .. } | Self::NewerDocument { .. } => ErrorKind::Unsupported,
            Self::BadText { .. } | Self::BadDocument { .. } => ErrorKind::InvalidInput,
            Self::TooMany { .. } => ErrorKind::ResourceExhausted,
            Self::NoAlias { .. } => ErrorKind::NotFound,
            Self::AliasIsModel { .. } => ErrorKind::AlreadyExists,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Database { .. } => "models.records",
            Self::Folder { .. } => "models.records_folder",
            Self::Newer { .. } => "models.records_newer",
            Self::BadText { .. } => "models.bad_record",
            Self::TooMany { .. } => "models.too_many_records",
            Self::NoAlias { .. } => "models.no_alias",
            Self::AliasIsModel { .. } => "models.alias_is_model",
            Self::BadDocument { .. } => "models.bad_export",
            Self::NewerDocument { .. } => "models.newer_export",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Database { .. } => match self.kind() {
                ErrorKind::Unavailable => "another program writes them; try again".to_owned(),
                ErrorKind::Corrupt => {
                    "move the file away: tags, notes and counts are lost, models \
                     are not; `models import` brings back what was exported"
                        .to_owned()
                }
                _ => "check the file's permissions and the free space".to_owned(),
            },
            Self::Folder { .. } => "check the folder's permissions and the free space".to_owned(),
            Self::Newer { .. } | Self::NewerDocument { .. } => {
                "use the newer program, of the version that wrote it".to_owned()
            }
            Self::BadText { range, .. } => format!("pass {range}"),
            Self::TooMany { .. } => "remove some first".to_owned(),
            Self::NoAlias { .. } => "`models alias` shows all".to_owned(),
            Self::AliasIsModel { .. } => "choose another name for the alias".to_owned(),
            Self::BadDocument { .. } => "pass a file that `models export` wrote".to_owned(),
        })
    }
}
