//! Secrets for a model on another machine.

use mlxcode_core::task::Leak;
use mlxcode_terminal::{Choice, choose};

use crate::command::task::show_leaks;
use crate::exit::Outcome;
use crate::repl::{Repl, streams};

const ANSWERS: [Choice; 2] = [
    Choice { name: "no", meaning: "do not send it" },
    Choice { name: "yes", meaning: "send it to the model, which is on another machine" },
];

/// Warns of what looks like a secret, and asks whether it may be sent where
/// the model is on another machine. Whoever does not answer said no.
pub(super) fn may_send(repl: &mut Repl<'_, '_>, leaks: &[Leak]) -> Outcome<bool> {
    show_leaks(leaks, repl.host)?;
    if !repl.is_remote || leaks.is_empty() {
        return Ok(true);
    }
    repl.forget_typed()?;
    let question = "Send this to a model on another machine?";
    let mut nobody = std::io::empty();
    let (keyboard, out) = streams(repl.host, &mut nobody);
    Ok(choose(question, &ANSWERS, &repl.screen, keyboard, out)? == Some(1))
}
