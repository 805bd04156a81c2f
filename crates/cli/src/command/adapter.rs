//! Models that plugins run, for whoever names one.

use mlxcode_core::{Model, adapted_model};

use crate::command::Common;
use crate::exit::Outcome;
use crate::host::Host;

/// The model that a reference names of a plugin's adapter, which is started;
/// `None` where it names none there.
pub fn model(reference: &str, common: &Common, host: &mut Host<'_>) -> Outcome<Option<Model>> {
    // What lies here under the same name goes first.
    if !reference.contains('/') || host.current_dir.join(reference).exists() {
        return Ok(None);
    }
    let workspace = common.workspace(host)?;
    Ok(adapted_model(&workspace, reference, &host.environment, &host.cancel)?)
}
