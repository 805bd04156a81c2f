use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can be wrong with a catalogue, or with what is asked of one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A catalogue does not hold what it should.
    #[error("{path}:{line}: {key}: {reason}")]
    Invalid {
        /// The file, or the address it came from.
        path: PathBuf,
        /// The line, from one.
        line: usize,
        /// The key, such as `model[2].size[0].context`.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A catalogue cannot be read.
    #[error("cannot read the catalogue {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A catalogue is longer than any that people write.
    #[error("the catalogue {path} has more than {most} bytes")]
    TooLong {
        /// The file, or the address it came from.
        path: PathBuf,
        /// The most bytes that are read.
        most: u64,
    },
    /// A catalogue lies at an address, from where it does not come.
    #[error("the catalogue {url} was not fetched: {reason}")]
    NotFetched {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// No model has this name.
    #[error("the catalogue has no model called {name}")]
    NotFound {
        /// The name asked for.
        name: String,
        /// Names that are written alike, the nearest first.
        near: Vec<String>,
    },
}

impl Diagnostic for CatalogueError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } | Self::TooLong { .. } => ErrorKind::InvalidInput,
            Self::Unreadable { source, .. } => io_error_kind(source),
            Self::NotFetched { .. } => ErrorKind::Unavailable,
            Self::NotFound { .. } => ErrorKind::NotFound,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "models.catalogue_invalid",
            Self::TooLong { .. } => "models.catalogue_too_long",
            Self::Unreadable { .. } => "models.catalogue_unreadable",
            Self::NotFetched { .. } => "models.catalogue_not_fetched",
            Self::NotFound { .. } => "models.not_in_catalogue",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Invalid { .. } => "docs/catalogue.md tells what each key means".to_owned(),
            Self::TooLong { .. } => {
                "name a catalogue of models, as docs/catalogue.md has it".into()
            }
            Self::Unreadable { .. } => {
                "check `catalogues` in the configuration file, and the file's permissions".into()
            }
            Self::NotFetched { .. } => {
                "check the address under `catalogues` in the configuration, or save what lies there \
                 as a file and name that"
                    .to_owned()
            }
            Self::NotFound { near, .. } if near.is_empty() => {
                "`models search` shows what there is".to_owned()
            }
            Self::NotFound { near, .. } => {
                let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
                format!("did you mean {}? `models search` shows what there is", near.join(" or "))
            }
        })
    }
}
