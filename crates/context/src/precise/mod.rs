//! Asks a language's own server, where somebody asks for that.
//!
//! The principal type is [`ServerSession`]. Which program is started is said by
//! [`LanguageServer`]: one of a short list, from folders that the caller names;
//! nothing in a tree can choose another.

mod client;
mod diagnostics;
mod error;
mod frame;
mod position;
mod server;
mod session;
mod uri;

pub use diagnostics::{DiagnosticLevel, ServerDiagnostic};
pub use error::ServerError;
pub use server::LanguageServer;
pub use session::{ServerPlace, ServerSession};
