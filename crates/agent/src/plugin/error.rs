use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can go wrong with plugins.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The caller stopped the work.
    #[error("stopped while a plugin was at work")]
    Cancelled,
    /// The folder holds no plugin.
    #[error("{} is no plugin: it has no .plugin/plugin.json", folder.display())]
    NotAPlugin {
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be read as what it should be.
    #[error("{}{}: {reason}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No plugin has this name.
    #[error("no plugin is called `{name}`")]
    UnknownPlugin {
        /// The name.
        name: String,
    },
    /// Two plugins have this name.
    #[error("there is a plugin called `{name}` already, in {}", folder.display())]
    AlreadyThere {
        /// The name.
        name: String,
        /// Where it is.
        folder: PathBuf,
    },
    /// The plugin is a project's own.
    #[error("the plugin `{name}` belongs to the project, in {}", folder.display())]
    ProjectPlugin {
        /// The name.
        name: String,
        /// Where it is.
        folder: PathBuf,
    },
    /// A plugin is larger than what is copied.
    #[error("{} holds more than {limit}", folder.display())]
    TooLarge {
        /// The folder.
        folder: PathBuf,
        /// The limit, with its unit.
        limit: String,
    },
    /// An adapter did not begin to answer.
    #[error("the model adapter `{name}` does not answer: {reason}")]
    AdapterFailed {
        /// The adapter.
        name: String,
        /// What happened, with the end of its error output.
        reason: String,
    },
}

impl PluginError {
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

impl Diagnostic for PluginError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Cancelled,
            Self::NotAPlugin { .. } | Self::UnknownPlugin { .. } => ErrorKind::NotFound,
            Self::BadFile { .. } => ErrorKind::InvalidInput,
            Self::Io { source, .. } => io_error_kind(source),
            Self::AlreadyThere { .. } => ErrorKind::AlreadyExists,
            Self::ProjectPlugin { .. } => ErrorKind::PermissionDenied,
            Self::TooLarge { .. } => ErrorKind::ResourceExhausted,
            Self::AdapterFailed { .. } => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "plugin.cancelled",
            Self::NotAPlugin { .. } => "plugin.not_a_plugin",
            Self::BadFile { .. } => "plugin.bad_file",
            Self::Io { .. } => "plugin.io",
            Self::UnknownPlugin { .. } => "plugin.unknown",
            Self::AlreadyThere { .. } => "plugin.already_there",
            Self::ProjectPlugin { .. } => "plugin.project_plugin",
            Self::TooLarge { .. } => "plugin.too_large",
            Self::AdapterFailed { .. } => "plugin.adapter_failed",
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Cancelled => return None,
            Self::NotAPlugin { .. } => {
                "name a folder with .plugin/plugin.json or .claude-plugin/plugin.json"
            }
            Self::BadFile { .. } => "correct the file",
            Self::Io { .. } => "check that the path is there and may be used",
            Self::UnknownPlugin { .. } => "the list of plugins shows their names",
            Self::AlreadyThere { .. } => "remove that one first",
            Self::ProjectPlugin { .. } => "disable it, or remove its folder from the project",
            Self::TooLarge { .. } => {
                "leave out what the plugin does not need, such as node_modules"
            }
            Self::AdapterFailed { .. } => "start it by hand to see what is wrong",
        };
        Some(text.to_owned())
    }
}
