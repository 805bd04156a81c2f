//! What there is on this machine and in this project, for whoever types.

use std::path::Path;

use mlxcode_core::{
    BUILT_IN_PROMPTS, LoadedConfig, McpPlan, ModelLibrary, SessionFilter, Workspace,
};

use super::Candidates;
use crate::command::help::topics::TOPICS;
use crate::host::Host;
use crate::look;

/// Reads what is asked for, and nothing else. What cannot be read is left out:
/// a shell is no place for errors.
pub struct Live<'l, 'h> {
    host: &'l Host<'h>,
    root: Option<String>,
}

impl<'l, 'h> Live<'l, 'h> {
    pub fn new(host: &'l Host<'h>, root: Option<&str>) -> Self {
        Self { host, root: root.map(str::to_owned) }
    }

    /// The values of an argument of a verb; `before` are those of the arguments
    /// before it.
    pub fn values(&mut self, path: &[&str], argument: &str, before: &[String]) -> Candidates {
        match (path, argument) {
            (_, "model") | (["models", "compare"], "models") => self.models(),
            (["models", verb], "name") if !["add", "pull", "import"].contains(verb) => {
                self.models()
            }
            (_, "session" | "sessions" | "resume") => self.sessions(),
            (_, "theme") => self.themes(),
            (["config", ..], "key") => config_keys(),
            (["config", "set"], "value") => match before.first().map(String::as_str) {
                Some("theme") => self.themes(),
                Some("model") => self.models(),
                Some("keys") => named(["emacs", "vi"]),
                _ => Vec::new(),
            },
            (["run"], "name") => self.commands(),
            (["prompts", ..], "name") => BUILT_IN_PROMPTS
                .iter()
                .map(|prompt| (prompt.name.to_owned(), prompt.about.to_owned()))
                .collect(),
            (["help"], "topic") => {
                TOPICS.iter().map(|topic| (topic.name.to_owned(), topic.about.to_owned())).collect()
            }
            (["plugins", "show" | "enable" | "disable" | "remove"], "name") => self.plugins(),
            (["mcp", ..], "server") => self.servers(),
            (["scaffold"], "template") => self.templates(),
            _ => Vec::new(),
        }
    }

    /// The aliases of the user.
    pub fn aliases(&mut self) -> Candidates {
        let loaded = self.host.dirs.as_ref().and_then(|dirs| LoadedConfig::read(dirs, None).ok());
        loaded.map(|loaded| loaded.config.aliases.into_iter().collect()).unwrap_or_default()
    }

    fn workspace(&self) -> Option<Workspace> {
        let dirs = self.host.dirs.as_ref()?;
        let from = &self.host.current_dir;
        match &self.root {
            Some(root) => Workspace::open(&from.join(Path::new(root)), dirs).ok(),
            None => Workspace::discover(from, dirs).ok(),
        }
    }

    fn models(&self) -> Candidates {
        let library = self.host.dirs.as_ref().and_then(|dirs| ModelLibrary::open(dirs).ok());
        let models = library.and_then(|library| library.list().ok()).unwrap_or_default();
        models.into_iter().map(|model| (model.name, String::new())).collect()
    }

    fn sessions(&self) -> Candidates {
        let listed = self
            .workspace()
            .filter(|one| one.sessions_file().exists())
            .and_then(|one| one.sessions().ok()?.list(&SessionFilter::default()).ok());
        let sessions = listed.unwrap_or_default().into_iter();
        sessions
            .map(|session| {
                let label = session.label().to_owned();
                (session.name.unwrap_or_else(|| session.id.to_string()), label)
            })
            .collect()
    }

    fn themes(&self) -> Candidates {
        let Some(dirs) = &self.host.dirs else { return Vec::new() };
        named(look::themes(dirs).names())
    }

    fn commands(&self) -> Candidates {
        let found = self.workspace().and_then(|workspace| workspace.commands().ok());
        let commands = found.map(|found| found.commands).unwrap_or_default();
        commands.into_iter().map(|command| (command.name, command.description)).collect()
    }

    fn plugins(&self) -> Candidates {
        let (Some(dirs), Some(workspace)) = (&self.host.dirs, self.workspace()) else {
            return Vec::new();
        };
        let listed = mlxcode_core::plugins(dirs, Some(workspace.root())).list();
        let about = |plugin: mlxcode_core::PluginStatus| {
            let about = plugin.plugin.ok().and_then(|plugin| plugin.description);
            (plugin.name, about.unwrap_or_default())
        };
        listed.unwrap_or_default().into_iter().map(about).collect()
    }

    fn servers(&self) -> Candidates {
        let (Some(dirs), Some(workspace)) = (&self.host.dirs, self.workspace()) else {
            return Vec::new();
        };
        let plan = McpPlan::read(dirs, Some(workspace.root()), workspace.config());
        let entries = plan.map(|plan| plan.entries).unwrap_or_default();
        named(entries.into_iter().map(|entry| entry.name))
    }

    fn templates(&self) -> Candidates {
        let found = self.workspace().and_then(|workspace| workspace.project_templates().ok());
        let templates = found.unwrap_or_default().into_iter();
        templates.map(|template| (template.name, template.description)).collect()
    }
}

fn config_keys() -> Candidates {
    LoadedConfig::keys().into_iter().map(|key| (key.key, key.about)).collect()
}

fn named<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Candidates {
    names.into_iter().map(|name| (name.into(), String::new())).collect()
}
