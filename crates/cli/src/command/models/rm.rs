//! `mlx-code models rm`.

use mlxcode_core::ModelLibrary;

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, RemovedOutput};

/// Removes a model.
pub fn run(
    library: &mut ModelLibrary,
    name: String,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    library.remove(&name)?;
    if common.json {
        json::write(host, &RemovedOutput { removed: name })?;
    } else {
        written(writeln!(host.output, "removed {name}"))?;
    }
    Ok(SUCCESS)
}
