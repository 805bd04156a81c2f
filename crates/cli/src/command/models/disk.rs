//! `mlx-code models disk`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use mlxcode_core::{ByteSize, DiskOptions, DiskReport, ModelLibrary};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, DiskModelOutput, DiskOutput, DuplicateOutput};
use crate::output::{Style, visible};

/// Shows what models take, and what could be spared.
pub fn run(
    library: &ModelLibrary,
    unused: Duration,
    caches: Vec<PathBuf>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let mut options = DiskOptions::new(SystemTime::now());
    options.unused_for = unused;
    options.caches = caches;
    let report = library.disk(&options)?;
    if common.json {
        json::write(host, &document(&report))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    let widest = report.models.iter().map(|model| model.name.chars().count()).max().unwrap_or(0);
    for model in &report.models {
        let padding = " ".repeat(widest - model.name.chars().count());
        let size = ByteSize(model.own_bytes).to_string();
        let mut remarks = Vec::new();
        if model.shared_bytes > 0 {
            remarks.push(format!("and {} shared", ByteSize(model.shared_bytes)));
        }
        if model.cached {
            remarks.push("in a download cache".to_owned());
        }
        if let Some(days) = model.unused_days {
            remarks.push(match model.last_used_s {
                Some(_) => format!("not used for {days} days"),
                None => format!("installed {days} days ago, no use recorded"),
            });
        }
        let remarks = style.dim(remarks.join(", "));
        let line = format!("{}{padding}  {size:>10}  {remarks}", style.strong(&model.name));
        written(writeln!(host.output, "{}", line.trim_end()))?;
    }
    for duplicate in &report.duplicates {
        let wasted = ByteSize(duplicate.wasted_bytes);
        written(writeln!(
            host.output,
            "the same file {} times, {wasted} too much:",
            duplicate.paths.len()
        ))?;
        for path in &duplicate.paths {
            written(writeln!(host.output, "  {}", visible(path.display())))?;
        }
    }
    let total = ByteSize(report.total_bytes);
    let free =
        report.free_bytes.map_or_else(String::new, |free| format!("; {} free", ByteSize(free)));
    written(writeln!(host.output, "{total} in all{free}"))?;
    if report.reclaimable_bytes > 0 {
        let bytes = ByteSize(report.reclaimable_bytes);
        written(writeln!(host.output, "`models gc` would free {bytes}"))?;
    }
    Ok(SUCCESS)
}

fn document(report: &DiskReport) -> DiskOutput {
    let models = report.models.iter().map(|model| DiskModelOutput {
        name: model.name.clone(),
        folder: model.folder.display().to_string(),
        cached: model.cached,
        own_bytes: model.own_bytes,
        shared_bytes: model.shared_bytes,
        last_used_s: model.last_used_s,
        unused_days: model.unused_days,
    });
    let duplicates = report.duplicates.iter().map(|duplicate| DuplicateOutput {
        sha256: duplicate.sha256.clone(),
        size_bytes: duplicate.size_bytes,
        paths: duplicate.paths.iter().map(|path| path.display().to_string()).collect(),
        wasted_bytes: duplicate.wasted_bytes,
    });
    DiskOutput {
        free_bytes: report.free_bytes,
        total_bytes: report.total_bytes,
        models: models.collect(),
        duplicates: duplicates.collect(),
        reclaimable_bytes: report.reclaimable_bytes,
    }
}
