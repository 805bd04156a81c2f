//! `mlx-code definition`: where something is defined.

use mlxcode_core::{Certainty, Definition};

use crate::args::PreciseAt;
use crate::command::{Common, place, precise};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{DefinitionOutput, DefinitionsOutput, OutsideOutput};
use crate::output::{Style, json};

/// Runs the verb.
pub fn run(args: &PreciseAt, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let place = place(&workspace, host, &args.at.place)?;
    let navigation = workspace.navigation(&host.cancel)?;
    let precise =
        precise::ask(args, &workspace, &navigation, host, |server| server.definition(&place))?;
    let (by, found, outside) = match precise {
        Some(answer) => (answer.by, answer.found, answer.outside),
        None => (precise::INDEX, navigation.definition(&place)?, Vec::new()),
    };
    if common.json {
        let definitions = found.iter().map(DefinitionOutput::new).collect();
        let outside = outside.iter().map(OutsideOutput::new).collect();
        json::write(host, &DefinitionsOutput { by: by.to_owned(), definitions, outside })?;
        return Ok(SUCCESS);
    }
    show(&found, host)?;
    for (path, line) in &outside {
        let style = Style::for_output(host);
        written(writeln!(host.output, "{}", style.place(format!("{}:{line}", path.display()))))?;
    }
    precise::say_by(args, by, host)?;
    if found.is_empty() && outside.is_empty() {
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
