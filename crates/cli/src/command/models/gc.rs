//! `mlx-code models gc`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use mlxcode_core::{ByteSize, GcKind, GcOptions, ModelLibrary};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, GcFailedOutput, GcItemOutput, GcOutput};
use crate::output::{Style, visible};

/// Shows what can go, or removes it.
pub fn run(
    library: &mut ModelLibrary,
    yes: bool,
    older_than: Duration,
    caches: Vec<PathBuf>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let mut options = GcOptions::new(SystemTime::now());
    options.older_than = older_than;
    options.caches = caches;
    let report =
        if yes { library.gc(&options, &host.cancel)? } else { library.gc_plan(&options)? };
    let code = if report.failed.is_empty() { SUCCESS } else { UNHEALTHY };
    if common.json {
        let item = |item: &mlxcode_core::GcItem| GcItemOutput {
            path: item.path.display().to_string(),
            kind: item.kind.as_str().to_owned(),
            size_bytes: item.size_bytes,
        };
        let failed = report.failed.iter().map(|(path, reason)| GcFailedOutput {
            path: path.display().to_string(),
            reason: reason.clone(),
        });
        let document = GcOutput {
            removed: yes,
            items: report.items.iter().map(item).collect(),
            freed_bytes: report.freed_bytes,
            failed: failed.collect(),
        };
        json::write(host, &document)?;
        return Ok(code);
    }
    let style = Style::for_output(host);
    for item in &report.items {
        // What is short comes first: a path may go on in the next line.
        let size = ByteSize(item.size_bytes).to_string();
        let path = visible(item.path.display());
        let why = style.dim(words(item.kind));
        written(writeln!(host.output, "{size:>10}  {why}: {path}"))?;
    }
    for (path, reason) in &report.failed {
        let line = visible(format!("{}: {reason}", path.display()));
        written(writeln!(host.messages, "{} cannot remove {line}", style.error("error:")))?;
    }
    let freed = ByteSize(report.freed_bytes);
    let verdict = match (report.items.is_empty(), yes) {
        (true, _) => "there is nothing to clear away".to_owned(),
        (false, true) => format!("freed {freed}"),
        (false, false) => format!("would free {freed}; the same with --yes does it"),
    };
    written(writeln!(host.output, "{verdict}"))?;
    Ok(code)
}

fn words(kind: GcKind) -> &'static str {
    match kind {
        GcKind::Leftover => "left by a change that was cut off",
        GcKind::Orphan => "of no model",
        GcKind::Partial => "a download that was not finished",
        GcKind::Unreferenced => "no revision refers to it",
        _ => "not needed",
    }
}
