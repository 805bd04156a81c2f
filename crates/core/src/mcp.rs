//! Servers of tools: which there are, who named them, and whether they may
//! be started.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use mlxcode_agent::plugin::Approvals;
use mlxcode_base::CancelToken;
use mlxcode_mcp::{McpConfig, McpOptions, McpServers, NetworkPolicy, ServerConfig};
use serde_json::Value;

use crate::config::Config;
use crate::dirs::Dirs;
use crate::error::Result;
use crate::plugins::plugins;

/// The name of a project's file of servers, in the root.
pub const PROJECT_SERVERS: &str = ".mcp.json";

/// How much of that file is read.
const MOST_BYTES: u64 = 1 << 20;

/// What a face knows of its surroundings: the variables that programs
/// inherit, without those that hold secrets, and that configurations name.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Environment {
    /// The variables.
    pub variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The process's own. Meant for faces, as [`Dirs::from_env`] is.
    #[allow(clippy::disallowed_methods, reason = "reads what only faces ask for, as Dirs does")]
    pub fn from_env() -> Self {
        Self { variables: env::vars_os().collect() }
    }
}

/// The values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("variables", &self.variables.len()).finish()
    }
}

/// Who named a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum McpOrigin {
    /// The user's own configuration.
    User,
    /// The project's `.mcp.json`.
    Project,
    /// A plugin that is enabled.
    Plugin(String),
}

/// A server that somebody named.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct McpEntry {
    /// Its name.
    pub name: String,
    /// Who named it.
    pub origin: McpOrigin,
    /// What is started or asked.
    pub server: ServerConfig,
    /// Whether the user said yes: what he or an enabled plugin names needs no
    /// more.
    pub is_approved: bool,
}

impl McpEntry {
    /// Whether it would be started if only the user said yes.
    pub fn waits(&self) -> bool {
        !self.is_approved && !self.server.disabled
    }
}

/// The servers of a user and a project.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct McpPlan {
    /// The servers, by name; of two with one name the user's counts, then the
    /// project's.
    pub entries: Vec<McpEntry>,
    /// What was left out, and why.
    pub problems: Vec<String>,
}

impl McpPlan {
    /// Reads who names what. Nothing is started.
    ///
    /// # Errors
    /// Where the file of what is approved or enabled cannot be read.
    pub fn read(dirs: &Dirs, root: Option<&Path>, config: &Config) -> Result<Self> {
        let mut plan = Self::default();
        for (name, server) in config.mcp_servers.iter().flatten() {
            plan.add(name.clone(), McpOrigin::User, server.clone(), true);
        }
        if let Some((path, text)) = root.and_then(project_file).transpose()? {
            let approvals = Approvals::read(&dirs.approvals())?;
            let whole = approvals.is_file_approved(&path, text.as_bytes());
            match McpConfig::from_json(&path.to_string_lossy(), &text) {
                Ok(project) => {
                    for (name, server) in project.servers {
                        let part = Approvals::part(&path, &name);
                        let content = content(&server);
                        let is_approved = whole || approvals.is_file_approved(&part, &content);
                        plan.add(name, McpOrigin::Project, server, is_approved);
                    }
                }
                Err(error) => plan.problems.push(error.to_string()),
            }
        }
        for plugin in plugins(dirs, root).enabled()? {
            let Some(servers) = plugin.servers else { continue };
            let text = with_root(servers.document, &plugin.root).to_string();
            match McpConfig::from_json(&servers.path.to_string_lossy(), &text) {
                Ok(servers) => {
                    for (name, server) in servers.servers {
                        let name = format!("{}_{name}", plugin.name);
                        plan.add(name, McpOrigin::Plugin(plugin.name.clone()), server, true);
                    }
                }
                Err(error) => plan.problems.push(error.to_string()),
            }
        }
        plan.entries.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(plan)
    }

    fn add(&mut self, name: String, origin: McpOrigin, server: ServerConfig, is_approved: bool) {
        if self.entries.iter().any(|known| known.name == name) {
            self.problems.push(format!("a second server called `{name}` is left out"));
            return;
        }
        self.entries.push(McpEntry { name, origin, server, is_approved });
    }

    /// Whether the project names servers that the user has not approved.
    pub fn waits_for_approval(&self) -> bool {
        self.entries.iter().any(McpEntry::waits)
    }

    /// Starts the servers that are approved: all, or the one that is named.
    ///
    /// # Errors
    /// Where no server has that name or it is not approved, and where the
    /// work was cancelled. A server that fails says so in its status.
    pub fn start(
        &self,
        only: Option<&str>,
        root: &Path,
        environment: &Environment,
        offline: bool,
        cancel: &CancelToken,
    ) -> Result<McpServers> {
        if let Some(name) = only {
            let entry = self.entries.iter().find(|entry| entry.name == name);
            let unknown = || mlxcode_mcp::Error::UnknownServer { server: name.to_owned() };
            if !entry.ok_or_else(unknown)?.is_approved {
                let reason = format!(
                    "it stands in {PROJECT_SERVERS}, and `mlx-code mcp approve {name}` allows it"
                );
                return Err(
                    mlxcode_mcp::Error::BadServer { server: name.to_owned(), reason }.into()
                );
            }
        }
        let config = self.approved(|name| only.is_none_or(|only| name == only));
        Ok(McpServers::start(&config, options(root, environment, offline), cancel)?)
    }

    /// Starts all servers that are approved, and waits for none.
    ///
    /// # Errors
    /// Where the thread that asks them cannot be started.
    pub fn begin(
        &self,
        root: &Path,
        environment: &Environment,
        offline: bool,
    ) -> Result<McpServers> {
        Ok(McpServers::begin(&self.approved(|_| true), options(root, environment, offline))?)
    }

    /// The servers that may be started, of those that are wanted.
    fn approved(&self, wanted: impl Fn(&str) -> bool) -> McpConfig {
        let fit = self.entries.iter().filter(|entry| entry.is_approved && wanted(&entry.name));
        let servers = fit.map(|entry| (entry.name.clone(), entry.server.clone())).collect();
        McpConfig { servers }
    }
}

fn options(root: &Path, environment: &Environment, offline: bool) -> McpOptions {
    let mut options = McpOptions::new(root).with_environment(environment.variables.clone());
    if offline {
        // What runs on this machine sends nothing elsewhere by being asked.
        options.network = NetworkPolicy::LoopbackOnly;
    }
    options
}

/// What is approved of one server: all that is set of it.
pub(crate) fn content(server: &ServerConfig) -> Vec<u8> {
    serde_json::to_vec(server).unwrap_or_default()
}

/// The servers of a project's file whose approval changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApprovedServers {
    /// The file.
    pub path: PathBuf,
    /// Their names.
    pub names: Vec<String>,
}

/// Approves the servers that the project's file names, each as it is now, or
/// takes that back: all, or the one that is named. `None` where there is no
/// file.
///
/// # Errors
/// Where no server has that name, and where a file cannot be read or written.
pub fn approve_servers(
    dirs: &Dirs,
    root: &Path,
    only: Option<&str>,
    yes: bool,
) -> Result<Option<ApprovedServers>> {
    let Some((path, text)) = project_file(root).transpose()? else { return Ok(None) };
    let config = McpConfig::from_json(&path.to_string_lossy(), &text)?;
    if let Some(name) = only.filter(|name| !config.servers.contains_key(*name)) {
        return Err(mlxcode_mcp::Error::UnknownServer { server: name.to_owned() }.into());
    }
    let mut approvals = Approvals::read(&dirs.approvals())?;
    if only.is_none() {
        // With those that the file does not name any more.
        approvals.revoke_parts(&path);
    } else {
        one_by_one(&mut approvals, &path, &text, &config);
    }
    let meant = config.servers.iter().filter(|(name, _)| only.is_none_or(|only| *name == only));
    let mut names = Vec::new();
    for (name, server) in meant {
        let part = Approvals::part(&path, name);
        if yes {
            approvals.approve_file(&part, &content(server));
        } else {
            approvals.revoke(&part);
        }
        names.push(name.clone());
    }
    approvals.write(&dirs.approvals())?;
    Ok(Some(ApprovedServers { path, names }))
}

/// Makes of an approval of a whole file, as it was once given, one of each
/// server in it.
pub(crate) fn one_by_one(approvals: &mut Approvals, path: &Path, text: &str, config: &McpConfig) {
    let is_whole = approvals.is_file_approved(path, text.as_bytes());
    approvals.revoke(path);
    for (name, server) in config.servers.iter().filter(|_| is_whole) {
        approvals.approve_file(&Approvals::part(path, name), &content(server));
    }
}

/// The project's file with its text, where there is one.
pub(crate) fn project_file(root: &Path) -> Option<Result<(PathBuf, String)>> {
    let path = root.join(PROJECT_SERVERS);
    let data = fs::symlink_metadata(&path).ok()?;
    let bad = |reason: &str| mlxcode_mcp::Error::BadConfig {
        origin: path.to_string_lossy().into_owned(),
        reason: reason.to_owned(),
    };
    if !data.is_file() {
        return Some(Err(bad("it is no plain file").into()));
    }
    let mut text = String::new();
    let read =
        fs::File::open(&path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text));
    Some(match read {
        Ok(_) => Ok((path, text)),
        Err(error) => Err(bad(&error.to_string()).into()),
    })
}

/// Puts a plugin's folder into all texts of a document.
fn with_root(value: Value, root: &Path) -> Value {
    let within = |value| with_root(value, root);
    match value {
        Value::String(text) => {
            let root = root.to_string_lossy();
            let text = text.replace("${CLAUDE_PLUGIN_ROOT}", &root);
            Value::String(text.replace("${PLUGIN_ROOT}", &root))
        }
        Value::Array(items) => items.into_iter().map(within).collect(),
        Value::Object(items) => {
            Value::Object(items.into_iter().map(|(name, value)| (name, within(value))).collect())
        }
        other => other,
    }
}
