use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, PathError, io_error_kind};
use thiserror::Error;

use crate::availability::Gap;

/// Why a command was not run, or not to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// This machine cannot confine commands.
    #[error("commands cannot be confined here: {}", sentences(gaps))]
    NotConfined {
        /// What would not be guarded.
        gaps: Vec<Gap>,
    },
    /// This operating system has no way to run commands with limits.
    #[error("commands are not run on this operating system")]
    NoSystem,
    /// There is nothing to run.
    #[error("the command is empty")]
    Empty,
    /// The folder to run in is not below the root.
    #[error(transparent)]
    Folder(#[from] PathError),
    /// A place with secrets lies in a folder that may be written.
    #[error("the folder {folder} holds {hidden}, where secrets are kept")]
    HiddenInside {
        /// The folder that would be open to the command.
        folder: PathBuf,
        /// The place in it that it may not read.
        hidden: PathBuf,
    },
    /// A folder on the way to a place with secrets holds too much to be
    /// allowed entry by entry.
    #[error("the folder {folder} has more than {limit} entries")]
    TooManyEntries {
        /// The folder.
        folder: PathBuf,
        /// The most that are looked at.
        limit: usize,
    },
    /// What is guarded is too large to be put back.
    #[error("the guarded place {place} holds more than {limit_bytes} bytes")]
    GuardTooLarge {
        /// The place.
        place: PathBuf,
        /// The most that is kept of all guarded places.
        limit_bytes: u64,
    },
    /// A guarded place could not be put back.
    #[error("cannot put {place} back as it was before the command")]
    NotPutBack {
        /// The place.
        place: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The temporary folder could not be made.
    #[error("cannot make a temporary folder in {folder}")]
    Temp {
        /// The folder that it was to lie in.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of this program would have been open to the command.
    #[error("the command would inherit the open file {number}, {what}")]
    Inherited {
        /// The descriptor's number.
        number: u32,
        /// What it leads to.
        what: String,
    },
    /// The operating system did not take a rule or start the command.
    #[error("cannot {step}")]
    System {
        /// What was tried.
        step: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn sentences(gaps: &[Gap]) -> String {
    gaps.iter().map(|gap| gap.sentence()).collect::<Vec<_>>().join(", ")
}

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotConfined { .. } | Self::NoSystem => ErrorKind::Unsupported,
            Self::Empty | Self::HiddenInside { .. } => ErrorKind::InvalidInput,
            Self::Folder(source) => source.kind(),
            Self::TooManyEntries { .. } | Self::GuardTooLarge { .. } => {
                ErrorKind::ResourceExhausted
            }
            Self::Inherited { .. } => ErrorKind::Conflict,
            Self::NotPutBack { source, .. }
            | Self::Temp { source, .. }
            | Self::System { source, .. } => io_error_kind(source),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotConfined { .. } => "sandbox.not_confined",
            Self::NoSystem => "sandbox.no_system",
            Self::Empty => "sandbox.empty",
            Self::Folder(source) => source.code(),
            Self::HiddenInside { .. } => "sandbox.hidden_inside",
            Self::TooManyEntries { .. } => "sandbox.too_many_entries",
            Self::GuardTooLarge { .. } => "sandbox.guard_too_large",
            Self::NotPutBack { .. } => "sandbox.not_put_back",
            Self::Temp { .. } => "sandbox.temp",
            Self::Inherited { .. } => "sandbox.inherited",
            Self::System { .. } => "sandbox.system",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotConfined { .. } => {
                "run it without confinement only if you know what it does".to_owned()
            }
            Self::NoSystem => "run the command yourself".to_owned(),
            Self::Empty => "name a program".to_owned(),
            Self::Folder(source) => return source.help(),
            Self::HiddenInside { .. } => {
                "work in the folder of a project, not in the home folder".to_owned()
            }
            Self::TooManyEntries { folder, .. } => {
                format!("move loose files out of {}", folder.display())
            }
            Self::GuardTooLarge { place, .. } => {
                format!("move what is large out of {}", place.display())
            }
            Self::NotPutBack { place, .. } => {
                format!("look at {} before another program reads it", place.display())
            }
            Self::Temp { .. } => "name a folder for temporary files that can be written".to_owned(),
            Self::Inherited { .. } => "start the program without that file being open".to_owned(),
            Self::System { .. } => return None,
        })
    }
}
