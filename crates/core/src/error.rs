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

    /// For a trait of another crate, whose errors keep those of this one.
    pub(crate) fn into_diagnostic(self) -> BoxDiagnostic {
        self.0
    }

    /// What led to it, nearest first, without what the sentence before says.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut source = std::error::Error::source(self);
        let mut last = self.to_string();
        while let Some(cause) = source {
            let sentence = cause.to_string();
            if !last.contains(&sentence) {
                causes.push(sentence.clone());
            }
            last = sentence;
            source = cause.source();
        }
        causes
    }

    /// The message and its causes in one line, for faces that show only one.
    pub fn sentence(&self) -> String {
        [vec![self.to_string()], self.causes()].concat().join(": ")
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
