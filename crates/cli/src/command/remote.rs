//! Models that run elsewhere, for whoever names one.

use mlxcode_core::{Config, LoadedConfig, Model, RemoteModels};

use crate::command::secret;
use crate::exit::Outcome;
use crate::host::Host;

/// The model that a reference names on a server; `None` where it names none
/// there.
pub fn model(reference: &str, config: &Config, host: &mut Host<'_>) -> Outcome<Option<Model>> {
    let remote =
        RemoteModels::new(config).offline_if(host.hub.offline).with_proxy(host.hub.proxy.clone());
    // What lies here under the same name goes first.
    if !remote.names(reference) || host.current_dir.join(reference).exists() {
        return Ok(None);
    }
    let key = match remote.key_name(reference)? {
        Some(name) => secret::key(&name, host)?,
        None => None,
    };
    Ok(Some(remote.open(reference, key)?))
}

/// Switches the network off for every verb where the user's own file says so.
/// What is amiss with the file is told by whoever needs it.
pub fn mind_the_network(host: &mut Host<'_>) {
    let Some(dirs) = &host.dirs else { return };
    let loaded = LoadedConfig::read(dirs, None);
    host.hub.offline |= loaded.is_ok_and(|loaded| loaded.config.offline == Some(true));
}
