use std::path::{Path, PathBuf};

use mlxcode_base::ContentHash;
use serde::Serialize;

use super::hook::Hooks;
use super::manifest::{Plugin, manifest_of};
use super::state::{Approval, Approvals, files, hash};
use super::{PluginError, text};

/// How many plugins are looked at.
const MOST_PLUGINS: usize = 200;

/// Whose plugin it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PluginScope {
    /// The user put it beside his configuration.
    User,
    /// The project brings it.
    Project,
}

/// Whether a plugin takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PluginStanding {
    /// It does.
    Enabled,
    /// It does not.
    Disabled,
    /// The user enabled it, and it has changed since.
    Changed,
    /// It cannot be read.
    Broken,
}

/// A folder of a plugin, and what is known of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct PluginStatus {
    /// Its name; its folder's where it cannot be read.
    pub name: String,
    /// Whose it is.
    pub scope: PluginScope,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it takes part.
    pub standing: PluginStanding,
    /// What was read, or why it could not be.
    pub plugin: Result<Plugin, PluginError>,
    /// What it is, of a project's plugin.
    hash: Option<ContentHash>,
}

/// The plugins of the user and of a project.
#[derive(Clone, Debug)]
pub struct PluginLibrary {
    user_folder: PathBuf,
    project_folders: Vec<PathBuf>,
    state: PathBuf,
}

impl PluginLibrary {
    /// Plugins are the folders in these folders. `state` is the file in which
    /// it is kept which of them are enabled.
    pub fn new(
        user_folder: impl Into<PathBuf>,
        project_folders: impl IntoIterator<Item = PathBuf>,
        state: impl Into<PathBuf>,
    ) -> Self {
        Self {
            user_folder: user_folder.into(),
            project_folders: project_folders.into_iter().collect(),
            state: state.into(),
        }
    }

    /// All plugins, the user's first. Of two with one name the first counts:
    /// a project cannot take the place of what the user installed.
    ///
    /// # Errors
    /// Where the file of what is enabled is damaged.
    pub fn list(&self) -> Result<Vec<PluginStatus>, PluginError> {
        let approvals = Approvals::read(&self.state)?;
        let user = std::iter::once((&self.user_folder, PluginScope::User));
        let project = self.project_folders.iter().map(|folder| (folder, PluginScope::Project));
        let mut all: Vec<PluginStatus> = Vec::new();
        for (place, scope) in user.chain(project) {
            for folder in text::entries(place) {
                if all.len() == MOST_PLUGINS {
                    return Ok(all);
                }
                if manifest_of(&folder).is_none() {
                    continue;
                }
                let mut status = status(&folder, scope, &approvals);
                if all.iter().any(|known| known.name == status.name) {
                    status.standing = PluginStanding::Disabled;
                }
                all.push(status);
            }
        }
        Ok(all)
    }

    /// The plugins that take part.
    ///
    /// # Errors
    /// Where the file of what is enabled is damaged.
    pub fn enabled(&self) -> Result<Vec<Plugin>, PluginError> {
        let enabled = self.list()?.into_iter();
        let enabled = enabled.filter(|status| status.standing == PluginStanding::Enabled);
        Ok(enabled.filter_map(|status| status.plugin.ok()).collect())
    }

    /// The hooks of the plugins that take part.
    ///
    /// # Errors
    /// Where the file of what is enabled is damaged.
    pub fn hooks(&self) -> Result<Hooks, PluginError> {
        Ok(Hooks::new(self.enabled()?.into_iter().flat_map(|plugin| plugin.hooks)))
    }

    /// One plugin.
    ///
    /// # Errors
    /// Where no plugin has this name.
    pub fn find(&self, name: &str) -> Result<PluginStatus, PluginError> {
        let found = self.list()?.into_iter().find(|status| status.name == name);
        found.ok_or_else(|| PluginError::UnknownPlugin { name: name.to_owned() })
    }

    /// Enables a plugin: a project's, as it is now.
    ///
    /// # Errors
    /// Where no plugin has this name, or it cannot be read.
    pub fn enable(&self, name: &str) -> Result<Plugin, PluginError> {
        let status = self.find(name)?;
        let plugin = status.plugin?;
        let mut approvals = Approvals::read(&self.state)?;
        match status.scope {
            PluginScope::User => approvals.enable(name),
            PluginScope::Project => approvals.approve(&plugin.root, &hash(&plugin.root)?),
        }
        approvals.write(&self.state)?;
        Ok(plugin)
    }

    /// Enables a project's plugin as it was when it was looked at: what came
    /// to it since is not meant.
    ///
    /// # Errors
    /// Where it could not be read then, or is the user's own.
    pub fn approve(&self, seen: &PluginStatus) -> Result<(), PluginError> {
        let (Ok(plugin), Some(hash)) = (&seen.plugin, &seen.hash) else {
            return Err(PluginError::UnknownPlugin { name: seen.name.clone() });
        };
        let mut approvals = Approvals::read(&self.state)?;
        approvals.approve(&plugin.root, hash);
        approvals.write(&self.state)
    }

    /// Disables a plugin.
    ///
    /// # Errors
    /// Where no plugin has this name.
    pub fn disable(&self, name: &str) -> Result<(), PluginError> {
        let status = self.find(name)?;
        let mut approvals = Approvals::read(&self.state)?;
        match status.scope {
            PluginScope::User => approvals.disable(name),
            PluginScope::Project => {
                approvals.revoke(&canonical(&status.folder));
            }
        }
        approvals.write(&self.state)
    }

    /// Copies a plugin from a folder to the user's own, enabled. Links are
    /// left out.
    ///
    /// # Errors
    /// Where the folder holds no plugin or too much, or the user has a plugin
    /// of that name.
    pub fn add(&self, folder: &Path) -> Result<Plugin, PluginError> {
        let plugin = Plugin::read(folder)?;
        let place = self.user_folder.join(&plugin.name);
        let known = self
            .list()?
            .into_iter()
            .find(|known| known.scope == PluginScope::User && known.name == plugin.name);
        let taken =
            known.map(|known| known.folder).or_else(|| place.exists().then(|| place.clone()));
        if let Some(folder) = taken {
            return Err(PluginError::AlreadyThere { name: plugin.name, folder });
        }
        copy(&plugin.root, &place)?;
        let mut approvals = Approvals::read(&self.state)?;
        approvals.enable(&plugin.name);
        approvals.write(&self.state)?;
        Plugin::read(&place)
    }

    /// Removes one of the user's own plugins.
    ///
    /// # Errors
    /// Where no plugin has this name, or it is the project's.
    #[expect(clippy::disallowed_methods, reason = "the folder is the copy that `add` made")]
    pub fn remove(&self, name: &str) -> Result<PathBuf, PluginError> {
        let status = self.find(name)?;
        if status.scope == PluginScope::Project {
            let folder = status.folder;
            return Err(PluginError::ProjectPlugin { name: name.to_owned(), folder });
        }
        let removed = if status.folder.is_symlink() {
            // The user's own link, to a folder that he works on.
            std::fs::remove_file(&status.folder)
        } else {
            std::fs::remove_dir_all(&status.folder)
        };
        removed.map_err(PluginError::io("remove", &status.folder))?;
        let mut approvals = Approvals::read(&self.state)?;
        approvals.enable(name);
        approvals.write(&self.state)?;
        Ok(status.folder)
    }
}

fn status(folder: &Path, scope: PluginScope, approvals: &Approvals) -> PluginStatus {
    let plugin = Plugin::read(folder);
    let name = match &plugin {
        Ok(plugin) => plugin.name.clone(),
        Err(_) => folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let mut seen = None;
    let standing = match (&plugin, scope) {
        (Err(_), _) => PluginStanding::Broken,
        (Ok(_), PluginScope::User) if approvals.is_disabled(&name) => PluginStanding::Disabled,
        (Ok(_), PluginScope::User) => PluginStanding::Enabled,
        (Ok(plugin), PluginScope::Project) => match hash(&plugin.root) {
            Ok(hash) => {
                let approval = approvals.holds(&plugin.root, &hash);
                seen = Some(hash);
                match approval {
                    Approval::Given => PluginStanding::Enabled,
                    Approval::Changed => PluginStanding::Changed,
                    Approval::Missing => PluginStanding::Disabled,
                }
            }
            Err(_) => PluginStanding::Broken,
        },
    };
    PluginStatus { name, scope, folder: folder.to_owned(), standing, plugin, hash: seen }
}

fn canonical(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// Copies the files of a plugin. What is half there goes again.
#[expect(clippy::disallowed_methods, reason = "it is written into the user's folder of plugins")]
fn copy(from: &Path, to: &Path) -> Result<(), PluginError> {
    let list = files(from)?;
    let half = to.with_extension(format!("{}.new", std::process::id()));
    let copied = (|| {
        std::fs::create_dir_all(&half).map_err(PluginError::io("make", &half))?;
        for path in &list {
            let place = half.join(path.strip_prefix(from).unwrap_or(path));
            if let Some(folder) = place.parent() {
                std::fs::create_dir_all(folder).map_err(PluginError::io("make", folder))?;
            }
            std::fs::copy(path, &place).map_err(PluginError::io("copy", path))?;
        }
        std::fs::rename(&half, to).map_err(PluginError::io("make", to))
    })();
    if copied.is_err() {
        let _ = std::fs::remove_dir_all(&half);
    }
    copied
}
