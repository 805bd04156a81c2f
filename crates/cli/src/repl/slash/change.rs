//! Changes: shown again, taken back, applied again.

use mlxcode_core::JournalEntry;
use mlxcode_terminal::Role;

use super::Next;
use crate::exit::{Outcome, written};
use crate::repl::{Repl, proposal};

/// `/diff`
pub(super) fn diff(repl: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    if repl.change.files.is_empty() {
        repl.say(Role::Faint, "nothing was proposed yet")?;
    }
    written(proposal::show(&repl.change.files, &repl.screen, &mut *repl.host.output))?;
    Ok(Next::Stay)
}

/// `/undo`
pub(super) fn undo(repl: &mut Repl<'_, '_>, id: &str) -> Outcome<Next> {
    let entry = repl.workspace.undo(some(id))?;
    tell(repl, "took back", &entry)
}

/// `/redo`
pub(super) fn redo(repl: &mut Repl<'_, '_>, id: &str) -> Outcome<Next> {
    let entry = repl.workspace.redo(some(id))?;
    tell(repl, "applied again", &entry)
}

fn some(id: &str) -> Option<&str> {
    Some(id).filter(|id| !id.is_empty())
}

fn tell(repl: &mut Repl<'_, '_>, what: &str, entry: &JournalEntry) -> Outcome<Next> {
    let files: Vec<&str> = entry.files.iter().map(|file| file.path.as_str()).collect();
    repl.say(Role::Success, &format!("{what}: {}", files.join(", ")))?;
    Ok(Next::Stay)
}
