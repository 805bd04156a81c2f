//! What a user and a project set.

mod change;
mod check;
mod composed;
mod edit;
mod error;
mod explain;
mod key;
mod load;
mod models;
mod shape;
mod store;
mod task;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use mlxcode_agent::{PermissionConfig, ToolsWhen};
use mlxcode_mcp::ServerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checks::{CheckCommand, CheckSource};
use crate::forges::ForgeConfig;
use crate::remote::ProviderConfig;

pub use composed::{CacheConfig, EnsembleConfig, Judge, ModelRule};
pub use edit::EditConfig;
pub use error::{ConfigError, ConfigProblem};
pub use explain::{ConfigKey, Explained, Setting};
pub use load::{ConfigSource, LoadedConfig, PROJECT_CONFIG};
pub use models::{ModelsConfig, project_types};
pub use store::ConfigFile;
pub use task::{ModelSize, ModelTask};

/// What can be configured. A project's file goes before the user's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the schema of this file is, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The installed model to use where none is named.
    pub model: Option<String>,
    /// Which model answers what, before `model`; and who answers where one
    /// cannot.
    #[serde(default, skip_serializing_if = "ModelsConfig::is_empty")]
    pub models: ModelsConfig,
    /// The most tokens of an answer; 1024.
    pub max_tokens: Option<usize>,
    /// The most tokens of passages that are searched for; 4096.
    pub context_tokens: Option<usize>,
    /// Files larger than this are not read for context; 1048576, of source code
    /// 16777216.
    pub max_file_bytes: Option<u64>,
    /// Globs of files that are not read, as in `.gitignore`. Both lists count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Catalogues of models, files or addresses, on top of the own one. In
    /// the user's own file alone.
    pub catalogues: Option<Vec<String>>,
    /// The folder of a model that makes vectors, for `search --kind semantic`,
    /// meant from the folder of this file; without one, vectors are learned from
    /// the tree. In the user's own file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedder: Option<PathBuf>,
    /// Programs of language servers by the servers' names, such as `ty`, for
    /// `--precise`; those that are not named are looked for in `PATH`. In the
    /// user's own file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<BTreeMap<String, PathBuf>>,
    /// Servers of the Model Context Protocol, by the names that their tools
    /// bear. In the user's own file alone; a project has a `.mcp.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_servers: Option<BTreeMap<String, ServerConfig>>,
    /// Servers that run models, by the names that stand before the slash in
    /// `--model provider/model`. In the user's own file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub providers: Option<BTreeMap<String, ProviderConfig>>,
    /// Hosts of repositories of one's own, by their names, such as
    /// `git.example.org`; github.com and gitlab.com are known. In the user's own
    /// file alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forges: BTreeMap<String, ForgeConfig>,
    /// Whether nothing may leave this machine. A project's file can only switch
    /// it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<bool>,
    /// Which files may be changed, and how much is kept to take changes back.
    #[serde(default, skip_serializing_if = "EditConfig::is_empty")]
    pub edit: EditConfig,
    /// The colours: `auto`, `light`, `dark`, `none`, or a theme by its name. In
    /// the user's own file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// Single colours on top of the theme's, by what they colour, such as
    /// `added`. In the user's own file alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub colors: BTreeMap<String, String>,
    /// Which keys edit the line in a conversation: `emacs` or `vi`. In the
    /// user's own file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<LineKeys>,
    /// A folder of prompt templates that go before the built-in ones, meant from
    /// the folder of this file. In the user's own file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PathBuf>,
    /// Prompts by the names under which they are called, such as `/tidy`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub commands: BTreeMap<String, CommandConfig>,
    /// Other words for verbs with their arguments. In the user's own file alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, String>,
    /// When a model is given tools: `auto`, where it is known to call them well,
    /// `on`, wherever it can be told of them, or `off`; `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolsWhen>,
    /// What may be done without asking. A project's file can only make it
    /// stricter.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub permissions: PermissionConfig,
    /// Commands that are run after files were changed. Those of a project's
    /// file are only proposed: somebody has to agree to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckCommand>,
    /// What else is asked after files were changed; `readers`, and with an empty
    /// list nothing. In the user's own file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_with: Option<Vec<CheckSource>>,
    /// How conversations are kept. In the user's own file alone.
    #[serde(default, skip_serializing_if = "SessionConfig::is_empty")]
    pub session: SessionConfig,
    /// Answers that are kept and given again. In the user's own file alone.
    #[serde(default, skip_serializing_if = "CacheConfig::is_empty")]
    pub cache: CacheConfig,
    /// Files that are attached.
    #[serde(default, skip_serializing_if = "AttachmentsConfig::is_empty")]
    pub attachments: AttachmentsConfig,
}

fn is_usual(permissions: &PermissionConfig) -> bool {
    *permissions == PermissionConfig::default()
}

/// Which keys edit a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineKeys {
    /// Those of emacs, which shells have too.
    Emacs,
    /// Those of vi.
    Vi,
}

/// A prompt with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandConfig {
    /// What is said to the model; `{{ arguments }}` stands for what follows the
    /// name.
    pub prompt: String,
    /// What it does, for who looks through the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// How files are attached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentsConfig {
    /// The languages that are read in pictures, as Tesseract names them, such as
    /// `eng` and `deu`; without any, `eng`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ocr_languages: Vec<String>,
}

impl AttachmentsConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How conversations are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    /// Whether conversations are kept; true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<bool>,
    /// Conversations that nobody used for so many days are deleted; without it,
    /// none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub keep_days: Option<u32>,
}

impl SessionConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether conversations are kept.
    pub fn is_recorded(&self) -> bool {
        self.record.unwrap_or(true)
    }
}
