//! From the library's errors to Python's exceptions.

use mlxcode_core::{Error, ErrorKind};
use pyo3::prelude::*;

/// Makes the exception of `error`: the class says its kind.
pub fn raise(py: Python<'_>, error: impl Into<Error>) -> PyErr {
    let error = error.into();
    let make = || {
        let class = py.import("mlx_code.errors")?.getattr(class_name(error.kind()))?;
        class.call1((error.sentence(), error.code(), error.help()))
    };
    match make() {
        Ok(exception) => PyErr::from_value(exception),
        Err(broken) => broken,
    }
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
