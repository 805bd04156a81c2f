//! `mlx-code callees`: what something calls.

use crate::args::At;
use crate::command::{Common, definition, place};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, CalleesOutput, DefinitionOutput};

/// Runs the verb.
pub fn run(args: &At, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let place = place(&workspace, host, &args.place)?;
    let found = workspace.navigation(&host.cancel)?.callees(&place)?;
    if common.json {
        let callees = found.iter().map(DefinitionOutput::new).collect();
        json::write(host, &CalleesOutput { callees })?;
        return Ok(SUCCESS);
    }
    definition::show(&found, host)?;
    if found.is_empty() {
        written(writeln!(host.messages, "Nothing is seen that it calls."))?;
    }
    Ok(SUCCESS)
}
