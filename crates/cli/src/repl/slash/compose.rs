//! An input that is written in the editor.

use mlxcode_terminal::Role;

use super::Next;
use crate::exit::Outcome;
use crate::repl::Repl;

/// `/edit`
pub(super) fn edit(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let text = repl.edit(rest, "input.md")?;
    if text.trim().is_empty() {
        repl.say(Role::Faint, "nothing was written, and nothing is sent")?;
    } else {
        repl.say(Role::Quote, &format!("› {}", text.trim()))?;
        repl.turn(text.trim(), false)?;
    }
    Ok(Next::Stay)
}
