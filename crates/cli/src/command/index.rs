//! `mlx-code index`: brings the index of the tree up to date.

use mlxcode_core::{Rebuilt, Skipped, Updated};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, IndexOutput};
use crate::output::progress::ProgressLine;
use crate::output::{count, visible};

/// Runs the verb.
pub fn run(common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let index = workspace.index()?;
    let line = ProgressLine::new(host.live && !common.json);
    let updated = index.update(&host.cancel, &line);
    line.clear();
    let updated = updated?;
    let files = index.file_count()?;
    if common.json {
        json::write(host, &IndexOutput::new(index.path(), files, &updated))?;
        return Ok(SUCCESS);
    }
    tell_rebuilt(&updated, host)?;
    let Updated { added, changed, removed, .. } = updated;
    let what =
        format!("{}: {added} added, {changed} changed, {removed} removed", count(files, "file"));
    written(writeln!(host.output, "{what}"))?;
    let Skipped { binary, too_large, not_utf8, unreadable } = updated.skipped;
    if binary + too_large + not_utf8 + unreadable > 0 {
        written(writeln!(
            host.messages,
            "left out: {binary} binary, {too_large} too large, {not_utf8} not UTF-8, {unreadable} unreadable"
        ))?;
    }
    written(writeln!(host.messages, "the index is {}", visible(index.path().display())))?;
    Ok(SUCCESS)
}

/// Tells why all was read anew, where it was.
pub fn tell_rebuilt(updated: &Updated, host: &mut Host<'_>) -> Outcome<()> {
    let why = match updated.rebuilt {
        Some(Rebuilt::Damaged) => "it was damaged",
        Some(_) => "another version of the program wrote it",
        None => return Ok(()),
    };
    written(writeln!(host.messages, "the index was built anew: {why}"))
}
