mod convert;

use std::path::{Path, PathBuf};

use mlxcode_base::{CancelToken, Progress};
use mlxcode_models::{ModelSummary, Store, VerifyReport};

use crate::benchmark::{Benchmark, BenchmarkOptions};
use crate::config::Config;
use crate::dirs::Dirs;
use crate::error::{Error, Result};
use crate::input::InputError;
use crate::model::Model;

/// The models that are installed on this machine.
#[derive(Debug)]
pub struct ModelLibrary {
    store: Store,
}

/// One line for whoever has no model yet.
pub const HOW_TO_GET_A_MODEL: &str = "install one with `mlx-code models add PATH`: a GGUF file, \
     or a folder with config.json, tokenizer.json and safetensors";

impl ModelLibrary {
    /// Opens the library; it need not exist yet.
    pub fn open(dirs: &Dirs) -> Result<Self> {
        Ok(Self { store: Store::open(&dirs.models())? })
    }

    /// Validates a GGUF file or a model folder and installs it under `name`,
    /// or under its own name. The original stays where it is.
    pub fn add(
        &mut self,
        path: &Path,
        name: Option<&str>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<ModelSummary> {
        let added = self.store.add(path, name, progress, cancel)?;
        self.summary(added.name())
    }

    /// The installed models, by name.
    pub fn list(&self) -> Result<Vec<ModelSummary>> {
        Ok(self.store.list()?)
    }

    /// The models of which nothing can be said, by name, each with the reason.
    pub fn broken(&self) -> Result<Vec<(String, Error)>> {
        let broken = self.store.broken()?;
        Ok(broken.into_iter().map(|model| (model.name, model.error.into())).collect())
    }

    /// What is known of one installed model.
    pub fn summary(&self, name: &str) -> Result<ModelSummary> {
        Ok(self.store.summary(name)?)
    }

    /// Reads every byte of a model again and compares.
    pub fn verify(
        &self,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<VerifyReport> {
        Ok(self.store.verify(name, progress, cancel)?)
    }

    /// Removes a model from the library.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        Ok(self.store.remove(name)?)
    }

    /// Loads what `reference` names: a path, seen from the folder `from`, if
    /// it has a separator or a `.gguf` ending, else an installed model.
    pub fn load(
        &self,
        from: &Path,
        reference: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Model> {
        match path(from, reference) {
            Some(path) => Model::load_in_place(&path, cancel),
            None => self.load_installed(reference, progress, cancel),
        }
    }

    /// Loads what `reference` names, as [`load`](Self::load) does, measures how
    /// fast it runs on a prompt without a meaning, and lets it go.
    pub fn benchmark(
        &self,
        from: &Path,
        reference: &str,
        options: &BenchmarkOptions,
        progress: &dyn Progress,
    ) -> Result<Benchmark> {
        match path(from, reference) {
            Some(path) => Model::benchmark(&path, options),
            None => {
                Benchmark::of(&self.store.get_with(reference, progress, &options.cancel)?, options)
            }
        }
    }

    /// Checks and loads an installed model. The first time after a restart, all
    /// its bytes are read and compared.
    pub fn load_installed(
        &self,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Model> {
        Model::load_checked(&self.store.get_with(name, progress, cancel)?, cancel)
    }

    /// The name of the model to use where none is named: the configured one,
    /// else the only one. `None` where nothing is installed.
    pub fn default_model(&self, config: &Config) -> Result<Option<String>> {
        if let Some(name) = &config.model {
            return Ok(Some(name.clone()));
        }
        let mut names: Vec<String> = self.list()?.into_iter().map(|model| model.name).collect();
        match names.len() {
            0 => Ok(None),
            1 => Ok(names.pop()),
            _ => Err(InputError::SeveralModels { names }.into()),
        }
    }
}

/// The path that a reference is, rather than a name.
fn path(from: &Path, reference: &str) -> Option<PathBuf> {
    let path = Path::new(reference);
    let gguf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
    (gguf || reference.contains(std::path::is_separator)).then(|| from.join(path))
}
