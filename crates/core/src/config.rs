use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use mlxcode_edit::{PROTECTED, PolicyLists};
use mlxcode_mcp::ServerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::dirs::Dirs;
use crate::remote::{ProviderConfig, RemoteError, check_provider_name};

/// The name of a project's configuration file, in the root.
pub const PROJECT_CONFIG: &str = ".mlx-code.json";

/// A configuration is a handful of lines.
const MOST_BYTES: u64 = 64 << 10;

/// What can be configured. A project's file goes before the user's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The installed model to use where none is named.
    pub model: Option<String>,
    /// The most tokens of an answer.
    pub max_tokens: Option<usize>,
    /// The most tokens of passages that are searched for.
    pub context_tokens: Option<usize>,
    /// Files larger than this are not read for context.
    pub max_file_bytes: Option<u64>,
    /// Catalogues of models, files or addresses, on top of the own one. In
    /// the user's own file alone.
    pub catalogues: Option<Vec<String>>,
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
    /// Whether nothing may leave this machine. A project's file can only switch
    /// it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<bool>,
    /// Which files may be changed, and how much is kept to take changes back.
    #[serde(default, skip_serializing_if = "EditConfig::is_empty")]
    pub edit: EditConfig,
}

/// What can be configured of changes. A project's file can only make the user's
/// rules stricter: it may come from somebody else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditConfig {
    /// Globs of the files that may be changed; without any, all may. The user's
    /// list goes before a project's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Globs of files that may not be changed. Both lists count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
    /// Globs of files that are changed only by who insists. The user's list
    /// stands in place of the built-in one; a project's adds to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<Vec<String>>,
    /// The most bytes that are kept to take changes back; 536870912. Only the
    /// user's file sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_bytes: Option<u64>,
}

impl EditConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A project's rules on top of the user's.
    fn over(self, under: Self) -> Self {
        let own = || PROTECTED.iter().map(|glob| (*glob).to_owned()).collect();
        let protected = match (self.protected, under.protected) {
            (None, under) => under,
            (Some(over), under) => Some([under.unwrap_or_else(own), over].concat()),
        };
        Self {
            allow: if under.allow.is_empty() { self.allow } else { under.allow },
            deny: [under.deny, self.deny].concat(),
            protected,
            journal_bytes: under.journal_bytes,
        }
    }

    /// The lists as a policy reads them.
    pub(crate) fn lists(&self) -> PolicyLists {
        let mut lists = PolicyLists::default();
        lists.allow.clone_from(&self.allow);
        lists.deny.clone_from(&self.deny);
        lists.protected.clone_from(&self.protected);
        lists
    }
}

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
    #[error("the configuration file {path} has the key `{key}`")]
    NotHere {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
    /// A provider in it is called what none can be.
    #[error("the configuration file {path} is not valid: {source}")]
    Provider {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RemoteError,
    },
    /// The file is not what the program understands.
    #[error("the configuration file {path} is not valid: {source}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
}

impl Diagnostic for ConfigError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreadable { source, .. } => io_error_kind(source),
            Self::NotAFile { .. }
            | Self::NotHere { .. }
            | Self::Provider { .. }
            | Self::Invalid { .. } => ErrorKind::InvalidInput,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "config.unreadable",
            Self::NotAFile { .. } => "config.not_a_file",
            Self::NotHere { .. } => "config.not_here",
            Self::Provider { source, .. } => source.code(),
            Self::Invalid { .. } => "config.invalid",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { .. } => "make the file readable, or remove it".to_owned(),
            Self::NotAFile { .. } => "remove it, or write a plain file in its place".to_owned(),
            Self::NotHere { key, .. } => {
                format!("move `{key}` to the user's own configuration file")
            }
            Self::Provider { source, .. } => return source.help(),
            Self::Invalid { .. } => "the keys are `model`, `max_tokens`, `context_tokens`, \
                 `max_file_bytes`, `offline`, `edit` and, in the user's own file, `catalogues`, \
                 `servers`, `mcp_servers` and `providers`"
                .to_owned(),
        })
    }
}

/// The configuration in force, and the files that it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedConfig {
    /// The values in force.
    pub config: Config,
    /// The files that were read, weakest first.
    pub files: Vec<PathBuf>,
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    User,
    Project,
}

impl LoadedConfig {
    /// Reads the user's file and, given a root, the project's. Missing files
    /// are empty ones.
    pub fn read(dirs: &Dirs, root: Option<&Path>) -> Result<Self, ConfigError> {
        let mut loaded = Self::default();
        let user = dirs.config_file();
        // People link their own configuration from elsewhere; a repository
        // that was cloned has no business to.
        let meta = fs::metadata(&user);
        loaded.add(user, meta, Source::User)?;
        if let Some(root) = root {
            let project = root.join(PROJECT_CONFIG);
            let meta = fs::symlink_metadata(&project);
            loaded.add(project, meta, Source::Project)?;
        }
        Ok(loaded)
    }

    fn add(
        &mut self,
        path: PathBuf,
        meta: io::Result<Metadata>,
        source: Source,
    ) -> Result<(), ConfigError> {
        match meta {
            Ok(meta) if meta.is_symlink() => {
                return Err(ConfigError::NotAFile { path, what: "a link" });
            }
            Ok(meta) if !meta.is_file() => {
                return Err(ConfigError::NotAFile { path, what: "no plain file" });
            }
            Ok(meta) if meta.len() > MOST_BYTES => {
                return Err(ConfigError::NotAFile { path, what: "too long" });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        }
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        let over: Config = serde_json::from_str(&text)
            .map_err(|source| ConfigError::Invalid { path: path.clone(), source })?;
        if over.catalogues.is_some() && source == Source::Project {
            return Err(ConfigError::NotHere { path, key: "catalogues" });
        }
        if over.servers.is_some() && source == Source::Project {
            return Err(ConfigError::NotHere { path, key: "servers" });
        }
        if over.mcp_servers.is_some() && source == Source::Project {
            return Err(ConfigError::NotHere { path, key: "mcp_servers" });
        }
        if over.providers.is_some() && source == Source::Project {
            return Err(ConfigError::NotHere { path, key: "providers" });
        }
        // A slash names a provider's: a project must not choose where text goes.
        let elsewhere = over.model.as_ref().is_some_and(|model| model.contains('/'));
        if elsewhere && source == Source::Project {
            return Err(ConfigError::NotHere { path, key: "model" });
        }
        for name in over.providers.iter().flat_map(BTreeMap::keys) {
            check_provider_name(name)
                .map_err(|source| ConfigError::Provider { path: path.clone(), source })?;
        }
        let under = std::mem::take(&mut self.config);
        self.config = Config {
            model: over.model.or(under.model),
            max_tokens: over.max_tokens.or(under.max_tokens),
            context_tokens: over.context_tokens.or(under.context_tokens),
            max_file_bytes: over.max_file_bytes.or(under.max_file_bytes),
            catalogues: over.catalogues.or(under.catalogues),
            servers: over.servers.or(under.servers),
            mcp_servers: over.mcp_servers.or(under.mcp_servers),
            providers: over.providers.or(under.providers),
            offline: match source {
                Source::Project if under.offline == Some(true) => under.offline,
                _ => over.offline.or(under.offline),
            },
            edit: match source {
                Source::User => over.edit,
                Source::Project => over.edit.over(under.edit),
            },
        };
        self.files.push(path);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_only_makes_the_rules_of_edits_stricter() {
        let read = |text: &str| serde_json::from_str::<EditConfig>(text).unwrap();
        let user = read(r#"{"allow": ["src/**"], "deny": ["a"], "journal_bytes": 9}"#);
        let project = read(
            r#"{"allow": ["**"], "deny": ["b"], "protected": ["c"], "journal_bytes": 99999999}"#,
        );
        let both = project.clone().over(user);
        assert_eq!((both.allow, both.journal_bytes), (vec!["src/**".to_owned()], Some(9)));
        assert_eq!(both.deny, ["a", "b"]);
        let protected = both.protected.unwrap();
        assert!(protected.contains(&".env".to_owned()) && protected.contains(&"c".to_owned()));
        let mine = read(r#"{"protected": []}"#);
        assert_eq!(EditConfig::default().over(mine.clone()).protected, Some(Vec::new()));
        assert_eq!(project.over(mine).protected, Some(vec!["c".to_owned()]));
    }

    #[test]
    fn a_project_goes_before_the_user() {
        let temp = tempfile::tempdir().unwrap();
        let dirs = Dirs::under(temp.path());
        let root = temp.path().join("project");
        fs::create_dir_all(&dirs.config).unwrap();
        fs::create_dir_all(&root).unwrap();
        assert_eq!(LoadedConfig::read(&dirs, Some(&root)).unwrap(), LoadedConfig::default());

        fs::write(dirs.config_file(), r#"{"model": "mine", "max_tokens": 9}"#).unwrap();
        fs::write(root.join(PROJECT_CONFIG), r#"{"model": "ours"}"#).unwrap();
        let loaded = LoadedConfig::read(&dirs, Some(&root)).unwrap();
        assert_eq!(loaded.config.model.as_deref(), Some("ours"));
        assert_eq!(loaded.config.max_tokens, Some(9));
        assert_eq!(loaded.files.len(), 2);

        let project = root.join(PROJECT_CONFIG);
        let refused = |what: &str| {
            let error = LoadedConfig::read(&dirs, Some(&root)).unwrap_err();
            assert_eq!(error.code(), "config.not_a_file");
            assert!(error.to_string().ends_with(what), "{error}");
        };
        fs::write(&project, " ".repeat(70_000)).unwrap();
        refused("too long");
        fs::remove_file(&project).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/zero", &project).unwrap();
            refused("a link");
            fs::remove_file(&project).unwrap();
        }
        fs::create_dir(&project).unwrap();
        refused("no plain file");
        fs::remove_dir(&project).unwrap();

        fs::write(root.join(PROJECT_CONFIG), r#"{"catalogues": ["x.toml"]}"#).unwrap();
        assert_eq!(LoadedConfig::read(&dirs, Some(&root)).unwrap_err().code(), "config.not_here");
        fs::write(dirs.config_file(), r#"{"catalogues": ["x.toml"]}"#).unwrap();
        let own = LoadedConfig::read(&dirs, None).unwrap().config;
        assert_eq!(own.catalogues, Some(vec!["x.toml".to_owned()]));

        for (key, text) in [
            ("`providers`", r#"{"providers": {"x": {"kind": "openai"}}}"#),
            ("`model`", r#"{"model": "x/gpt"}"#),
        ] {
            fs::write(root.join(PROJECT_CONFIG), text).unwrap();
            let error = LoadedConfig::read(&dirs, Some(&root)).unwrap_err();
            assert_eq!(error.code(), "config.not_here");
            assert!(error.to_string().contains(key), "{error}");
        }
        let offline = |user: &str, project: &str| {
            fs::write(dirs.config_file(), user).unwrap();
            fs::write(root.join(PROJECT_CONFIG), project).unwrap();
            LoadedConfig::read(&dirs, Some(&root)).unwrap().config.offline
        };
        assert_eq!(offline(r#"{"offline": true}"#, r#"{"offline": false}"#), Some(true));
        assert_eq!(offline(r#"{"offline": false}"#, r#"{"offline": true}"#), Some(true));
        assert_eq!(offline("{}", r#"{"offline": true}"#), Some(true));
        assert_eq!(offline("{}", "{}"), None);
        fs::write(dirs.config_file(), r#"{"providers": {"a/b": {"kind": "ollama"}}}"#).unwrap();
        assert_eq!(LoadedConfig::read(&dirs, None).unwrap_err().code(), "remote.bad_name");
        fs::write(dirs.config_file(), "{}").unwrap();

        fs::write(root.join(PROJECT_CONFIG), r#"{"modle": "ours"}"#).unwrap();
        let error = LoadedConfig::read(&dirs, Some(&root)).unwrap_err();
        assert_eq!(error.code(), "config.invalid");
        assert!(error.to_string().contains("modle"), "{error}");
    }
}
