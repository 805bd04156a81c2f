//! `mlx-code models ps`.

use mlxcode_core::{ByteSize, ModelLibrary};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, PsOutput};
use crate::output::time::utc;

/// Lists the models that processes use now.
pub fn run(library: &ModelLibrary, common: &Common, host: &mut Host<'_>) -> Outcome {
    let uses = library.uses()?;
    if common.json {
        json::write(host, &PsOutput { uses: uses.iter().map(Into::into).collect() })?;
        return Ok(SUCCESS);
    }
    if uses.is_empty() {
        written(writeln!(host.output, "no installed model is in use"))?;
    }
    let style = Style::for_output(host);
    let widest = uses.iter().map(|one| one.model.len()).max().unwrap_or(0);
    for one in &uses {
        let padding = " ".repeat(widest - one.model.len());
        let name = style.strong(&one.model);
        let memory = one.resident_bytes.map(|bytes| format!(", {} in memory", ByteSize(bytes)));
        let program = if one.program.is_empty() { "process" } else { &one.program };
        let since = utc(one.since_s.saturating_mul(1_000));
        let memory = memory.unwrap_or_default();
        written(writeln!(
            host.output,
            "{name}{padding}  {program} {}{memory}, since {since}",
            one.process
        ))?;
    }
    Ok(SUCCESS)
}
