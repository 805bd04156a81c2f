//! `mlx-code sessions rename`, `fork` and `delete`.

use std::io::BufRead;

use mlxcode_core::{InputError, SessionId, SessionStore, SessionSummary};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, SessionOutput, SessionsDeletedOutput};
use crate::output::{count, visible};

/// Gives a session a name, or takes it.
pub fn rename(
    store: &SessionStore,
    typed: &str,
    name: Option<&str>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let id = store.find(typed)?;
    store.rename(&id, name)?;
    let said = match name {
        Some(name) => format!("{id} is called {name}"),
        None => format!("{id} has no name"),
    };
    tell(store, &id, &said, common, host)
}

/// Begins another session with what was said in one.
pub fn fork(
    store: &SessionStore,
    typed: &str,
    at: Option<u32>,
    name: Option<&str>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let id = store.find(typed)?;
    let at = match at {
        Some(at) => at,
        None => store.summary(&id)?.turns,
    };
    let fork = store.fork(&id, at, name)?;
    tell(store, &fork, &format!("{fork} begins as {id} up to turn {at}"), common, host)
}

fn tell(
    store: &SessionStore,
    id: &SessionId,
    said: &str,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    if common.json {
        json::write(host, &SessionOutput::new(&store.summary(id)?))?;
    } else {
        written(writeln!(host.output, "{}", visible(said)))?;
    }
    Ok(SUCCESS)
}

/// Deletes sessions, all of which are found before the first goes.
pub fn delete(
    store: &SessionStore,
    typed: &[String],
    yes: bool,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let mut sessions: Vec<SessionSummary> = Vec::new();
    for one in typed {
        let summary = store.summary(&store.find(one)?)?;
        if !sessions.contains(&summary) {
            sessions.push(summary);
        }
    }
    if !yes && !ask(&sessions, common, host)? {
        written(writeln!(host.messages, "nothing was deleted"))?;
        return Ok(SUCCESS);
    }
    for session in &sessions {
        store.delete(&session.id)?;
    }
    if common.json {
        let deleted = sessions.iter().map(|session| session.id.to_string()).collect();
        json::write(host, &SessionsDeletedOutput { deleted })?;
    } else {
        let many = count(sessions.len(), "session");
        written(writeln!(host.output, "deleted {many}"))?;
    }
    Ok(SUCCESS)
}

fn ask(sessions: &[SessionSummary], common: &Common, host: &mut Host<'_>) -> Outcome<bool> {
    if common.json || host.keyboard.is_none() {
        return Err(InputError::NobodyToConfirm.into());
    }
    for session in sessions {
        let line = visible(format!("{}  {}", session.id, session.label()));
        let turns = count(session.turns as usize, "turn");
        written(writeln!(host.messages, "{line}  ({turns})"))?;
    }
    written(write!(host.messages, "Delete for good? [y/N] ").and_then(|()| host.messages.flush()))?;
    let mut line = String::new();
    if let Some(keyboard) = host.keyboard.as_deref_mut() {
        let read = host.waiting.during(|| std::io::Read::take(keyboard, 64).read_line(&mut line));
        read.map_err(|source| InputError::Unreadable { path: "the terminal".into(), source })?;
    }
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
