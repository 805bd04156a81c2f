//! From the library's errors to Python's exceptions.

use mlxcode_core::{Error, ErrorKind};
use pyo3::prelude::*;

/// Makes the exception of `error`: the class says its kind.
pub fn raise(py: Python<'_>, error: impl Into<Error>) -> PyErr {
    let error = error.into();
    let make = || {
        let class = py.import("mlx_code.errors")?.getattr(class_name(error.kind()))?;
        class.call1((sentence(&error), error.code(), error.help()))
    };
    match make() {
        Ok(exception) => PyErr::from_value(exception),
        Err(broken) => broken,
    }
}

/// The message with its causes: Python shows one line.
fn sentence(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn class_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "InvalidInputError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::AlreadyExists => "AlreadyExistsError",
        ErrorKind::Conflict => "ConflictError",
        ErrorKind::Corrupt => "CorruptError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::PermissionDenied => "PermissionDeniedError",
        ErrorKind::ResourceExhausted => "ResourceExhaustedError",
        ErrorKind::Unavailable => "UnavailableError",
        ErrorKind::Timeout => "TimeoutError",
        ErrorKind::Cancelled => "CancelledError",
        _ => "InternalError",
    }
}
