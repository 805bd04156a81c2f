//! Words that every mlx-code crate uses.
//!
//! The principal types are [`RelPath`] and [`Root`], a path that cannot leave
//! its folder, and [`Diagnostic`], the face that every error of the library
//! shows: a kind, a code and a help line. Everything else here is vocabulary:
//! byte and line ranges, languages, cancellation, progress, content hashes.
//!
//! Offsets are UTF-8 bytes, ranges are half open, lines count from one.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files they need"))]

mod cancel;
mod embedder;
mod error;
mod hash;
mod language;
mod near;
mod path;
mod path_name;
mod progress;
mod secret;
mod size;
mod text;

pub use cancel::CancelToken;
pub use embedder::Embedder;
pub use error::{BoxDiagnostic, Diagnostic, ErrorKind, io_error_kind};
pub use hash::{ContentHash, ContentHasher};
pub use language::Language;
pub use near::nearest;
pub use path::{PathError, RelPath, Root};
pub use path_name::is_device_name;
pub use progress::{Progress, ProgressEvent};
pub use secret::{is_secret_variable, secret_variables};
pub use size::ByteSize;
pub use text::{LineIndex, LineRange, TextRange};
