use std::path::Path;
use std::sync::Arc;

use mlxcode_base::{CancelToken, Progress};
use mlxcode_models::hub::{Hub, HubOptions};
use mlxcode_models::{FileSource, RepairReport, VerifyReport, verify_path};

use super::{ModelLibrary, path};
use crate::error::Result;

/// How a model is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// Look at the value of every weight, not at a sample of them.
    pub deep: bool,
    /// Ask nobody what the files should be now.
    pub offline: bool,
}

impl ModelLibrary {
    /// Lets `source` fetch broken files again, and tell what files should be.
    pub fn with_source(mut self, source: Arc<dyn FileSource>) -> Self {
        self.source = Some(source);
        self
    }

    /// Lets a hub fetch broken files again, and tell what files should be.
    /// Nothing is sent before that is asked for.
    pub fn with_hub(self, options: HubOptions) -> Result<Self> {
        Ok(self.with_source(Arc::new(Hub::new(options)?)))
    }

    /// Reads every byte of an installed model again, compares it with what was
    /// installed, and checks the contents.
    ///
    /// # Errors
    /// What is wrong with the model is no error but a check that failed.
    pub fn verify(
        &self,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<VerifyReport> {
        self.verify_installed(name, VerifyOptions::default(), progress, cancel)
    }

    /// Verifies what `reference` names: a path, seen from the folder `from`, if
    /// it has a separator or a `.gguf` ending, else an installed model.
    ///
    /// # Errors
    /// What is wrong with the model is no error but a check that failed.
    pub fn verify_with(
        &self,
        from: &Path,
        reference: &str,
        options: VerifyOptions,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<VerifyReport> {
        match path(from, reference) {
            Some(path) => Ok(verify_path(&path, &self.asking(options), progress, cancel)?),
            None => self.verify_installed(reference, options, progress, cancel),
        }
    }

    fn verify_installed(
        &self,
        name: &str,
        options: VerifyOptions,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<VerifyReport> {
        Ok(self.store.verify(&self.resolve(name)?, &self.asking(options), progress, cancel)?)
    }

    fn asking(&self, options: VerifyOptions) -> mlxcode_models::VerifyOptions<'_> {
        let mut asking = mlxcode_models::VerifyOptions::default();
        asking.deep = options.deep;
        asking.source = self.source.as_deref().filter(|_| !options.offline);
        asking
    }

    /// Fetches the broken files of an installed model again, and only those.
    pub fn repair(
        &mut self,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<RepairReport> {
        let name = self.resolve(name)?;
        Ok(self.store.repair(&name, self.source.as_deref(), progress, cancel)?)
    }
}
