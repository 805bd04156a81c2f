//! Models that are known by name.

use std::time::SystemTime;

use mlxcode_models::hub::HubOptions;
use mlxcode_models::{Catalogue, CatalogueSource, FetchText, Memory, RemoteCatalogues};

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

    /// As [`catalogue`](Self::catalogue), with what lies at addresses: fetched
    /// with a hub's options and kept beside the pulls, or, without `ask`, as it
    /// is kept. `remark` hears, in a sentence, of what could not be fetched;
    /// the copy that is kept then takes its place, where there is one.
    ///
    /// # Errors
    /// A catalogue in a file that cannot be read, or options that make no
    /// sense.
    pub fn catalogue_with(
        &self,
        config: &Config,
        options: HubOptions,
        ask: bool,
        remark: &mut dyn FnMut(String),
    ) -> Result<Catalogue> {
        let mut catalogue = Catalogue::built_in()?;
        let sources = config.catalogues.iter().flatten();
        let sources: Vec<_> =
            sources.map(|text| CatalogueSource::parse(text, &self.config_folder)).collect();
        let folder = self.pulls_file.with_file_name("catalogues");
        let remote = RemoteCatalogues::new(options, &folder, SystemTime::now())?;
        for source in &sources {
            let CatalogueSource::Url(url) = source else {
                catalogue.add_from(source, None)?;
                continue;
            };
            let found = if ask { remote.fetch(url).map(Some) } else { Ok(remote.kept(url)) };
            match found {
                Ok(Some(found)) => {
                    if let Some(reason) = found.outdated {
                        let address = &found.address;
                        remark(format!(
                            "the catalogue {address} was not fetched: {reason}; the copy of it \
                             that is kept here is used"
                        ));
                    }
                    catalogue.add(found.address.as_ref(), &found.text)?;
                }
                Ok(None) => {}
                Err(error) => remark(format!("{error}; its models are missing")),
            }
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
