//! `mlx-code definition`: where something is defined.

use mlxcode_core::{Certainty, Definition};

use crate::args::At;
use crate::command::{Common, place};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{DefinitionOutput, DefinitionsOutput};
use crate::output::{Style, json};

/// Runs the verb.
pub fn run(args: &At, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let place = place(&workspace, host, &args.place)?;
    let found = workspace.navigation(&host.cancel)?.definition(&place)?;
    if common.json {
        let definitions = found.iter().map(DefinitionOutput::new).collect();
        json::write(host, &DefinitionsOutput { definitions })?;
        return Ok(SUCCESS);
    }
    show(&found, host)?;
    if found.is_empty() {
        written(writeln!(host.messages, "Where that is defined cannot be told."))?;
    }
    Ok(SUCCESS)
}

/// Shows definitions, one a line.
pub fn show(found: &[Definition], host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    for one in found {
        let place = style.place(format!("{}:{}", one.path, one.lines));
        let likely = match one.certainty {
            Certainty::Certain => String::new(),
            Certainty::Likely => format!("  {}", style.dim("likely")),
        };
        let head = style.plain(&one.signature);
        written(writeln!(host.output, "{}{likely}", format!("{place}  {head}").trim_end()))?;
    }
    Ok(())
}
