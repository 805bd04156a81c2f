use std::path::PathBuf;

use serde_json::{Value, json};

use super::error::ConfigError;
use super::load::{ConfigSource, LoadedConfig, is_users_alone};
use super::text::place;
use super::{key, shape};

/// A key that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigKey {
    /// The key, such as `edit.allow`.
    pub key: String,
    /// What it sets.
    pub about: String,
    /// What it takes, such as `a whole number`.
    pub takes: String,
    /// Whether it counts in the user's own file alone.
    pub is_users_alone: bool,
}

/// Where a key has a value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// Whose file it is.
    pub source: ConfigSource,
    /// The file.
    pub path: PathBuf,
    /// The line, from one.
    pub line: usize,
    /// The value there.
    pub value: Value,
    /// Whether another file's stands in its place.
    pub is_shadowed: bool,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explained {
    /// The key.
    pub key: String,
    /// What it sets, and takes.
    pub about: Option<ConfigKey>,
    /// The value in force; `None`: none, and none stands for it.
    pub value: Option<Value>,
    /// What stands for it where no file sets it.
    pub default: Option<Value>,
    /// The files that set it, strongest first.
    pub settings: Vec<Setting>,
}

impl LoadedConfig {
    /// All keys that can be set.
    pub fn keys() -> Vec<ConfigKey> {
        let keys = shape::keys().into_iter();
        keys.map(|one| ConfigKey {
            is_users_alone: is_users_alone(&one.key),
            key: one.key,
            about: one.about,
            takes: one.takes,
        })
        .collect()
    }

    /// The value in force, whether a file sets it or not.
    pub fn get(&self, key: &str) -> Result<Value, ConfigError> {
        let not_set = || ConfigError::NotSet { key: key.to_owned() };
        self.explain(key)?.value.ok_or_else(not_set)
    }

    /// Tells which file sets a key to what, and which of them counts.
    pub fn explain(&self, key: &str) -> Result<Explained, ConfigError> {
        let path = known_path(key)?;
        let key = key::join(&path);
        let config = serde_json::to_value(&self.config).unwrap_or_default();
        let found = path.iter().try_fold(&config, |value, name| value.get(name));
        let in_force = found.filter(|value| !value.is_null() && !is_nothing(value)).cloned();
        let mut settings: Vec<Setting> = Vec::new();
        for file in self.read.iter().rev() {
            let Some(node) = file.node.at(&path) else { continue };
            let value = node.to_value();
            if value.is_null() {
                continue;
            }
            let (line, _) = place(&file.text, node.start);
            let is_shadowed = in_force.as_ref().is_none_or(|force| !is_part(&value, force));
            let (source, path) = (file.source, file.path.clone());
            settings.push(Setting { source, path, line, value, is_shadowed });
        }
        // Of two files that say the same, one is enough.
        let default = default_of(&key);
        let value = in_force.or_else(|| default.clone());
        let about = Self::keys().into_iter().find(|one| one.key == key);
        Ok(Explained { key, about, value, default, settings })
    }

    /// Explains every key that a file sets or that has a value without.
    pub fn explain_all(&self) -> Vec<Explained> {
        let explained = Self::keys().into_iter().filter_map(|one| self.explain(&one.key).ok());
        explained.collect()
    }
}

/// The names of a key, where there is such a key.
pub(super) fn known_path(key: &str) -> Result<Vec<String>, ConfigError> {
    let unknown = |near| ConfigError::NoKey { key: key.to_owned(), near };
    let path = key::split(key).ok_or_else(|| unknown(Vec::new()))?;
    if shape::at(&path).is_none() {
        return Err(unknown(shape::near(&path)));
    }
    Ok(path)
}

/// What an object or a list that nobody filled is.
fn is_nothing(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Whether a value is in force, alone or together with another file's.
fn is_part(value: &Value, force: &Value) -> bool {
    match (value, force) {
        (Value::Array(some), Value::Array(all)) => some.iter().all(|one| all.contains(one)),
        (Value::Object(some), Value::Object(all)) => {
            some.iter().all(|(name, one)| all.get(name).is_some_and(|other| is_part(one, other)))
        }
        _ => value == force,
    }
}

/// What stands for a key that no file sets.
fn default_of(key: &str) -> Option<Value> {
    Some(match key {
        "max_tokens" => json!(crate::workspace::ANSWER_TOKENS),
        "context_tokens" => json!(mlxcode_agent::CONTEXT_TOKENS),
        "max_file_bytes" => json!(mlxcode_context::WalkOptions::default().max_file_bytes),
        "edit.journal_bytes" => json!(mlxcode_edit::JournalOptions::default().quota_bytes),
        "edit.protected" => json!(mlxcode_edit::PROTECTED),
        "theme" => json!("auto"),
        "keys" => json!("emacs"),
        "session.record" => json!(true),
        "cache.answers" | "cache.drawn" => json!(false),
        "cache.most_bytes" => json!(mlxcode_providers::CacheOptions::MOST_BYTES),
        "models.ensemble.judge" => json!(["parses", "applies", "syntax"]),
        "attachments.ocr_languages" => json!(["eng"]),
        _ => return None,
    })
}
