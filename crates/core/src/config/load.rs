use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_agent::PermissionConfig;

use super::error::{ConfigError, ConfigProblem};
use super::text::{Flaw, Node, NodeKind, parse, place};
use super::{AttachmentsConfig, Config, check, shape};
use crate::checks::CheckCommand;
use crate::dirs::Dirs;

/// The name of a project's configuration file, in the root.
pub const PROJECT_CONFIG: &str = ".mlx-code.json";

/// A configuration is a handful of lines.
const MOST_BYTES: u64 = 64 << 10;

/// The keys that a project's file may not have: it may come from somebody else,
/// who must not choose where models come from, what is started, or how
/// conversations are kept.
const USER_KEYS: [&str; 17] = [
    "aliases",
    "cache",
    "catalogues",
    "check_with",
    "checks",
    "colors",
    "edit.journal_bytes",
    "embedder",
    "forges",
    "keys",
    "mcp_servers",
    "models.ensemble",
    "prompts",
    "providers",
    "servers",
    "session",
    "theme",
];

/// Of these, what is no error but counts for nothing: what older files have,
/// and what is only proposed.
const PASSED_OVER: [&str; 2] = ["checks", "edit.journal_bytes"];

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ConfigSource {
    /// The user's own, in the configuration folder.
    User,
    /// The project's, in its root.
    Project,
}

impl ConfigSource {
    /// Its name: `user` or `project`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReadFile {
    pub source: ConfigSource,
    pub path: PathBuf,
    pub text: String,
    pub node: Node,
}

/// The configuration in force, and the files that it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedConfig {
    /// The values in force.
    pub config: Config,
    /// The files that were read, weakest first.
    pub files: Vec<PathBuf>,
    /// Checks that the project's file names. They are not in force: a
    /// repository that was cloned must not choose what is run.
    pub proposed_checks: Vec<CheckCommand>,
    /// What the project's file says of permissions: it makes the user's
    /// stricter.
    pub project_permissions: Option<PermissionConfig>,
    pub(super) read: Vec<ReadFile>,
}

impl LoadedConfig {
    /// Reads the user's file and, given a root, the project's. Missing files
    /// are empty ones.
    pub fn read(dirs: &Dirs, root: Option<&Path>) -> Result<Self, ConfigError> {
        let mut loaded = Self::default();
        let user = dirs.config_file();
        loaded.add(user, ConfigSource::User)?;
        if let Some(root) = root {
            loaded.add(root.join(PROJECT_CONFIG), ConfigSource::Project)?;
        }
        Ok(loaded)
    }

    fn add(&mut self, path: PathBuf, source: ConfigSource) -> Result<(), ConfigError> {
        let Some(text) = read_text(&path, source)? else { return Ok(()) };
        let (node, over) = read_config(&path, &text, source)?;
        let under = std::mem::take(&mut self.config);
        self.config = match source {
            ConfigSource::User => over,
            ConfigSource::Project => {
                self.proposed_checks.clone_from(&over.checks);
                self.project_permissions = Some(over.permissions.clone());
                over.over(under)
            }
        };
        self.files.push(path.clone());
        self.read.push(ReadFile { source, path, text, node });
        Ok(())
    }
}

impl Config {
    /// A project's values on top of the user's.
    fn over(self, under: Self) -> Self {
        let mut commands = under.commands;
        commands.extend(self.commands);
        Self {
            schema: self.schema.or(under.schema),
            model: self.model.or(under.model),
            models: self.models.over(under.models),
            max_tokens: self.max_tokens.or(under.max_tokens),
            context_tokens: self.context_tokens.or(under.context_tokens),
            max_file_bytes: self.max_file_bytes.or(under.max_file_bytes),
            exclude: [under.exclude, self.exclude].concat(),
            offline: if under.offline == Some(true) {
                under.offline
            } else {
                self.offline.or(under.offline)
            },
            edit: self.edit.over(under.edit),
            tools: self.tools.or(under.tools),
            commands,
            // The user's alone.
            catalogues: under.catalogues,
            embedder: under.embedder,
            servers: under.servers,
            providers: under.providers,
            forges: under.forges,
            mcp_servers: under.mcp_servers,
            theme: under.theme,
            colors: under.colors,
            keys: under.keys,
            prompts: under.prompts,
            aliases: under.aliases,
            checks: under.checks,
            check_with: under.check_with,
            // The project's are beside it: they never allow anything.
            permissions: under.permissions,
            session: under.session,
            cache: under.cache,
            attachments: if self.attachments == AttachmentsConfig::default() {
                under.attachments
            } else {
                self.attachments
            },
        }
    }
}

/// The text of a file; `None` where there is none.
pub(super) fn read_text(path: &Path, source: ConfigSource) -> Result<Option<String>, ConfigError> {
    // People link their own configuration from elsewhere; a repository that was
    // cloned has no business to.
    let meta: io::Result<Metadata> = match source {
        ConfigSource::User => fs::metadata(path),
        ConfigSource::Project => fs::symlink_metadata(path),
    };
    let not_a_file = |what| Err(ConfigError::NotAFile { path: path.to_owned(), what });
    match meta {
        Ok(meta) if meta.is_symlink() => return not_a_file("a link"),
        Ok(meta) if !meta.is_file() => return not_a_file("no plain file"),
        Ok(meta) if meta.len() > MOST_BYTES => return not_a_file("too long"),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    }
    let read = fs::read_to_string(path);
    read.map(Some).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

/// Reads the text of a file, and checks all of it.
pub(super) fn read_config(
    path: &Path,
    text: &str,
    source: ConfigSource,
) -> Result<(Node, Config), ConfigError> {
    let invalid = |at: usize, problem: ConfigProblem| {
        let (line, column) = place(text, at);
        ConfigError::Invalid { path: path.to_owned(), line, column, problem }
    };
    let node =
        parse(text).map_err(|Flaw { at, what }| invalid(at, ConfigProblem::Syntax { what }))?;
    shape::check(&node).map_err(|(at, problem)| invalid(at, problem))?;
    if source == ConfigSource::Project {
        refuse_user_keys(path, &node)?;
    }
    let config = serde_json::from_value(node.to_value())
        .map_err(|error| invalid(node.start, ConfigProblem::Syntax { what: error.to_string() }))?;
    check::models(path, &config, source)?;
    check::names(&node, &config).map_err(|(at, problem)| invalid(at, problem))?;
    Ok((node, config))
}

fn refuse_user_keys(path: &Path, node: &Node) -> Result<(), ConfigError> {
    for key in USER_KEYS.into_iter().filter(|key| !PASSED_OVER.contains(key)) {
        let names: Vec<String> = key.split('.').map(str::to_owned).collect();
        let is_set = node.at(&names).is_some_and(|one| !is_null(one));
        if is_set {
            return Err(ConfigError::NotHere { path: path.to_owned(), key: key.to_owned() });
        }
    }
    Ok(())
}

fn is_null(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Plain(value) if value.is_null())
}

/// Whether a key counts in the user's own file alone.
pub(super) fn is_users_alone(key: &str) -> bool {
    USER_KEYS.iter().any(|own| {
        key.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use mlxcode_base::Diagnostic as _;

    use super::*;

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

        fs::write(root.join(PROJECT_CONFIG), r#"{"modle": "ours"}"#).unwrap();
        let error = LoadedConfig::read(&dirs, Some(&root)).unwrap_err();
        assert_eq!(error.code(), "config.invalid");
        assert!(error.to_string().contains("modle"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_key() {
        let check = |text: &str, expect: &str, help: &str| {
            let read = read_config(Path::new("c.json"), text, ConfigSource::User);
            let error = read.unwrap_err();
            let message = error.to_string();
            let (_, rest) = message.split_once("is not valid: ").unwrap();
            assert_eq!(rest, expect);
            assert!(error.help().unwrap().contains(help), "{:?}", error.help());
        };
        check(
            "{\n  // mine\n  \"modle\": \"x\"\n}",
            "line 3, column 3: there is no key `modle`",
            "did you mean `model` or `models`?",
        );
        check(
            "{\"edit\": {\"alow\": []}}",
            "line 1, column 11: there is no key `edit.alow`",
            "`edit.allow`",
        );
        check("{\"qqqq\": 1}", "line 1, column 2: there is no key `qqqq`", "config list");
        check(
            "{\"max_tokens\": \"9\"}",
            "line 1, column 16: `max_tokens` takes a whole number, not \"9\"",
            "schemas/config.json",
        );
        check(
            "{\"max_tokens\": -1}",
            "line 1, column 16: `max_tokens` takes a whole number, not -1",
            "",
        );
        check(
            "{\"max_tokens\": 1.5}",
            "line 1, column 16: `max_tokens` takes a whole number, not 1.5",
            "",
        );
        check("{\"exclude\": [1]}", "line 1, column 14: `exclude` takes a text, not 1", "");
        check(
            "{\"exclude\": \"a\"}",
            "line 1, column 13: `exclude` takes a list of texts, not \"a\"",
            "",
        );
        check(
            "{\"session\": {\"record\": 1}}",
            "line 1, column 24: `session.record` takes `true` or `false`, not 1",
            "",
        );
        check(
            "{\"session\": {\"keep_days\": 0}}",
            "line 1, column 27: `session.keep_days` takes a whole number from 1, not 0",
            "",
        );
        check(
            "{\"checks\": [{\"files\": \"*\", \"run\": \"a\", \"x\": 1}]}",
            "line 1, column 40: there is no key `checks.x`",
            "",
        );
        check("{\"commands\": {\"tidy\": {}}}", "line 1, column 1: missing field `prompt`", "JSON");
        check("[]", "line 1, column 1: the file holds an object, not a list", "");
        check(
            "{\"model\": \"a\" \"b\"}",
            "line 1, column 15: a comma is missing before it",
            "comments",
        );
    }

    #[test]
    fn a_file_with_comments_and_a_schema_is_read() {
        let text = "// mine\n{\n  \"$schema\": \"./config.json\",\n  \"model\": null, /* none */\n  \
            \"models\": {\"tasks\": {\"edit\": \"large\"},},\n  \"checks\": [{\"files\": \"*.rs\", \
            \"run\": \"cargo check\"}],\n  \"session\": {\"record\": false},\n}\n";
        let (_, config) = read_config(Path::new("c"), text, ConfigSource::User).unwrap();
        assert_eq!(config.models.tasks["edit"], "large");
        assert_eq!(config.checks, [CheckCommand::new("*.rs", "cargo check")]);
        assert!(!config.session.is_recorded());
    }

    #[test]
    fn a_project_does_not_choose_where_text_goes() {
        let read = |text: &str, source| read_config(Path::new("c"), text, source);
        for text in [r#"{"model": "x/gpt"}"#, r#"{"models": {"tasks": {"edit": "x/gpt"}}}"#] {
            assert!(read(text, ConfigSource::User).is_ok());
            assert_eq!(read(text, ConfigSource::Project).unwrap_err().code(), "config.not_here");
        }
        let offline = |user: &str, project: &str| {
            let (_, user) = read(user, ConfigSource::User).unwrap();
            let (_, project) = read(project, ConfigSource::Project).unwrap();
            project.over(user).offline
        };
        assert_eq!(offline(r#"{"offline": true}"#, r#"{"offline": false}"#), Some(true));
        assert_eq!(offline(r#"{"offline": false}"#, r#"{"offline": true}"#), Some(true));
        assert_eq!(offline("{}", r#"{"offline": true}"#), Some(true));
        assert_eq!(offline("{}", "{}"), None);
        let bad = read(r#"{"providers": {"a/b": {"kind": "ollama"}}}"#, ConfigSource::User);
        assert_eq!(bad.unwrap_err().code(), "remote.bad_name");
    }

    #[test]
    fn a_project_starts_nothing_and_keeps_nothing() {
        for key in USER_KEYS {
            let value = match key {
                "aliases" | "colors" | "servers" => r#"{"a": "b"}"#,
                "catalogues" => r#"["x"]"#,
                "check_with" => r#"["programs"]"#,
                "session" => r#"{"record": false}"#,
                "forges" => r#"{"git.example.org": {"kind": "gitlab"}}"#,
                "cache" => r#"{"answers": true}"#,
                "theme" | "prompts" | "embedder" => r#""x""#,
                "keys" => r#""vi""#,
                "providers" => r#"{"x": {"kind": "openai"}}"#,
                "mcp_servers" => r#"{"x": {"command": "y"}}"#,
                _ => continue,
            };
            let text = format!("{{\"{key}\": {value}}}");
            let path = Path::new("c");
            assert!(read_config(path, &text, ConfigSource::User).is_ok(), "{key}");
            let error = read_config(path, &text, ConfigSource::Project).unwrap_err();
            assert_eq!(error.code(), "config.not_here", "{key}");
        }
        assert!(is_users_alone("servers.ty") && !is_users_alone("serversx"));
    }

    #[test]
    fn the_page_shows_what_is_taken() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
        let text = fs::read_to_string(page).unwrap();
        let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
        let whole: Vec<&str> = blocks.filter(|block| block.contains("\"$schema\"")).collect();
        assert_eq!(whole.len(), 1);
        let path = Path::new("config.json");
        let (_, config) = read_config(path, whole[0], ConfigSource::User).unwrap();
        assert_eq!(config.checks.len(), 1);
        // Of a project's file they are no error: they are proposed.
        let checks = r#"{"checks": [{"files": "*", "run": "make"}]}"#;
        assert!(read_config(path, checks, ConfigSource::Project).is_ok());
    }
}
