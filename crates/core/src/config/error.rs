use std::fmt;
use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

use crate::remote::RemoteError;

/// Why the configuration could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("cannot read the configuration file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the configuration file {path}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path is no plain file of a sensible length.
    #[error("the configuration file {path} is {what}")]
    NotAFile {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// The key counts in the user's own file alone: a repository that was
    /// cloned must not choose where models come from, or what is started.
    #[error("`{key}` counts in the user's own configuration file alone, not in {path}")]
    NotHere {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A provider in it is called what none can be.
    #[error("the configuration file {path} is not valid: {source}")]
    Provider {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RemoteError,
    },
    /// A host of repositories in it cannot be one.
    #[error("the configuration file {path} is not valid: {source}")]
    Forge {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<mlxcode_forge::Error>,
    },
    /// The file is not what the program understands.
    #[error("the configuration file {path} is not valid: line {line}, column {column}: {problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from one.
        line: usize,
        /// The character in the line, from one.
        column: usize,
        /// What is wrong there.
        problem: ConfigProblem,
    },
    /// There is no such key.
    #[error("there is no key `{key}`")]
    NoKey {
        /// As given.
        key: String,
        /// Keys that are written alike.
        near: Vec<String>,
    },
    /// The key has no value, and none stands for it.
    #[error("`{key}` is not set")]
    NotSet {
        /// The key.
        key: String,
    },
    /// The key takes another kind of value.
    #[error("`{key}` takes {wanted}, not {found}")]
    BadValue {
        /// The key.
        key: String,
        /// What it takes.
        wanted: String,
        /// What was given.
        found: String,
    },
    /// There is no command of this name.
    #[error("there is no command `{name}`")]
    NoCommand {
        /// The name.
        name: String,
        /// Names that are written alike.
        near: Vec<String>,
    },
    /// Aliases that stand for each other.
    #[error("the aliases {} stand for each other", names.join(", "))]
    AliasRing {
        /// Their names, in the order in which they lead to each other.
        names: Vec<String>,
    },
    /// What an alias stands for is no list of words.
    #[error("a quote in the alias `{name}` is not closed")]
    AliasQuote {
        /// Its name.
        name: String,
    },
    /// There is no project whose file could be changed.
    #[error("there is no project here")]
    NoProject,
}

/// What is wrong in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// It is no JSON.
    Syntax {
        /// Why.
        what: String,
    },
    /// The program knows no such key.
    UnknownKey {
        /// The key with all above it.
        key: String,
        /// Keys that are written alike.
        near: Vec<String>,
    },
    /// A value is of another kind.
    WrongType {
        /// The key with all above it.
        key: String,
        /// What it takes.
        wanted: String,
        /// What is there.
        found: String,
    },
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { what } => f.write_str(what),
            Self::UnknownKey { key, .. } => write!(f, "there is no key `{key}`"),
            Self::WrongType { key, wanted, found } if key.is_empty() => {
                write!(f, "the file holds {wanted}, not {found}")
            }
            Self::WrongType { key, wanted, found } => {
                write!(f, "`{key}` takes {wanted}, not {found}")
            }
        }
    }
}

impl Diagnostic for ConfigError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreadable { source, .. } | Self::Unwritable { source, .. } => {
                io_error_kind(source)
            }
            Self::NotAFile { .. }
            | Self::NotHere { .. }
            | Self::Invalid { .. }
            | Self::Provider { .. }
            | Self::Forge { .. }
            | Self::BadValue { .. }
            | Self::AliasRing { .. }
            | Self::AliasQuote { .. }
            | Self::NoProject => ErrorKind::InvalidInput,
            Self::NoKey { .. } | Self::NotSet { .. } | Self::NoCommand { .. } => {
                ErrorKind::NotFound
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "config.unreadable",
            Self::Unwritable { .. } => "config.unwritable",
            Self::NotAFile { .. } => "config.not_a_file",
            Self::NotHere { .. } => "config.not_here",
            Self::Invalid { .. } => "config.invalid",
            Self::Provider { source, .. } => source.code(),
            Self::Forge { source, .. } => source.code(),
            Self::NoKey { .. } => "config.no_key",
            Self::NotSet { .. } => "config.not_set",
            Self::BadValue { .. } => "config.bad_value",
            Self::NoCommand { .. } => "config.no_command",
            Self::AliasRing { .. } => "config.alias_ring",
            Self::AliasQuote { .. } => "config.alias_quote",
            Self::NoProject => "config.no_project",
        }
    }

    fn help(&self) -> Option<String> {
        let all = || "`mlx-code config list` shows the keys".to_owned();
        Some(match self {
            Self::Unreadable { .. } => "make the file readable, or remove it".to_owned(),
            Self::Unwritable { .. } => "check its permissions and the free space".to_owned(),
            Self::NotAFile { .. } => "remove it, or write a plain file in its place".to_owned(),
            Self::NotHere { key, .. } => {
                format!("move `{key}` to the user's own configuration file")
            }
            Self::Invalid { problem: ConfigProblem::UnknownKey { near, .. }, .. }
            | Self::NoKey { near, .. } => {
                if near.is_empty() {
                    return Some(all());
                }
                format!("did you mean `{}`?", near.join("` or `"))
            }
            Self::Invalid { problem: ConfigProblem::Syntax { .. }, .. } => {
                "the file is JSON, in which comments are allowed".to_owned()
            }
            Self::Invalid { .. } | Self::BadValue { .. } => {
                "docs/schemas/config.json tells what each key takes".to_owned()
            }
            Self::NoCommand { near, .. } if !near.is_empty() => {
                format!("did you mean `{}`?", near.join("` or `"))
            }
            Self::NoCommand { .. } => "`mlx-code run` lists them".to_owned(),
            Self::AliasRing { .. } | Self::AliasQuote { .. } => {
                "correct `aliases` in the configuration: `mlx-code config edit`".to_owned()
            }
            Self::Provider { source, .. } => return source.help(),
            Self::Forge { source, .. } => return source.help(),
            Self::NotSet { .. } => all(),
            Self::NoProject => "run it in a project, or leave --project out".to_owned(),
        })
    }
}
