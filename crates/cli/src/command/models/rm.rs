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
    forget: bool,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    match library.remove(&name) {
        // What is said of a model may outlive it.
        Err(error) if forget && error.code() == "models.not_installed" => {
            if !library.records()?.models().contains(&name) {
                return Err(error.into());
            }
        }
        removed => removed?,
    }
    if forget {
        library.forget(&name)?;
    }
    if common.json {
        json::write(host, &RemovedOutput { removed: name })?;
    } else {
        written(writeln!(host.output, "removed {name}"))?;
    }
    Ok(SUCCESS)
}
