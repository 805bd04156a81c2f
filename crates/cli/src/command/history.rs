//! `mlx-code history`: what was applied here, newest first.

use crate::command::Common;
use crate::exit::{Outcome, show_broken, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, EntryOutput, HistoryOutput};
use crate::output::{Style, time, visible};

/// Runs the verb.
pub fn run(common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let entries = workspace.history()?;
    let damaged = workspace.damaged_entries()?;
    if common.json {
        let entries = entries.iter().rev().map(EntryOutput::new).collect();
        let damaged = damaged.into_iter().map(|(id, _)| id).collect();
        json::write(host, &HistoryOutput { entries, damaged })?;
        return Ok(SUCCESS);
    }
    for (id, error) in &damaged {
        show_broken(&format!("{id} cannot be taken back"), error, host)?;
    }
    if entries.is_empty() {
        written(writeln!(host.output, "nothing was applied here yet"))?;
    }
    let style = Style::for_output(host);
    for entry in entries.iter().rev() {
        let when = time::utc(entry.applied_at_ms);
        let id = style.strong(&entry.id);
        written(writeln!(host.output, "{id}  {when}  {}  {}", entry.state, visible(&entry.actor)))?;
        for file in &entry.files {
            written(writeln!(host.output, "  {} {}", file.kind, visible(&file.path)))?;
        }
    }
    Ok(SUCCESS)
}
