use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{ConfigError, ConfigProblem};
use super::explain::known_path;
use super::load::{ConfigSource, PROJECT_CONFIG, is_users_alone, read_config, read_text};
use super::text::{Flaw, place};
use super::{change, key, shape};
use crate::dirs::Dirs;

/// One configuration file, to be changed: a value at a time, as a person would,
/// with its order and its comments as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    path: PathBuf,
    source: ConfigSource,
}

impl ConfigFile {
    /// The user's own file, which need not exist.
    pub fn of_user(dirs: &Dirs) -> Self {
        Self { path: dirs.config_file(), source: ConfigSource::User }
    }

    /// The file of the project in a folder, which need not exist.
    pub fn of_project(root: &Path) -> Self {
        Self { path: root.join(PROJECT_CONFIG), source: ConfigSource::Project }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn source(&self) -> ConfigSource {
        self.source
    }

    /// Its text; empty where it is missing.
    pub fn text(&self) -> Result<String, ConfigError> {
        Ok(read_text(&self.path, self.source)?.unwrap_or_default())
    }

    /// Sets a key to what somebody typed: JSON where it is JSON of the kind that
    /// the key takes, else the text as it is.
    pub fn set(&self, key: &str, typed: &str) -> Result<(), ConfigError> {
        let path = known_path(key)?;
        self.refuse_user_key(&path)?;
        let value = self.value_of(&path, typed)?;
        let text = self.text()?;
        let changed =
            change::set(&text, &path, &value).map_err(|flaw| self.invalid(&text, flaw))?;
        let changed = changed.ok_or_else(|| ConfigError::BadValue {
            key: key::join(&path[..path.len() - 1]),
            wanted: "an object".to_owned(),
            found: "another value".to_owned(),
        })?;
        self.write(&changed)
    }

    /// Takes a key out; whether it was there.
    pub fn unset(&self, key: &str) -> Result<bool, ConfigError> {
        let path = known_path(key)?;
        let text = self.text()?;
        if text.is_empty() {
            return Ok(false);
        }
        match change::unset(&text, &path).map_err(|flaw| self.invalid(&text, flaw))? {
            Some(changed) => self.write(&changed).map(|()| true),
            None => Ok(false),
        }
    }

    /// Checks a text that is to be the file's.
    pub fn check(&self, text: &str) -> Result<(), ConfigError> {
        read_config(&self.path, text, self.source).map(drop)
    }

    /// Puts a text in place of the file's, where it is valid: the file is the
    /// old one or the new one at any moment. A link stays one.
    pub fn write(&self, text: &str) -> Result<(), ConfigError> {
        self.check(text)?;
        // A project's link was refused when it was read.
        let place = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let write = || -> io::Result<()> {
            let folder = place.parent().unwrap_or(Path::new("."));
            make_folder(folder)?;
            let mut file = tempfile::Builder::new().prefix(".config-").tempfile_in(folder)?;
            file.write_all(text.as_bytes())?;
            if let Ok(meta) = fs::metadata(&place) {
                file.as_file().set_permissions(meta.permissions())?;
            } else {
                readable(file.as_file(), self.source)?;
            }
            file.as_file().sync_all()?;
            file.persist(&place).map(drop).map_err(|error| error.error)
        };
        write().map_err(|source| ConfigError::Unwritable { path: self.path.clone(), source })
    }

    fn refuse_user_key(&self, path: &[String]) -> Result<(), ConfigError> {
        let key = key::join(path);
        if self.source == ConfigSource::Project && is_users_alone(&key) {
            // Told by the name of the whole that it belongs to.
            let whole = shape::keys().into_iter().map(|one| one.key);
            let whole = whole.filter(|known| key.starts_with(known)).max_by_key(String::len);
            let path = self.path.clone();
            return Err(ConfigError::NotHere { path, key: whole.unwrap_or(key) });
        }
        Ok(())
    }

    /// What was typed, as a value that the key takes.
    fn value_of(&self, path: &[String], typed: &str) -> Result<Value, ConfigError> {
        let shape = shape::at(path).unwrap_or(&Value::Null);
        let as_text = Value::from(typed);
        let ways = serde_json::from_str::<Value>(typed).ok().into_iter().chain([as_text]);
        for value in ways {
            // A file with this value alone.
            let alone = change::set("", path, &value).ok().flatten().unwrap_or_default();
            match read_config(&self.path, &alone, ConfigSource::User) {
                Ok(_) if !value.is_null() => return Ok(value),
                _ => {}
            }
        }
        Err(ConfigError::BadValue {
            key: key::join(path),
            wanted: shape::wanted(shape),
            found: format!("`{typed}`"),
        })
    }

    fn invalid(&self, text: &str, Flaw { at, what }: Flaw) -> ConfigError {
        let (line, column) = place(text, at);
        let problem = ConfigProblem::Syntax { what };
        ConfigError::Invalid { path: self.path.clone(), line, column, problem }
    }
}

#[allow(clippy::disallowed_methods, reason = "the configuration has a folder of its own")]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// A new project's file is for all who have the project; a temporary one is for
/// its user alone.
#[cfg(unix)]
fn readable(file: &fs::File, source: ConfigSource) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if source == ConfigSource::Project { 0o644 } else { 0o600 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn readable(_: &fs::File, _: ConfigSource) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use mlxcode_base::Diagnostic as _;
    use serde_json::json;

    use super::*;
    use crate::config::LoadedConfig;

    struct Ground {
        temp: tempfile::TempDir,
    }

    impl Ground {
        fn new() -> Self {
            let ground = Self { temp: tempfile::tempdir().unwrap() };
            fs::create_dir(ground.root()).unwrap();
            ground
        }

        fn dirs(&self) -> Dirs {
            Dirs::under(&self.temp.path().join("home"))
        }

        fn root(&self) -> PathBuf {
            self.temp.path().join("project")
        }

        fn user(&self) -> ConfigFile {
            ConfigFile::of_user(&self.dirs())
        }

        fn project(&self) -> ConfigFile {
            ConfigFile::of_project(&self.root())
        }

        fn loaded(&self) -> LoadedConfig {
            LoadedConfig::read(&self.dirs(), Some(&self.root())).unwrap()
        }
    }

    #[test]
    fn values_are_set_explained_and_unset() {
        let ground = Ground::new();
        let (user, project) = (ground.user(), ground.project());
        for (key, typed, value) in [
            ("model", "qwen", json!("qwen")),
            ("models.tasks.edit", "7", json!("7")),
            ("max_tokens", "99", json!(99)),
            ("exclude", r#"["vendor/"]"#, json!(["vendor/"])),
            ("servers.rust-analyzer", "/bin/ra", json!("/bin/ra")),
            ("session", r#"{"record": false}"#, json!({"record": false})),
            ("commands.tidy.prompt", "Tidy up {{ arguments }}", json!("Tidy up {{ arguments }}")),
        ] {
            // A command without its prompt is none, so it is set whole.
            if key.starts_with("commands.tidy.p") {
                user.set("commands.tidy", r#"{"prompt": "x"}"#).unwrap();
            }
            user.set(key, typed).unwrap();
            assert_eq!(ground.loaded().get(key).unwrap(), value, "{key}");
        }
        project.set("model", "ours").unwrap();
        project.set("exclude", r#"["dist/"]"#).unwrap();
        let explained = ground.loaded().explain("model").unwrap();
        assert_eq!(explained.value, Some(json!("ours")));
        let told: Vec<_> =
            explained.settings.iter().map(|one| (one.source, one.line, one.is_shadowed)).collect();
        assert_eq!(told, [(ConfigSource::Project, 2, false), (ConfigSource::User, 2, true)]);
        let both = ground.loaded().explain("exclude").unwrap();
        assert_eq!(both.value, Some(json!(["vendor/", "dist/"])));
        assert!(both.settings.iter().all(|one| !one.is_shadowed));

        assert!(project.unset("model").unwrap() && !project.unset("model").unwrap());
        assert_eq!(ground.loaded().get("model").unwrap(), json!("qwen"));
        assert_eq!(ground.loaded().get("context_tokens").unwrap(), json!(4_096));
        user.unset("model").unwrap();
        assert_eq!(ground.loaded().get("model").unwrap_err().code(), "config.not_set");
    }

    #[test]
    fn what_cannot_be_set_leaves_the_file() {
        let ground = Ground::new();
        let user = ground.user();
        user.set("max_tokens", "5").unwrap();
        let before = user.text().unwrap();
        for (key, typed, code) in [
            ("max_tokens", "many", "config.bad_value"),
            ("max_tokens", "-1", "config.bad_value"),
            ("exclude", "vendor", "config.bad_value"),
            ("maxtokens", "1", "config.no_key"),
            ("max_tokens.x", "1", "config.no_key"),
            ("edit", "1", "config.bad_value"),
            ("", "1", "config.no_key"),
        ] {
            assert_eq!(user.set(key, typed).unwrap_err().code(), code, "{key}");
        }
        let error = user.set("maxtokens", "1").unwrap_err();
        assert_eq!(error.help().unwrap(), "did you mean `max_tokens`?");
        assert_eq!(user.text().unwrap(), before);
        let error = ground.project().set("servers.ty", "/bin/ty").unwrap_err();
        assert_eq!(error.code(), "config.not_here");
        assert!(!ground.project().path().exists());
        // A file that is broken is not written over.
        fs::write(user.path(), "{\"model\": ").unwrap();
        assert_eq!(user.set("model", "x").unwrap_err().code(), "config.invalid");
        assert_eq!(user.text().unwrap(), "{\"model\": ");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_of_the_users_stays_one() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let ground = Ground::new();
        let kept = ground.temp.path().join("dotfiles.json");
        fs::write(&kept, "// kept elsewhere\n{}\n").unwrap();
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o640)).unwrap();
        fs::create_dir_all(&ground.dirs().config).unwrap();
        symlink(&kept, ground.user().path()).unwrap();
        ground.user().set("model", "x").unwrap();
        assert!(ground.user().path().is_symlink());
        let text = fs::read_to_string(&kept).unwrap();
        assert_eq!(text, "// kept elsewhere\n{\n  \"model\": \"x\"\n}\n");
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o640);
        symlink(&kept, ground.project().path()).unwrap();
        assert_eq!(ground.project().set("model", "x").unwrap_err().code(), "config.not_a_file");
    }

    #[test]
    fn every_key_is_told_and_taken() {
        let keys = LoadedConfig::keys();
        assert!(keys.len() > 15 && keys.iter().all(|one| !one.takes.is_empty()), "{keys:?}");
        assert!(keys.iter().any(|one| one.key == "edit.allow" && one.takes == "a list of texts"));
        let loaded = LoadedConfig::default();
        assert_eq!(loaded.explain_all().len(), keys.len());
    }
}
