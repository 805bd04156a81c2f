//! `mlx-code undo`: takes back what was applied.

use crate::args::Undo;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, EntryOutput, UndoOutput};
use crate::output::visible;

/// Runs the verb.
pub fn run(args: &Undo, common: &Common, host: &mut Host<'_>) -> Outcome {
    let entry = common.workspace(host)?.undo(args.id.as_deref())?;
    if common.json {
        json::write(host, &UndoOutput { undone: EntryOutput::new(&entry) })?;
        return Ok(SUCCESS);
    }
    written(writeln!(host.output, "took back {} by {}:", entry.id, visible(&entry.actor)))?;
    for file in &entry.files {
        written(writeln!(host.output, "  {} {}", file.kind, visible(&file.path)))?;
    }
    Ok(SUCCESS)
}
