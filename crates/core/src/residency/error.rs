use std::fmt;
use std::io;
use std::sync::Arc;

use mlxcode_base::{ByteSize, Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

use crate::error::Error;

/// Why a model is not brought into memory.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResidencyError {
    /// It takes more than all models may take together.
    #[error(
        "{reference} takes {} of memory, models may take {} together",
        ByteSize(*size_bytes),
        ByteSize(*budget_bytes)
    )]
    OverBudget {
        /// The model.
        reference: String,
        /// What it takes.
        size_bytes: u64,
        /// What all may take.
        budget_bytes: u64,
    },
    /// Others that are in use take its room.
    #[error(
        "there is no room for {reference} ({}): {} in use",
        ByteSize(*size_bytes),
        in_use.join(", ")
    )]
    NoRoom {
        /// The model.
        reference: String,
        /// What it takes.
        size_bytes: u64,
        /// Who takes the room.
        in_use: Vec<String>,
    },
    /// More models are known than may be.
    #[error("{most} models are in memory or being loaded")]
    TooMany {
        /// The most that may be.
        most: usize,
    },
    /// All who asked for it left.
    #[error("stopped")]
    Cancelled,
    /// No thread could be started.
    #[error("cannot start a thread that loads {reference}")]
    Thread {
        /// The model.
        reference: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The loader panicked.
    #[error("loading {reference} ended without a result")]
    Lost {
        /// The model.
        reference: String,
    },
}

impl Diagnostic for ResidencyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::OverBudget { .. } | Self::NoRoom { .. } | Self::TooMany { .. } => {
                ErrorKind::ResourceExhausted
            }
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Thread { source, .. } => io_error_kind(source),
            Self::Lost { .. } => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::OverBudget { .. } => "residency.over_budget",
            Self::NoRoom { .. } => "residency.no_room",
            Self::TooMany { .. } => "residency.too_many",
            Self::Cancelled => "residency.cancelled",
            Self::Thread { .. } => "residency.thread",
            Self::Lost { .. } => "residency.lost",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::OverBudget { .. } => {
                Some("allow models more memory, or use a smaller one".to_owned())
            }
            Self::NoRoom { .. } | Self::TooMany { .. } => {
                Some("try again when one of them is not used any more".to_owned())
            }
            Self::Cancelled => None,
            Self::Thread { .. } => Some("close other programs and try again".to_owned()),
            Self::Lost { .. } => Some("report it with the model's name".to_owned()),
        }
    }
}

/// An error that several wait for.
#[derive(Clone, Debug)]
pub struct SharedError(pub Arc<Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}

impl Diagnostic for SharedError {
    fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    fn code(&self) -> &'static str {
        self.0.code()
    }

    fn help(&self) -> Option<String> {
        self.0.help()
    }
}
