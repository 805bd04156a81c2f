//! Plugins: where they are looked for.

use std::path::Path;

use mlxcode_agent::plugin::PluginLibrary;

use crate::dirs::Dirs;

/// The folder of a project's plugins, in the root.
pub const PROJECT_PLUGINS: &str = ".mlx-code/plugins";

impl Dirs {
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
