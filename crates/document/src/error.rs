use mlxcode_base::{Diagnostic, ErrorKind};
use thiserror::Error;

/// Why a document could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// It asks for a password.
    #[error("the document is encrypted and asks for a password")]
    Encrypted,
    /// It is damaged, or nothing of the kind.
    #[error("the document cannot be read: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Encrypted => ErrorKind::PermissionDenied,
            Self::Damaged { .. } => ErrorKind::Corrupt,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Encrypted => "document.encrypted",
            Self::Damaged { .. } => "document.damaged",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Encrypted => "save it without its password".to_owned(),
            Self::Damaged { .. } => "open it in another program, and save it again".to_owned(),
        })
    }
}
