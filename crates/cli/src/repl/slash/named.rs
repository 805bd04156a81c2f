//! Commands that people name: questions that are kept.

use super::Next;
use crate::exit::Outcome;
use crate::repl::Repl;

/// Asks the question that has a name. `None` where none has it.
pub(super) fn run(repl: &mut Repl<'_, '_>, name: &str, rest: &str) -> Outcome<Option<Next>> {
    let is_known = |repl: &Repl<'_, '_>| repl.commands.find(name).is_ok();
    if !is_known(repl) {
        // It may have been written since the conversation opened.
        repl.read_commands()?;
        if !is_known(repl) {
            return Ok(None);
        }
        repl.is_stale = true;
    }
    let question = repl.commands.find(name)?.question(rest)?;
    repl.turn(&question, false)?;
    Ok(Some(Next::Stay))
}
