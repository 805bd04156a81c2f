//! `mlx-code redo`: applies again what was taken back.

use crate::args::Redo;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, EntryOutput, RedoOutput};
use crate::output::visible;

/// Runs the verb.
pub fn run(args: &Redo, common: &Common, host: &mut Host<'_>) -> Outcome {
    let entry = common.workspace(host)?.redo(args.id.as_deref())?;
    if common.json {
        json::write(host, &RedoOutput { redone: EntryOutput::new(&entry) })?;
        return Ok(SUCCESS);
    }
    let by = visible(&entry.actor);
    written(writeln!(host.output, "applied {} by {by} again:", entry.id))?;
    for file in &entry.files {
        written(writeln!(host.output, "  {} {}", file.kind, visible(&file.path)))?;
    }
    Ok(SUCCESS)
}
