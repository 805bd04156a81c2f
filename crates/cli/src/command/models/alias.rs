//! `mlx-code models alias`.

use mlxcode_core::ModelLibrary;

use crate::args::Alias;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, AliasesOutput};

/// Makes an alias, takes one away, or shows all.
pub fn run(library: &ModelLibrary, args: &Alias, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut aliases = match (&args.alias, &args.name) {
        (Some(alias), _) if args.remove => {
            library.remove_alias(alias)?;
            library.records()?.aliases()
        }
        (Some(alias), Some(name)) => {
            library.set_alias(alias, name)?;
            library.records()?.aliases()
        }
        _ => library.records()?.aliases(),
    };
    if let (Some(alias), None, false) = (&args.alias, &args.name, args.remove) {
        aliases.retain(|one, _| one == alias);
    }
    if common.json {
        json::write(host, &AliasesOutput { aliases })?;
        return Ok(SUCCESS);
    }
    if aliases.is_empty() {
        written(writeln!(host.messages, "there is no alias; `models alias ALIAS NAME` makes one"))?;
    }
    let style = Style::for_output(host);
    for (alias, model) in &aliases {
        written(writeln!(host.output, "{} = {}", style.strong(alias), style.plain(model)))?;
    }
    Ok(SUCCESS)
}
