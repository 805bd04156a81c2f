use std::fmt;
use std::io;

use serde::Serialize;

/// The class of an error: what a caller can decide on without reading text.
///
/// Faces map it once: exit code, Python exception class, HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller passed something that can never work.
    InvalidInput,
    /// What was named does not exist.
    NotFound,
    /// What was to be created is there already.
    AlreadyExists,
    /// The world changed since the caller looked at it.
    Conflict,
    /// Stored data is damaged.
    Corrupt,
    /// Sound input that this build or machine cannot handle.
    Unsupported,
    /// The operating system or a policy said no.
    PermissionDenied,
    /// Disk, memory or a stated limit is used up.
    ResourceExhausted,
    /// Something needed is not there right now; trying again may work.
    Unavailable,
    /// A time limit passed.
    Timeout,
    /// The caller asked to stop.
    Cancelled,
    /// A defect of this library.
    Internal,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::InvalidInput,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::Corrupt,
        Self::Unsupported,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::Unavailable,
        Self::Timeout,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The kind of this name, where there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind's name as it stands in JSON, such as `not_found`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
            Self::PermissionDenied => "permission_denied",
            Self::ResourceExhausted => "resource_exhausted",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The face that every error of the library shows.
///
/// A crate's error enum implements it in one place, next to its variants.
pub trait Diagnostic: std::error::Error + Send + Sync + 'static {
    /// The class of the error.
    fn kind(&self) -> ErrorKind;

    /// A stable name, `<room>.<what>`, such as `models.checksum_mismatch`.
    fn code(&self) -> &'static str;

    /// What the user can do about it: one sentence, or nothing to say.
    fn help(&self) -> Option<String>;
}

/// Maps an I/O error to the kind that a user would call it.
pub fn io_error_kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorKind::PermissionDenied
        }
        io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::OutOfMemory => ErrorKind::ResourceExhausted,
        io::ErrorKind::TimedOut => ErrorKind::Timeout,
        io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidData
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::NotADirectory => ErrorKind::InvalidInput,
        _ => ErrorKind::Unavailable,
    }
}

/// Any crate's error, kept with its kind, code and help: what crosses a trait
/// whose implementations have errors of their own.
#[derive(Debug)]
pub struct BoxDiagnostic(Box<dyn Diagnostic>);

impl BoxDiagnostic {
    /// Wraps an error.
    pub fn new(error: impl Diagnostic) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for BoxDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for BoxDiagnostic {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Diagnostic for BoxDiagnostic {
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
