//! Models that are known by name.

use mlxcode_models::{Catalogue, CatalogueSource, FetchText, Memory};

use super::ModelLibrary;
use crate::config::Config;
use crate::error::Result;

impl ModelLibrary {
    /// The models that are known by name: the own catalogue, and on top of it
    /// those that the configuration names, in its order. Paths are seen from
    /// the folder of the user's configuration file. What lies at an address is
    /// got by `fetch`; without one, an address is refused.
    pub fn catalogue(&self, config: &Config, fetch: Option<FetchText<'_>>) -> Result<Catalogue> {
        let mut catalogue = Catalogue::built_in()?;
        for source in config.catalogues.iter().flatten() {
            catalogue.add_from(&CatalogueSource::parse(source, &self.config_folder), fetch)?;
        }
        Ok(catalogue)
    }
}

/// Memory that is free to use on this machine, in bytes, or all there is where
/// the system does not tell what is free.
pub fn free_memory_bytes() -> Option<u64> {
    let memory = Memory::read();
    memory.available_bytes.or(memory.total_bytes)
}
