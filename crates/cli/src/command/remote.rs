//! Whether the network may be used.

use mlxcode_core::LoadedConfig;

use crate::host::Host;

/// Switches the network off for every verb where the user's own file says so.
/// What is amiss with the file is told by whoever needs it.
pub fn mind_the_network(host: &mut Host<'_>) {
    let Some(dirs) = &host.dirs else { return };
    let loaded = LoadedConfig::read(dirs, None);
    host.hub.offline |= loaded.is_ok_and(|loaded| loaded.config.offline == Some(true));
}
