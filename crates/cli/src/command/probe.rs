//! `mlx-code __probe`: asks the drivers, and may hang or crash in them.

use mlxcode_core::ProbeReport;

use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;

/// Runs the verb.
pub fn run(host: &mut Host<'_>) -> Outcome {
    written(writeln!(host.output, "{}", ProbeReport::here().to_json()))?;
    Ok(SUCCESS)
}
