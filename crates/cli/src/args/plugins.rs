use std::path::PathBuf;

use clap::Subcommand;

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub enum Plugins {
    /// List the plugins of the user and of the project
    List,
    /// Show what a plugin brings, and what is wrong with it
    Show {
        /// Its name
        name: String,
    },
    /// Let a plugin take part; a project's one as it is now
    Enable {
        /// Its name
        name: String,
    },
    /// Leave a plugin out
    Disable {
        /// Its name
        name: String,
    },
    /// Copy a plugin from a folder to the user's own
    Add {
        /// The folder, with .plugin/plugin.json or .claude-plugin/plugin.json
        folder: PathBuf,
    },
    /// Remove one of the user's own plugins
    Remove {
        /// Its name
        name: String,
    },
}
