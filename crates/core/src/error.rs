use std::fmt;

use mlxcode_base::{BoxDiagnostic, Diagnostic, ErrorKind};

/// Any error of the library: a kind to decide on, a code to look up, a
/// sentence to show and, where there is one, a remedy.
#[derive(Debug)]
pub struct Error(BoxDiagnostic);

/// A result with the library's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The class of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// A stable name such as `models.checksum_mismatch`.
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// What the user can do about it, where there is something to do.
    pub fn help(&self) -> Option<String> {
        self.0.help()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl<E: Diagnostic> From<E> for Error {
    fn from(error: E) -> Self {
        Self(BoxDiagnostic::new(error))
    }
}
