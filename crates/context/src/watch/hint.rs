//! What the system told, in a form that does not hang on who told it.

use std::path::PathBuf;

/// That something may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The contents of a file.
    Written(PathBuf),
    /// Which file or folder is there: one came, went, or got another name.
    Moved(PathBuf),
    /// Nobody knows what: more changed than the system keeps.
    Lost,
}
