//! What others add: skills, commands, roles, hooks, tool servers and models,
//! as folders that the user puts beside his configuration or that a project
//! brings with it.
//!
//! The principal types are [`Plugin`], a folder that was read and judged, and
//! [`PluginLibrary`], which finds the folders and knows which are enabled. A
//! project's plugins are disabled until the user enables them, and again when
//! they change: a repository that was cloned runs nothing.

mod adapter;
mod command;
mod error;
mod front_matter;
mod hook;
mod library;
mod manifest;
mod service;
mod skill;
mod state;
mod text;

use std::path::PathBuf;

use serde::Serialize;

pub use adapter::{ModelAdapter, RunningAdapter};
pub use command::{PluginCommand, PluginRole, commands_in, with_arguments, with_words};
pub use error::PluginError;
pub use hook::{
    Happening, HookDecision, HookEvent, HookOutcome, HookProblem, HookRule, HookSurroundings,
    HookedCall, Hooks,
};
pub use library::{PluginLibrary, PluginScope, PluginStanding, PluginStatus};
pub use manifest::{Plugin, PluginServers};
pub use skill::{Skill, loose_skills};
pub use state::Approvals;

/// Something about a plugin that is wrong and left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PluginProblem {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub text: String,
}
