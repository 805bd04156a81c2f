//! `mlx-code sessions`: the conversations of this project.

mod change;
mod files;
mod list;
mod replay;
mod search;
mod show;

use mlxcode_core::{SessionError, SessionId, SessionStore};

use crate::args::Sessions;
use crate::command::Common;
use crate::exit::Outcome;
use crate::host::Host;

/// Runs the verb.
pub fn run(args: Sessions, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    if let Sessions::Repair = args {
        return files::repair(&workspace.sessions_file(), common, host);
    }
    let store = workspace.sessions()?;
    match args {
        Sessions::List(args) => list::run(&store, &args, common, host),
        Sessions::Show(args) => show::run(&store, &args, common, host),
        Sessions::Search(args) => search::run(&store, &args, common, host),
        Sessions::Rename { session, name } => {
            change::rename(&store, &session, name.as_deref(), common, host)
        }
        Sessions::Fork { session, at, name } => {
            change::fork(&store, &session, at, name.as_deref(), common, host)
        }
        Sessions::Delete { sessions, yes } => change::delete(&store, &sessions, yes, common, host),
        Sessions::Export(args) => files::export(&store, &args, common, host),
        Sessions::Import { file } => files::import(&store, &file, common, host),
        Sessions::Replay { session, from } => {
            replay::run(&store, session.as_deref(), from, common, host)
        }
        Sessions::Repair => Ok(crate::exit_code::SUCCESS),
    }
}

/// The session that is meant: the one that was named, else the last one.
fn meant(store: &SessionStore, typed: Option<&str>) -> Outcome<SessionId> {
    let missing = || SessionError::NotFound { wanted: "latest".to_owned(), near: Vec::new() };
    Ok(match typed {
        Some(typed) => store.find(typed)?,
        None => store.latest()?.ok_or_else(missing)?,
    })
}
