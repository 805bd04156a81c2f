//! `mlx-code models import`.

use mlxcode_core::ModelLibrary;

use crate::args::Import;
use crate::command::Common;
use crate::command::generate::read_text;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, ImportedOutput};
use crate::output::{count, visible};

/// Merges an exported library into this one.
pub fn run(library: &ModelLibrary, args: &Import, common: &Common, host: &mut Host<'_>) -> Outcome {
    let document = read_text(&args.file, host)?;
    let report = library.import(&document)?;
    let here = library.list()?;
    let everywhere = library.records()?.installed();
    let missing =
        everywhere.iter().filter(|(name, _)| !here.iter().any(|model| model.name == **name));
    let (elsewhere, lines): (Vec<String>, Vec<String>) =
        missing.map(|(name, about)| (name.clone(), format!("{name} ({about})"))).unzip();
    if common.json {
        let output = ImportedOutput {
            fields: report.fields,
            counts: report.counts,
            benchmarks: report.benchmarks,
            elsewhere,
        };
        json::write(host, &output)?;
        return Ok(SUCCESS);
    }
    let parts = [
        count(report.fields, "field"),
        count(report.counts, "count"),
        count(report.benchmarks, "measurement"),
    ];
    written(writeln!(host.output, "took in {}", parts.join(", ")))?;
    if !lines.is_empty() {
        let lines = visible(lines.join(", "));
        written(writeln!(host.output, "another machine has, and this one lacks: {lines}"))?;
    }
    Ok(SUCCESS)
}
