use std::env;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::input::InputError;

/// Where a user's files live. The library never looks for them by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// Holds `config.json`.
    pub config: PathBuf,
    /// Holds the installed models.
    pub data: PathBuf,
    /// Holds the journals, by which edits are taken back, the indexes, by which
    /// code is found, and the sessions.
    pub state: PathBuf,
}

impl Dirs {
    /// All below one folder: `config`, `data`, `state`.
    pub fn under(folder: &Path) -> Self {
        Self {
            config: folder.join("config"),
            data: folder.join("data"),
            state: folder.join("state"),
        }
    }

    /// What the environment says: `MLX_CODE_HOME`, else the XDG variables,
    /// else `~/.config`, `~/.local/share` and `~/.local/state`.
    ///
    /// Meant for faces: a program that embeds the library passes folders of
    /// its own. `None` where the environment names no home folder.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Option<Self> {
        let folder = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(home) = folder("MLX_CODE_HOME") {
            return Some(Self::under(&home));
        }
        let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let place = |variable: &str, default: &str| {
            let base = folder(variable).filter(|path| path.is_absolute());
            Some(base.or_else(|| Some(home.as_ref()?.join(default)))?.join("mlx-code"))
        };
        Some(Self {
            config: place("XDG_CONFIG_HOME", ".config")?,
            data: place("XDG_DATA_HOME", ".local/share")?,
            state: place("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// The folders that a face found, or the error that tells how to name some.
    pub fn require(found: Option<Self>) -> Result<Self> {
        Ok(found.ok_or(InputError::NoHome)?)
    }

    /// The user's configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.json")
    }

    /// The folder of the model store.
    pub fn models(&self) -> PathBuf {
        self.data.join("models")
    }

    /// The file of what is said of models, and what was counted.
    pub fn records(&self) -> PathBuf {
        self.data.join("library.sqlite")
    }

    /// The queue of pulls.
    pub fn pulls(&self) -> PathBuf {
        self.data.join("pulls").join("pulls.sqlite3")
    }

    /// The folder of all journals.
    pub fn journals(&self) -> PathBuf {
        self.state.join("journal")
    }

    /// The folder of all sessions.
    pub fn sessions(&self) -> PathBuf {
        self.state.join("sessions")
    }

    /// The folder of the conversations that programs of plugins are shown, each
    /// while one runs.
    pub fn transcripts(&self) -> PathBuf {
        self.state.join("transcripts")
    }

    /// The folder of the answers that are kept.
    pub fn answers(&self) -> PathBuf {
        self.state.join("answers")
    }

    /// The folder of all indexes.
    pub fn indexes(&self) -> PathBuf {
        self.state.join("index")
    }
}
