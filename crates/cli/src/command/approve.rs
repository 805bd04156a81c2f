//! `mlx-code approve`: what the project brings, and the user's yes to it.

use mlxcode_core::{Offer, Workspace};

use crate::args::Approve;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, OffersOutput};
use crate::output::{Style, visible};

/// Runs the verb.
pub fn run(args: &Approve, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let offers = workspace.offers()?;
    let meant = meant(args, &offers)?;
    for offer in &meant {
        if args.revoke {
            workspace.revoke(offer)?;
        } else {
            workspace.approve(offer)?;
        }
    }
    let is_list = args.names.is_empty() && !args.all;
    let mut shown: Vec<String> = meant.iter().map(|offer| offer.id()).collect();
    if is_list {
        shown = offers.iter().map(Offer::id).collect();
    }
    // As it is now.
    let mut now = workspace.offers()?;
    now.retain(|offer| shown.contains(&offer.id()));
    if common.json {
        json::write(host, &OffersOutput::new(&now))?;
        return Ok(SUCCESS);
    }
    if now.is_empty() {
        let text = match offers.len() {
            0 => "this project brings nothing that needs your yes",
            _ => "nothing of what this project brings is meant",
        };
        written(writeln!(host.output, "{text}"))?;
    }
    for offer in &now {
        show(offer, host)?;
    }
    if let Some(text) = waiting(&now, "`mlx-code approve NAME` says yes to one").filter(|_| is_list)
    {
        written(writeln!(host.messages, "{text}"))?;
    }
    Ok(SUCCESS)
}

/// The offers that the arguments name.
fn meant<'o>(args: &Approve, offers: &'o [Offer]) -> Outcome<Vec<&'o Offer>> {
    if args.all {
        let wanted = |offer: &&Offer| offer.is_waiting() != args.revoke;
        return Ok(offers.iter().filter(wanted).collect());
    }
    args.names.iter().map(|name| Ok(Offer::find(offers, name)?)).collect()
}

fn show(offer: &Offer, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let (id, standing) = (visible(offer.id()), offer.standing.as_str());
    written(writeln!(host.output, "{}  {standing}", style.strong(&id)))?;
    written(writeln!(host.output, "  {}", visible(offer.path.display())))?;
    for line in &offer.lines {
        written(writeln!(host.output, "  {}", visible(line)))?;
    }
    Ok(())
}

/// One line about what waits; `None` where nothing does. `how` tells what to
/// do about it.
pub fn waiting(offers: &[Offer], how: &str) -> Option<String> {
    let waiting: Vec<String> =
        offers.iter().filter(|offer| offer.is_waiting()).map(|offer| visible(offer.id())).collect();
    if waiting.is_empty() {
        return None;
    }
    let count = waiting.len();
    let things = if count == 1 { "thing that waits" } else { "things that wait" };
    let names = waiting.join(", ");
    Some(format!("this project brings {count} {things} for your yes: {names}; {how}"))
}

/// The same for a workspace. What cannot be read is told where it is asked for.
pub fn waiting_in(workspace: &Workspace, how: &str) -> Option<String> {
    waiting(&workspace.offers().unwrap_or_default(), how)
}
