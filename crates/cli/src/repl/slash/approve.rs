//! What the project brings: looked at, and allowed or not.

use std::io;

use mlxcode_core::OfferStanding;
use mlxcode_terminal::{Choice, Role, choose};

use super::Next;
use crate::exit::Outcome;
use crate::repl::{Repl, streams};

const CHOICES: [Choice; 3] = [
    Choice { name: "yes", meaning: "allow it as it is; when it changes, you are asked again" },
    Choice { name: "no", meaning: "leave it; it does nothing" },
    Choice { name: "quit", meaning: "ask no more" },
];

/// `/approve`
pub(super) fn approve(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let names: Vec<&str> = rest.split_whitespace().collect();
    let mut offers = repl.workspace.offers()?;
    if !names.is_empty() {
        offers.retain(|offer| names.contains(&offer.id().as_str()));
    }
    let known = offers.len();
    // Who names one wants to look at it again.
    offers.retain(|offer| offer.is_waiting() || !names.is_empty());
    if offers.is_empty() {
        let text = match (known, names.is_empty()) {
            (0, true) => "this project brings nothing that needs your yes".to_owned(),
            (_, true) => format!("nothing waits; you said yes to {known}"),
            (_, false) => format!("this project brings no {rest}"),
        };
        repl.say(Role::Faint, &text)?;
        return Ok(Next::Stay);
    }
    let mut approved = 0;
    for offer in &offers {
        let since = match offer.standing {
            OfferStanding::Changed => ", changed since you said yes",
            OfferStanding::Approved => ", which you said yes to",
            _ => "",
        };
        repl.forget_typed()?;
        let head = format!("{} of {}{since}:", offer.id(), offer.path.display());
        repl.say(Role::Strong, &head)?;
        for line in &offer.lines {
            repl.say(Role::Emphasis, &format!("  {line}"))?;
        }
        let mut nobody = io::empty();
        let (keyboard, out) = streams(repl.host, &mut nobody);
        let chosen = choose("Allow it?", &CHOICES, &repl.screen, keyboard, out)?;
        match chosen {
            Some(0) => {
                repl.workspace.approve(offer)?;
                approved += 1;
            }
            Some(1) if !offer.is_waiting() => repl.workspace.revoke(offer)?,
            Some(1) => {}
            _ => break,
        }
    }
    repl.session.renew(&repl.workspace)?;
    // A plugin may bring commands, which are offered from here on.
    repl.read_commands()?;
    repl.is_stale = true;
    let text = format!("{approved} allowed; what was allowed counts from the next turn on");
    repl.say(Role::Success, &text)?;
    Ok(Next::Stay)
}
