use std::path::PathBuf;

use mlxcode_agent::{Mode, PermissionConfig, Permissions, ToolsWhen};
use serde_json::{Value, json};

use super::error::ConfigError;
use super::load::{ConfigSource, LoadedConfig, is_users_alone};
use super::text::place;
use super::{Judge, ModelTask, key, shape};
use crate::checks::CheckSource;

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
        let mut config = self.config.clone();
        config.permissions = self.permissions();
        // Lists that nobody set are not there; one that somebody emptied is.
        let config = serde_json::to_value(&config).unwrap_or_default();
        let found = path.iter().try_fold(&config, |value, name| value.get(name));
        let in_force = found.filter(|value| !value.is_null()).cloned();
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
        let default = default_of(&key);
        let value = in_force.or_else(|| default.clone());
        let about = Self::keys().into_iter().find(|one| one.key == key);
        Ok(Explained { key, about, value, default, settings })
    }

    /// Explains every key, whether a file sets it or not.
    pub fn explain_all(&self) -> Vec<Explained> {
        let explained = Self::keys().into_iter().filter_map(|one| self.explain(&one.key).ok());
        explained.collect()
    }

    /// What both files say of permissions together: the project's only make the
    /// user's stricter, as [`Permissions`] has it.
    fn permissions(&self) -> PermissionConfig {
        let mut both = self.config.permissions.clone();
        let Some(project) = &self.project_permissions else { return both };
        if both.mode.is_some() || project.mode.is_some() {
            let together = Permissions::new(&both, Some(project), false);
            both.mode = together.map_or(both.mode, |together| Some(together.mode()));
        }
        both.ask.extend(project.ask.iter().cloned());
        both.deny.extend(project.deny.iter().cloned());
        both
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
        "cache.answers" | "cache.drawn" | "offline" => json!(false),
        "cache.most_bytes" => json!(mlxcode_providers::CacheOptions::MOST_BYTES),
        "models.ensemble.answers" | "models.ensemble.at_once" => json!(1),
        "models.ensemble.tasks" => json!([ModelTask::Edit]),
        "models.ensemble.judge" => json!(Judge::USUAL),
        "check_with" => json!([CheckSource::Readers]),
        "tools" => json!(ToolsWhen::default()),
        "permissions.mode" => json!(Mode::default()),
        "attachments.ocr_languages" => json!(["eng"]),
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
mod tests {
    use super::*;
    use crate::config::PROJECT_CONFIG;
    use crate::dirs::Dirs;

    fn loaded(user: &str, project: &str) -> LoadedConfig {
        let temp = tempfile::tempdir().unwrap();
        let (dirs, root) = (Dirs::under(temp.path()), temp.path().join("project"));
        std::fs::create_dir_all(&dirs.config).unwrap();
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(dirs.config_file(), user).unwrap();
        std::fs::write(root.join(PROJECT_CONFIG), project).unwrap();
        LoadedConfig::read(&dirs, Some(&root)).unwrap()
    }

    /// Whether each setting of a key counts, strongest first.
    fn counts(loaded: &LoadedConfig, key: &str) -> Vec<(&'static str, bool)> {
        let settings = loaded.explain(key).unwrap().settings.into_iter();
        settings.map(|one| (one.source.as_str(), !one.is_shadowed)).collect()
    }

    #[test]
    fn a_projects_permissions_count_where_they_are_stricter() {
        let user = r#"{"permissions": {"mode": "auto-edit", "deny": [{"tool": "run"}]}}"#;
        let strict =
            loaded(user, r#"{"permissions": {"mode": "read-only", "deny": [{"path": "*.key"}]}}"#);
        assert_eq!(counts(&strict, "permissions.mode"), [("project", true), ("user", false)]);
        assert_eq!(strict.get("permissions.mode").unwrap(), "read-only");
        assert_eq!(counts(&strict, "permissions.deny"), [("project", true), ("user", true)]);
        let both = json!([{"tool": "run"}, {"path": "*.key"}]);
        assert_eq!(strict.get("permissions.deny").unwrap(), both);
        let free = loaded(user, r#"{"permissions": {"mode": "full"}}"#);
        assert_eq!(counts(&free, "permissions.mode"), [("project", false), ("user", true)]);
        assert_eq!(free.get("permissions.mode").unwrap(), "auto-edit");
    }

    #[test]
    fn what_stands_where_nothing_is_set_is_told() {
        let none = loaded("{}", "{}");
        for (key, expect) in [
            ("check_with", json!(["readers"])),
            ("tools", json!("auto")),
            ("permissions.mode", json!("ask")),
            ("models.ensemble.answers", json!(1)),
            ("models.ensemble.at_once", json!(1)),
            ("models.ensemble.tasks", json!(["edit"])),
            ("offline", json!(false)),
        ] {
            assert_eq!(none.get(key).unwrap(), expect, "{key}");
        }
        // An empty list is another thing than none.
        let nobody = loaded(r#"{"check_with": []}"#, "{}");
        assert_eq!(nobody.get("check_with").unwrap(), json!([]));
        assert_eq!(counts(&nobody, "check_with"), [("user", true)]);
        assert_eq!(none.explain_all().len(), LoadedConfig::keys().len());
    }
}
