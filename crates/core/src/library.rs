use std::path::Path;

use mlxcode_base::{CancelToken, Diagnostic, ErrorKind, Progress};
use mlxcode_models::{InstalledModel, ModelSummary, Store, VerifyReport};
use thiserror::Error;

use crate::config::Config;
use crate::dirs::Dirs;
use crate::error::Result;
use crate::model::Model;

/// The models that are installed on this machine.
#[derive(Debug)]
pub struct ModelLibrary {
    store: Store,
}

/// Why no model could be chosen.
#[derive(Debug, Error)]
#[non_exhaustive]
enum ChoiceError {
    #[error("several models are installed and none is chosen: {}", names.join(", "))]
    Several { names: Vec<String> },
    #[error("no model is installed")]
    None,
}

impl Diagnostic for ChoiceError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Several { .. } => ErrorKind::InvalidInput,
            Self::None => ErrorKind::NotFound,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Several { .. } => "models.not_chosen",
            Self::None => "models.none_installed",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Several { .. } => {
                "pass --model NAME, or set `model` in the configuration file".to_owned()
            }
            Self::None => HOW_TO_GET_A_MODEL.to_owned(),
        })
    }
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
    ) -> Result<InstalledModel> {
        Ok(self.store.add(path, name, progress, cancel)?)
    }

    /// The installed models, by name.
    pub fn list(&self) -> Result<Vec<ModelSummary>> {
        Ok(self.store.list()?)
    }

    /// What is known of one installed model.
    pub fn summary(&self, name: &str) -> Result<ModelSummary> {
        Ok(self.store.summary(name)?)
    }

    /// One installed model, with a quick check of its files.
    pub fn get(&self, name: &str) -> Result<InstalledModel> {
        Ok(self.store.get(name)?)
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

    /// Loads what `reference` names: a path (it exists, or has a separator or
    /// a `.gguf` ending), else an installed model.
    pub fn load(&self, reference: &str) -> Result<Model> {
        let path = Path::new(reference);
        let gguf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
        if reference.contains(std::path::is_separator) || gguf {
            return Model::load(path);
        }
        Model::load_installed(&self.get(reference)?)
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
            _ => Err(ChoiceError::Several { names }.into()),
        }
    }

    /// Loads the named model, else the default one.
    ///
    /// # Errors
    /// With neither, the error says how to get a model.
    pub fn load_or_default(&self, reference: Option<&str>, config: &Config) -> Result<Model> {
        match reference {
            Some(reference) => self.load(reference),
            None => match self.default_model(config)? {
                Some(name) => self.load(&name),
                None => Err(ChoiceError::None.into()),
            },
        }
    }
}
