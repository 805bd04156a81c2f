//! Plugins and skills: where they are looked for.

use std::path::Path;

use mlxcode_agent::plugin::{HookSurroundings, Hooks, Plugin, PluginLibrary, loose_skills};
use mlxcode_agent::session_store::{SessionId, Surroundings as _, SystemSurroundings};
use mlxcode_agent::{Additions, SessionHooks, SkillFile};

use crate::config::Config;
use crate::dirs::Dirs;
use crate::error::Result;
use crate::mcp::Environment;
use crate::workspace::Workspace;

/// The folder of a project's plugins, in the root.
pub const PROJECT_PLUGINS: &str = ".mlx-code/plugins";

/// The folder of a project's skills that belong to no plugin, in the root.
pub const PROJECT_SKILLS: &str = ".mlx-code/skills";

impl Dirs {
    /// The folder of the user's skills that belong to no plugin.
    pub fn skills(&self) -> std::path::PathBuf {
        self.config.join("skills")
    }

    /// The folder of the user's plugins.
    pub fn plugins(&self) -> std::path::PathBuf {
        self.data.join("plugins")
    }

    /// The file of what the user enabled and approved.
    pub fn approvals(&self) -> std::path::PathBuf {
        self.state.join("approvals.json")
    }
}

/// The plugins of the user and, given a root, of a project.
pub fn plugins(dirs: &Dirs, root: Option<&Path>) -> PluginLibrary {
    let project = root.map(|root| root.join(PROJECT_PLUGINS));
    PluginLibrary::new(dirs.plugins(), project, dirs.approvals())
}

/// A configuration with the catalogues of the plugins that are enabled beside
/// the user's own.
///
/// # Errors
/// Where the file of what is enabled cannot be read.
pub fn with_plugin_catalogues(
    mut config: Config,
    dirs: &Dirs,
    root: Option<&Path>,
) -> Result<Config> {
    let enabled = plugins(dirs, root).enabled()?;
    let files = enabled.iter().flat_map(|plugin| &plugin.catalogues);
    let files: Vec<String> = files.map(|path| path.to_string_lossy().into_owned()).collect();
    if !files.is_empty() {
        // The user's own come last and go before them.
        let own = config.catalogues.take().unwrap_or_default();
        config.catalogues = Some([files, own].concat());
    }
    Ok(config)
}

impl Workspace {
    /// The skills of the plugins that are enabled, the user's own and the
    /// project's, which are texts as its `AGENTS.md` is.
    ///
    /// # Errors
    /// Where the file of what is enabled cannot be read.
    pub fn skills(&self) -> Result<Vec<SkillFile>> {
        Ok(self.skills_of(&plugins(&self.dirs, Some(self.root())).enabled()?))
    }

    fn skills_of(&self, enabled: &[Plugin]) -> Vec<SkillFile> {
        let of_plugin = |plugin: &Plugin| {
            let root = plugin.root.clone();
            let file = move |skill| SkillFile { skill, plugin_root: Some(root.clone()) };
            plugin.skills.clone().into_iter().map(file).collect::<Vec<_>>()
        };
        let mut skills: Vec<SkillFile> = enabled.iter().flat_map(of_plugin).collect();
        for folder in [self.dirs.skills(), self.root().join(PROJECT_SKILLS)] {
            for skill in loose_skills(&folder) {
                let skill = SkillFile { skill, plugin_root: None };
                // A project cannot take the place of what the user wrote.
                if !skills.iter().any(|known| known.name() == skill.name()) {
                    skills.push(skill);
                }
            }
        }
        skills
    }

    /// What others add to a session, but for servers. Without an environment
    /// no program of theirs is started.
    pub(crate) fn additions(&self, environment: Option<&Environment>) -> Result<Additions> {
        let enabled = plugins(&self.dirs, Some(self.root())).enabled()?;
        let mut additions = Additions::default();
        additions.skills = self.skills_of(&enabled).into();
        let hooks = Hooks::new(enabled.into_iter().flat_map(|plugin| plugin.hooks));
        if let Some(environment) = environment.filter(|_| !hooks.is_empty()) {
            let variables = environment.variables.clone();
            // Programs keep notes by it, which no other session must find.
            let now = SystemSurroundings;
            let id = SessionId::of(now.now_ms(), now.random());
            let around = HookSurroundings::new(id.as_str(), self.root(), variables);
            let transcripts = Some(self.dirs.transcripts());
            additions.hooks =
                Some(std::sync::Arc::new(SessionHooks { hooks, around, transcripts }));
        }
        Ok(additions)
    }
}
