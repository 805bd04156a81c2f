//! What a project brings with it, which does nothing before the user says yes:
//! servers of tools, checks, prompts, plugins.

use std::path::PathBuf;

use mlxcode_agent::BUILT_IN_PROMPTS;
use mlxcode_agent::plugin::{Approvals, PluginScope, PluginStanding, PluginStatus};
use mlxcode_base::{Diagnostic, ErrorKind, nearest};
use mlxcode_mcp::{McpConfig, ServerConfig};
use serde::Serialize;
use thiserror::Error;

use crate::checks::CheckCommand;
use crate::config::PROJECT_CONFIG;
use crate::error::Result;
use crate::mcp::{content, one_by_one, project_file};
use crate::plugins::plugins;
use crate::prompts;
use crate::workspace::Workspace;

/// The part of a project's configuration that holds its checks.
const CHECKS: &str = "checks";
/// What a project's prompts are called: they are approved together.
const PROMPTS: &str = "prompts";

/// What kind of thing a project brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OfferKind {
    /// A server of tools, of its `.mcp.json`.
    Server,
    /// The commands that its `.mlx-code.json` wants to be run after changes.
    Checks,
    /// The prompts in `.mlx-code/prompts`.
    Prompts,
    /// A plugin, in `.mlx-code/plugins`.
    Plugin,
}

impl OfferKind {
    /// Its name: `server`, `checks`, `prompts` or `plugin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Checks => "checks",
            Self::Prompts => "prompts",
            Self::Plugin => "plugin",
        }
    }
}

/// What the user said to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OfferStanding {
    /// Nothing yet.
    Waits,
    /// Yes, and it is another thing now.
    Changed,
    /// Yes, to just this.
    Approved,
}

impl OfferStanding {
    /// Its name: `waits`, `changed` or `approved`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Changed => "changed",
            Self::Approved => "approved",
        }
    }
}

/// Something that a project brings. What is approved is its content as it was
/// when it was looked at.
#[derive(Debug)]
#[non_exhaustive]
pub struct Offer {
    /// What it is.
    pub kind: OfferKind,
    /// Its name: that of the server or of the plugin, or `checks` or `prompts`.
    pub name: String,
    /// Where it is written.
    pub path: PathBuf,
    /// All that it would start or ask, each whole; of texts, which they are.
    pub lines: Vec<String>,
    /// What the user said to it.
    pub standing: OfferStanding,
    seen: Seen,
}

/// What was looked at.
#[derive(Debug)]
enum Seen {
    Part { place: PathBuf, content: Vec<u8> },
    Plugin(Box<PluginStatus>),
}

/// Why something that a project brings cannot be approved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OfferError {
    /// It brings nothing of this name.
    #[error("this project brings no `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// Names that are written alike.
        near: Vec<String>,
    },
}

impl Diagnostic for OfferError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::NotFound
    }

    fn code(&self) -> &'static str {
        "offers.unknown"
    }

    fn help(&self) -> Option<String> {
        let Self::Unknown { near, .. } = self;
        Some(match near.first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`mlx-code approve` lists what there is".to_owned(),
        })
    }
}

impl Offer {
    /// The one of a name among several.
    ///
    /// # Errors
    /// Where none is called so.
    pub fn find<'o>(offers: &'o [Self], name: &str) -> Result<&'o Self> {
        let found = offers.iter().find(|offer| offer.id() == name);
        let unknown = || {
            let near = nearest(name, offers.iter().map(Self::id), 1);
            OfferError::Unknown { name: name.to_owned(), near }
        };
        Ok(found.ok_or_else(unknown)?)
    }

    /// The name that is typed for it, such as `server:git` or `checks`.
    pub fn id(&self) -> String {
        match self.kind {
            OfferKind::Checks | OfferKind::Prompts => self.kind.as_str().to_owned(),
            kind => format!("{}:{}", kind.as_str(), self.name),
        }
    }

    /// Whether the user is to be asked.
    pub fn is_waiting(&self) -> bool {
        self.standing != OfferStanding::Approved
    }
}

impl Workspace {
    /// What the project brings, by kind and name. Nothing is started.
    ///
    /// # Errors
    /// Where the file of what is approved cannot be read.
    pub fn offers(&self) -> Result<Vec<Offer>> {
        let approvals = Approvals::read(&self.dirs.approvals())?;
        let mut offers = Vec::new();
        // A file that cannot be read offers nothing; who wants servers is told.
        if let Some(Ok((path, text))) = project_file(self.root())
            && let Ok(config) = McpConfig::from_json(&path.to_string_lossy(), &text)
        {
            let whole = approvals.is_file_approved(&path, text.as_bytes());
            let was_whole = approvals.is_file_changed(&path, text.as_bytes());
            for (name, server) in config.servers.into_iter().filter(|(_, one)| !one.disabled) {
                let (place, content) = (Approvals::part(&path, &name), content(&server));
                let standing = match standing(&approvals, &place, &content) {
                    _ if whole => OfferStanding::Approved,
                    OfferStanding::Waits if was_whole => OfferStanding::Changed,
                    standing => standing,
                };
                let (path, lines) = (path.clone(), server_lines(&server));
                let seen = Seen::Part { place, content };
                offers.push(Offer { kind: OfferKind::Server, name, path, lines, standing, seen });
            }
        }
        offers.extend(self.offered_checks(&approvals));
        offers.extend(self.offered_prompts(&approvals));
        for status in plugins(&self.dirs, Some(self.root())).list()? {
            offers.extend(of_plugin(status));
        }
        Ok(offers)
    }

    /// Says yes to what was looked at.
    ///
    /// # Errors
    /// Where that cannot be written down.
    pub fn approve(&self, offer: &Offer) -> Result<()> {
        match &offer.seen {
            Seen::Part { place, content } => {
                let mut approvals = Approvals::read(&self.dirs.approvals())?;
                approvals.approve_file(place, content);
                approvals.write(&self.dirs.approvals())?;
            }
            Seen::Plugin(status) => {
                plugins(&self.dirs, Some(self.root())).approve(status)?;
            }
        }
        Ok(())
    }

    /// Takes a yes back.
    ///
    /// # Errors
    /// Where that cannot be written down.
    pub fn revoke(&self, offer: &Offer) -> Result<()> {
        match &offer.seen {
            Seen::Part { place, .. } => {
                let mut approvals = Approvals::read(&self.dirs.approvals())?;
                if offer.kind == OfferKind::Server
                    && let Some(Ok((path, text))) = project_file(self.root())
                    && let Ok(config) = McpConfig::from_json(&path.to_string_lossy(), &text)
                {
                    one_by_one(&mut approvals, &path, &text, &config);
                }
                approvals.revoke(place);
                approvals.write(&self.dirs.approvals())?;
            }
            Seen::Plugin(status) => {
                plugins(&self.dirs, Some(self.root())).disable(&status.name)?;
            }
        }
        Ok(())
    }

    /// The checks of the project that the user said yes to.
    pub(crate) fn approved_checks(&self) -> Vec<CheckCommand> {
        let approved = Approvals::read(&self.dirs.approvals())
            .ok()
            .and_then(|approvals| self.offered_checks(&approvals))
            .is_some_and(|offer| !offer.is_waiting());
        if approved { self.proposed_checks().to_vec() } else { Vec::new() }
    }

    fn offered_checks(&self, approvals: &Approvals) -> Option<Offer> {
        let checks = self.proposed_checks();
        if checks.is_empty() {
            return None;
        }
        let path = self.root().join(PROJECT_CONFIG);
        let place = Approvals::part(&path, CHECKS);
        let content = serde_json::to_vec(checks).unwrap_or_default();
        let standing = standing(approvals, &place, &content);
        let line =
            |check: &CheckCommand| format!("{}  after changes of {}", check.run, check.files);
        let lines = checks.iter().map(line).collect();
        let seen = Seen::Part { place, content };
        Some(Offer {
            kind: OfferKind::Checks,
            name: CHECKS.to_owned(),
            path,
            lines,
            standing,
            seen,
        })
    }

    /// Those that cannot be read count for nothing; who lists prompts is told.
    fn offered_prompts(&self, approvals: &Approvals) -> Option<Offer> {
        let (folder, files, content) = prompts::read(self.root()).ok().flatten()?;
        let standing = standing(approvals, &folder, &content);
        let line = |file: &PathBuf| {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            let name = file.strip_suffix(".md").unwrap_or(&file);
            match BUILT_IN_PROMPTS.iter().find(|prompt| prompt.name == name) {
                Some(prompt) => format!("{file}  replaces what a model is told: {}", prompt.about),
                None => format!("{file}  has the name of no prompt, and counts for nothing"),
            }
        };
        let lines = files.iter().map(line).collect();
        let seen = Seen::Part { place: folder.clone(), content };
        let (kind, name) = (OfferKind::Prompts, PROMPTS.to_owned());
        Some(Offer { kind, name, path: folder, lines, standing, seen })
    }
}

fn standing(approvals: &Approvals, place: &std::path::Path, content: &[u8]) -> OfferStanding {
    if approvals.is_file_approved(place, content) {
        OfferStanding::Approved
    } else if approvals.is_file_changed(place, content) {
        OfferStanding::Changed
    } else {
        OfferStanding::Waits
    }
}

fn of_plugin(status: PluginStatus) -> Option<Offer> {
    if status.scope != PluginScope::Project {
        return None;
    }
    let standing = match status.standing {
        PluginStanding::Enabled => OfferStanding::Approved,
        PluginStanding::Changed => OfferStanding::Changed,
        PluginStanding::Disabled => OfferStanding::Waits,
        _ => return None,
    };
    let plugin = status.plugin.as_ref().ok()?;
    let mut lines = Vec::new();
    for hook in &plugin.hooks {
        let matcher = if hook.matcher.is_empty() { "" } else { " " };
        let event = format!("{}{matcher}{}", hook.event.name(), hook.matcher);
        lines.push(format!("{}  at {event}", told(hook.command.iter().map(String::as_str))));
    }
    if let Some(servers) = &plugin.servers {
        let text = servers.document.to_string();
        let config = McpConfig::from_json(&servers.path.to_string_lossy(), &text);
        for (name, server) in config.map(|config| config.servers).unwrap_or_default() {
            let server = server_lines(&server).into_iter();
            lines.extend(server.map(|line| format!("{line}  as the server {name}")));
        }
    }
    for adapter in &plugin.adapters {
        let command = told(adapter.command.iter().map(String::as_str));
        lines.push(format!("{command}  for the models {}/…", adapter.name));
    }
    let texts = plugin.skills.len() + plugin.commands.len() + plugin.roles.len();
    if texts > 0 {
        lines.push(format!("{texts} texts for the model: skills, commands, roles"));
    }
    let (name, path) = (status.name.clone(), status.folder.clone());
    let seen = Seen::Plugin(Box::new(status));
    Some(Offer { kind: OfferKind::Plugin, name, path, lines, standing, seen })
}

/// What a server starts or asks, with all that changes what that does.
fn server_lines(server: &ServerConfig) -> Vec<String> {
    let env: Vec<String> =
        server.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let words = server.command.iter().chain(&server.args);
    let mut line = told(env.iter().chain(words).map(String::as_str));
    if let Some(url) = &server.url {
        line.push_str(url);
    }
    for name in server.headers.keys() {
        line.push_str(&format!("  with the header {name}"));
    }
    if let Some(folder) = &server.cwd {
        line.push_str(&format!("  in {}", folder.display()));
    }
    vec![line]
}

/// A command as it could be typed: what is no plain word stands in quotes.
fn told<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<&str> = words.collect();
    // One text is read by a shell as it is.
    if let [line] = words[..] {
        return line.to_owned();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let word = |word: &&str| {
        if !word.is_empty() && word.chars().all(plain) {
            return (*word).to_owned();
        }
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_whole() {
        let check = |words: &[&str], expect: &str| {
            assert_eq!(told(words.iter().copied()), expect);
        };
        check(&["uvx", "mcp-server-git", "--repository", "."], "uvx mcp-server-git --repository .");
        check(&["sh", "-c", "echo hi; rm x"], "sh -c 'echo hi; rm x'");
        check(&["a b", "it's", ""], r"'a b' 'it'\''s' ''");
        check(&["echo $X | sh"], "echo $X | sh");
    }
}
