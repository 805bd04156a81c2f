use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// Why a prompt could not be laid out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PromptError {
    /// There is no prompt of this name.
    #[error("there is no prompt `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// Names that are written alike.
        near: Vec<String>,
    },
    /// The file that replaces a prompt cannot be read.
    #[error("cannot read the prompt {file}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A template cannot be rendered.
    #[error("the prompt `{name}` cannot be rendered: {place}{reason}", place = place(file.as_deref(), *line))]
    Template {
        /// The prompt.
        name: String,
        /// The file that replaces it; `None`: it is our own.
        file: Option<PathBuf>,
        /// The line of the file, from one, where it is known.
        line: Option<usize>,
        /// What is wrong there.
        reason: String,
    },
}

/// `FILE:LINE: `, as much of it as is known.
fn place(file: Option<&Path>, line: Option<usize>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!("{}:{line}: ", file.display()),
        (Some(file), None) => format!("{}: ", file.display()),
        (None, Some(line)) => format!("line {line}: "),
        (None, None) => String::new(),
    }
}

impl Diagnostic for PromptError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } => ErrorKind::NotFound,
            Self::Unreadable { source, .. } => io_error_kind(source),
            Self::Template { .. } => ErrorKind::InvalidInput,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "prompt.unknown",
            Self::Unreadable { .. } => "prompt.unreadable",
            Self::Template { .. } => "prompt.template",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { near, .. } if !near.is_empty() => {
                format!("did you mean `{}`?", near.join("` or `"))
            }
            Self::Unknown { .. } => "`mlx-code prompts list` shows them".to_owned(),
            Self::Unreadable { .. } => "make it readable, or remove it".to_owned(),
            Self::Template { file: Some(_), .. } => {
                "mend the file, or remove it: the built-in prompt counts then".to_owned()
            }
            Self::Template { .. } => return None,
        })
    }
}
