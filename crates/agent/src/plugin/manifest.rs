use std::path::{Path, PathBuf};

use mlxcode_base::Root;
use serde::Serialize;
use serde_json::Value;

use super::adapter::{self, ModelAdapter};
use super::command::{PluginCommand, PluginRole, read_commands, read_roles};
use super::hook::{HookRule, read_rules};
use super::skill::{self, Skill};
use super::{PluginError, PluginProblem, text};

/// Where a manifest may be: ours, and that of the plugins that exist already.
const MANIFESTS: [&str; 2] = [".plugin/plugin.json", ".claude-plugin/plugin.json"];

/// How long a name may be: it is part of the names of tools and commands.
const MOST_NAME_CHARS: usize = 64;

/// How many paths a manifest may name for one thing.
const MOST_PATHS: usize = 50;

/// A folder of skills, commands, roles, hooks, tool servers and models.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Plugin {
    /// Its name: small letters, digits and dashes.
    pub name: String,
    /// Its version, as its author counts.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Its folder, absolute and without links.
    pub root: PathBuf,
    /// What a model can read when it needs it.
    pub skills: Vec<Skill>,
    /// What the user can ask by name.
    pub commands: Vec<PluginCommand>,
    /// Roles for sub-tasks.
    pub roles: Vec<PluginRole>,
    /// Programs that hear what happens.
    pub hooks: Vec<HookRule>,
    /// Servers of tools, as a `.mcp.json` names them.
    pub servers: Option<PluginServers>,
    /// Programs that run models.
    pub adapters: Vec<ModelAdapter>,
    /// Catalogues of models: files, as the user's own.
    pub catalogues: Vec<PathBuf>,
    /// What is wrong and was left out.
    pub problems: Vec<PluginProblem>,
}

/// Servers of tools that a plugin brings.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PluginServers {
    /// Where they are named.
    pub path: PathBuf,
    /// The document.
    pub document: Value,
}

impl Plugin {
    /// Reads a plugin's folder. Nothing in it is run, and what cannot be read
    /// is left out and told in [`problems`](Self::problems).
    ///
    /// # Errors
    /// Where the folder has no manifest, or one that cannot be read.
    pub fn read(folder: &Path) -> Result<Self, PluginError> {
        let not_a_plugin = || PluginError::NotAPlugin { folder: folder.to_owned() };
        let root = Root::open(folder).map_err(|_| not_a_plugin())?;
        let manifest_path = manifest_of(root.path()).ok_or_else(not_a_plugin)?;
        let bad = |reason: String| PluginError::BadFile {
            path: manifest_path.clone(),
            line: None,
            reason,
        };
        if !text::is_inside(&root, &manifest_path) {
            return Err(bad("a link leads out of the plugin".to_owned()));
        }
        let manifest = text::read_json(&manifest_path)?;
        if !manifest.is_object() {
            return Err(bad("it is no JSON object".to_owned()));
        }
        let words = |name: &str| manifest.get(name).and_then(Value::as_str).map(str::to_owned);
        let name = words("name").ok_or_else(|| bad("it has no `name`".to_owned()))?;
        if !is_plugin_name(&name) {
            return Err(bad(format!(
                "`{name}` is no name of a plugin: letters, digits, `-`, `_` and `.`, 64 at most"
            )));
        }
        let author = manifest.get("author");
        let author =
            author.and_then(|author| author.as_str().or_else(|| author.get("name")?.as_str()));
        let mut reading = Reading {
            root: &root,
            manifest: &manifest,
            path: &manifest_path,
            problems: Vec::new(),
        };
        let mut plugin = Self {
            version: words("version"),
            description: words("description"),
            author: author.map(str::to_owned),
            root: root.path().to_owned(),
            skills: reading.skills(&name),
            commands: Vec::new(),
            roles: Vec::new(),
            hooks: reading.hooks(&name),
            servers: reading.servers(),
            adapters: Vec::new(),
            catalogues: Vec::new(),
            problems: Vec::new(),
            name,
        };
        for place in reading.places("commands") {
            let more = read_commands(&root, &plugin.name, &place, &mut reading.problems);
            plugin.commands.extend(more);
        }
        for place in reading.places("agents") {
            plugin.roles.extend(read_roles(&root, &plugin.name, &place, &mut reading.problems));
        }
        let models = manifest.get("models").unwrap_or(&Value::Null);
        plugin.adapters =
            adapter::read_all(&plugin.name, &root, &manifest_path, models, &mut reading.problems);
        plugin.catalogues = reading.catalogues(models);
        plugin.problems = reading.problems;
        Ok(plugin)
    }
}

/// Where a folder's manifest is.
pub(super) fn manifest_of(folder: &Path) -> Option<PathBuf> {
    MANIFESTS.iter().map(|manifest| folder.join(manifest)).find(|path| path.is_file())
}

fn is_plugin_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty()
        && name.len() <= MOST_NAME_CHARS
        && name.chars().all(allowed)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

struct Reading<'a> {
    root: &'a Root,
    manifest: &'a Value,
    path: &'a Path,
    problems: Vec<PluginProblem>,
}

impl Reading<'_> {
    fn note(&mut self, path: &Path, text: impl Into<String>) {
        self.problems.push(PluginProblem { path: path.to_owned(), line: None, text: text.into() });
    }

    fn skills(&mut self, plugin: &str) -> Vec<Skill> {
        let mut skills: Vec<Skill> = Vec::new();
        for place in self.places("skills") {
            for mut skill in skill::read_all(self.root, &place, &mut self.problems) {
                if skills.iter().any(|known| known.path == skill.path) {
                    continue;
                }
                if skills.iter().any(|known| known.name == skill.name) {
                    self.note(
                        &skill.path,
                        format!("there is another skill called `{}`", skill.name),
                    );
                    continue;
                }
                skill.plugin = Some(plugin.to_owned());
                skills.push(skill);
            }
        }
        skills
    }

    /// The usual folder, and what the manifest names beside it.
    fn places(&mut self, key: &str) -> Vec<PathBuf> {
        let usual = self.root.path().join(key);
        let mut places = vec![usual];
        for named in self.paths(key) {
            if !places.contains(&named) {
                places.push(named);
            }
        }
        places.retain(|place| place.exists());
        places
    }

    /// The paths that the manifest names for one thing.
    fn paths(&mut self, key: &str) -> Vec<PathBuf> {
        let named: Vec<&str> = match self.manifest.get(key) {
            Some(Value::String(named)) => vec![named],
            Some(Value::Array(named)) => named.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut paths = Vec::new();
        for named in named.into_iter().take(MOST_PATHS) {
            match text::inside(self.root, named) {
                Some(path) if path.exists() => paths.push(path),
                Some(_) => self.note(self.path, format!("`{named}` of `{key}` is not there")),
                None => {
                    self.note(self.path, format!("`{named}` of `{key}` leads out of the plugin"));
                }
            }
        }
        paths
    }

    /// A file that is there by custom, or that the manifest names.
    fn documents(&mut self, usual: &str, key: &str) -> Vec<(PathBuf, Value)> {
        let mut documents = Vec::new();
        let mut paths = vec![self.root.path().join(usual)];
        paths.extend(self.paths(key));
        paths.dedup();
        for path in paths {
            if !path.exists() {
                continue;
            }
            if !text::is_inside(self.root, &path) {
                self.note(&path, "a link leads out of the plugin; it is left out");
                continue;
            }
            match text::read_json(&path) {
                Ok(document) => documents.push((path, document)),
                Err(error) => self.problems.push(text::problem(&error)),
            }
        }
        let within = match self.manifest.get(key) {
            Some(Value::Array(items)) => items.iter().filter(|item| item.is_object()).collect(),
            Some(item @ Value::Object(_)) => vec![item],
            _ => Vec::new(),
        };
        documents.extend(within.into_iter().map(|item| (self.path.to_owned(), item.clone())));
        documents
    }

    fn hooks(&mut self, plugin: &str) -> Vec<HookRule> {
        let documents = self.documents("hooks/hooks.json", "hooks");
        let mut rules = Vec::new();
        for (path, document) in documents {
            rules.extend(read_rules(plugin, self.root, &path, &document, &mut self.problems));
        }
        rules
    }

    fn servers(&mut self) -> Option<PluginServers> {
        let mut documents = self.documents(".mcp.json", "mcpServers").into_iter();
        let (path, document) = documents.find(|(_, document)| document.is_object())?;
        if documents.next().is_some() {
            self.note(&path, "servers are named in a second place too, which is left out");
        }
        Some(PluginServers { path, document })
    }

    fn catalogues(&mut self, models: &Value) -> Vec<PathBuf> {
        let named = models.get("catalogues").and_then(Value::as_array);
        let named: Vec<_> = named.into_iter().flatten().filter_map(Value::as_str).collect();
        let mut paths = Vec::new();
        for named in named.into_iter().take(MOST_PATHS) {
            match text::inside(self.root, named).filter(|path| path.is_file()) {
                Some(path) => paths.push(path),
                None => self
                    .note(self.path, format!("the catalogue `{named}` is no file of the plugin")),
            }
        }
        paths
    }
}
