//! What `config …` prints.

use mlxcode_core::{ConfigKey, Explained, Setting};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// `config get --json`, `config explain KEY --json`.
#[derive(Serialize, JsonSchema)]
pub struct ConfigValueOutput {
    /// The key.
    pub key: String,
    /// The value in force; null: none.
    pub value: Option<Value>,
    /// What stands for it where no file sets it; null: nothing.
    pub default: Option<Value>,
    /// What the key takes, in words.
    pub takes: Option<String>,
    /// What the key sets.
    pub about: Option<String>,
    /// Whether the key counts in the user's own file alone.
    pub is_users_alone: bool,
    /// The files that set it, strongest first.
    pub settings: Vec<ConfigSettingOutput>,
}

/// Where a key has a value.
#[derive(Serialize, JsonSchema)]
pub struct ConfigSettingOutput {
    /// Whose file it is: `user` or `project`.
    pub source: String,
    /// The file.
    pub file: String,
    /// The line, from one.
    pub line: usize,
    /// The value there.
    pub value: Value,
    /// Whether another file's stands in its place.
    pub is_shadowed: bool,
}

impl From<Setting> for ConfigSettingOutput {
    fn from(setting: Setting) -> Self {
        Self {
            source: setting.source.as_str().to_owned(),
            file: setting.path.display().to_string(),
            line: setting.line,
            value: setting.value,
            is_shadowed: setting.is_shadowed,
        }
    }
}

impl From<Explained> for ConfigValueOutput {
    fn from(explained: Explained) -> Self {
        let about = explained.about;
        let is_users_alone = about.as_ref().is_some_and(|one| one.is_users_alone);
        let (takes, about) = about.map(|ConfigKey { takes, about, .. }| (takes, about)).unzip();
        Self {
            key: explained.key,
            value: explained.value,
            default: explained.default,
            takes,
            about,
            is_users_alone,
            settings: explained.settings.into_iter().map(Into::into).collect(),
        }
    }
}

/// `config list --json` and `config explain --json`.
#[derive(Serialize, JsonSchema)]
pub struct ConfigListOutput {
    /// The files that were read, weakest first.
    pub files: Vec<String>,
    /// The keys.
    pub keys: Vec<ConfigValueOutput>,
}

/// `config set --json`, `config unset --json`, `config edit --json` and
/// `config path --json`.
#[derive(Serialize, JsonSchema)]
pub struct ConfigFileOutput {
    /// Whose file it is: `user` or `project`.
    pub source: String,
    /// The file.
    pub file: String,
    /// Whether it is there.
    pub exists: bool,
    /// Whether this run changed it.
    pub changed: bool,
}
