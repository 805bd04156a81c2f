//! `mlx-code models add`.

use std::path::Path;

use mlxcode_core::{ByteSize, ModelLibrary, ModelSummary};

use super::show;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::progress::ProgressLine;

/// Checks a model and installs it.
pub fn run(
    library: &mut ModelLibrary,
    path: &Path,
    name: Option<&str>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let line = ProgressLine::new(host.live && !common.json);
    let added = library.add(&host.current_dir.join(path), name, &line, &host.cancel);
    line.clear();
    let summary = added?;
    if common.json {
        let said = library.record(&summary.name)?;
        return show::summary(&summary, &said, common, host);
    }
    let ModelSummary { name, architecture, weights, size_bytes, .. } = &summary;
    written(writeln!(
        host.output,
        "installed {name}: {architecture} {weights}, {}",
        ByteSize(*size_bytes)
    ))?;
    Ok(SUCCESS)
}
