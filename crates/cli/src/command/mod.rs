//! One file a verb: read the arguments, call the library, render.

mod apply;
mod ask;
mod doctor;
mod edit;
mod generate;
mod generate_docs;
mod history;
mod models;
mod undo;

use mlxcode_core::{Dirs, RelPath, Workspace};

use std::path::PathBuf;

use crate::args::{Args, Command};
use crate::exit::Outcome;
use crate::host::Host;

/// What every verb gets beside its own arguments.
pub struct Common {
    /// Print a document instead of text.
    pub json: bool,
    /// The folder asked for.
    pub root: Option<PathBuf>,
    /// The model asked for.
    pub model: Option<String>,
}

/// Runs the verb.
pub fn run(args: Args, host: &mut Host<'_>) -> Outcome {
    let common = Common { json: args.json, root: args.root, model: args.model };
    match args.command {
        Command::Ask(args) => ask::run(&args, &common, host),
        Command::Edit(args) => edit::run(&args, &common, host),
        Command::Apply(args) => apply::run(&args, &common, host),
        Command::Undo(args) => undo::run(&args, &common, host),
        Command::History => history::run(&common, host),
        Command::Generate(args) => generate::run(args, &common, host),
        Command::Models(args) => models::run(args, &common, host),
        Command::Doctor => doctor::run(&common, host),
        Command::GenerateDocs { folder } => generate_docs::run(&folder, host),
    }
}

impl Common {
    fn workspace(&self, host: &Host<'_>) -> Outcome<Workspace> {
        let dirs = dirs(host)?;
        Ok(match &self.root {
            Some(root) => Workspace::open(&host.current_dir.join(root), &dirs)?,
            None => Workspace::discover(&host.current_dir, &dirs)?,
        })
    }
}

/// The user's folders, or the error that tells how to name some.
fn dirs(host: &Host<'_>) -> Outcome<Dirs> {
    Ok(Dirs::require(host.dirs.clone())?)
}

/// Turns typed paths into paths below the workspace's root.
fn relative(workspace: &Workspace, host: &Host<'_>, typed: &[PathBuf]) -> Outcome<Vec<RelPath>> {
    typed.iter().map(|path| Ok(workspace.relative(&host.current_dir, path)?)).collect()
}
