//! `mlx-code models repair`.

use mlxcode_core::{ByteSize, ModelLibrary};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, RepairOutput, RepairedFileOutput};
use crate::output::progress::ProgressLine;
use crate::output::{count, visible};

/// Fetches what is broken of a model, and only that.
pub fn run(
    library: &mut ModelLibrary,
    name: &str,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let line = ProgressLine::new(host.live && !common.json);
    let report = library.repair(name, &line, &host.cancel);
    line.clear();
    let report = report?;
    if common.json {
        let repaired = report.repaired.into_iter().map(|file| RepairedFileOutput {
            name: file.name,
            size_bytes: file.size_bytes,
            origin: file.origin,
        });
        let document =
            RepairOutput { name: report.name, repaired: repaired.collect(), sound: report.sound };
        json::write(host, &document)?;
        return Ok(SUCCESS);
    }
    for file in &report.repaired {
        let (name, origin) = (visible(&file.name), visible(&file.origin));
        let size = ByteSize(file.size_bytes);
        written(writeln!(host.output, "fetched {name}, {size}, from {origin}"))?;
    }
    let sound = count(report.sound.len(), "file");
    let verdict = match report.repaired.len() {
        0 => format!("nothing is broken: {sound} checked"),
        repaired => format!(
            "repaired {}; {sound} {} sound",
            count(repaired, "file"),
            were(report.sound.len())
        ),
    };
    written(writeln!(host.output, "{verdict}"))?;
    Ok(SUCCESS)
}

fn were(number: usize) -> &'static str {
    if number == 1 { "was" } else { "were" }
}
