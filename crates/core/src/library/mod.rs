mod compare;
mod convert;
mod edit_tasks;
mod known;
mod maintain;
mod pull;
mod recommend;
mod records;
mod search;
mod usage;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlxcode_base::{CancelToken, Progress};
use mlxcode_inference::LoadOptions;
use mlxcode_models::{
    Catalogue, CatalogueSource, FileSource, InstalledModel, ModelSummary, Records, Store,
};

use crate::benchmark::{Benchmark, BenchmarkOptions};
use crate::config::Config;
use crate::dirs::Dirs;
use crate::error::{Error, Result};
use crate::input::InputError;
use crate::model::Model;
use usage::Counted;

pub use compare::{CompareOptions, ComparedSpeed, ComparedText, Comparison, SpeedSource};
pub use edit_tasks::EditScore;
pub use pull::{PullOptions, Pulls};
pub use recommend::{RecommendOptions, Recommendation};
pub use search::free_memory_bytes;
pub use verify::VerifyOptions;

/// The models that are installed on this machine, and what is said of them.
#[derive(Debug)]
pub struct ModelLibrary {
    store: Store,
    /// How models are loaded.
    load: LoadOptions,
    /// Who fetches broken files again, where somebody does.
    source: Option<Arc<dyn FileSource>>,
    records: Arc<Records>,
    config_folder: PathBuf,
    /// The catalogues that the configuration names beside the own one.
    catalogues: Option<Vec<String>>,
    /// Where edits are tried; nothing stays there.
    scratch: PathBuf,
    pulls_file: PathBuf,
}

/// What is installed, by name.
#[derive(Debug)]
#[non_exhaustive]
pub struct LibraryContents {
    /// The models of which all is known.
    pub models: Vec<ModelSummary>,
    /// The models of which nothing can be said, each with the reason.
    pub broken: Vec<(String, Error)>,
}

/// One line for whoever has no model yet.
pub const HOW_TO_GET_A_MODEL: &str = "fetch one with `mlx-code models pull hf:ORG/NAME`, or install \
     one with `mlx-code models add PATH`: a GGUF file, or a folder with config.json, \
     tokenizer.json and safetensors";

impl ModelLibrary {
    /// Opens the library; it need not exist yet.
    pub fn open(dirs: &Dirs) -> Result<Self> {
        Ok(Self {
            store: Store::open(&dirs.models())?,
            load: LoadOptions::default(),
            source: None,
            records: Arc::new(Records::open(&dirs.records())),
            config_folder: dirs.config.clone(),
            catalogues: None,
            scratch: dirs.state.join("trials"),
            pulls_file: dirs.pulls(),
        })
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

    /// What [`list`](Self::list) and [`broken`](Self::broken) give, in one look.
    pub fn contents(&self) -> Result<LibraryContents> {
        let found = self.store.contents()?;
        let broken = found.broken.into_iter().map(|model| (model.name, model.error.into()));
        Ok(LibraryContents { models: found.models, broken: broken.collect() })
    }

    /// What is known of one installed model, by its name or an alias.
    pub fn summary(&self, name: &str) -> Result<ModelSummary> {
        Ok(self.store.summary(&self.resolve(name)?)?)
    }

    /// Removes a model from the library, by its own name; one that is in use
    /// stays. What is said of it
    /// and was counted stays, for when it is installed again;
    /// [`forget`](Self::forget) drops that.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        Ok(self.store.remove(name)?)
    }

    /// Loads what `reference` names: a path, seen from the folder `from`, if
    /// it has a separator or a `.gguf` ending, else an installed model or an
    /// alias.
    pub fn load(
        &self,
        from: &Path,
        reference: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Model> {
        let Some(path) = path(from, reference) else {
            return self.load_installed(reference, progress, cancel);
        };
        Model::load_checked(&InstalledModel::check_in_place(&path)?, &self.load, cancel)
    }

    /// Loads models so. What cancels the options has no part in it.
    pub fn loading_with(mut self, options: LoadOptions) -> Self {
        self.load = options;
        self
    }

    /// Knows of models what the catalogues of a configuration say that lie in
    /// files, beside the own one.
    pub fn knowing(mut self, config: &Config) -> Self {
        self.catalogues.clone_from(&config.catalogues);
        self
    }

    /// What `reference` names, checked and not yet loaded.
    pub(crate) fn installed(
        &self,
        from: &Path,
        reference: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<InstalledModel> {
        Ok(match path(from, reference) {
            Some(path) => InstalledModel::check_in_place(&path)?,
            None => self.store.get_with(&self.resolve(reference)?, progress, cancel)?,
        })
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
        Benchmark::of(&self.installed(from, reference, progress, &options.cancel)?, options)
    }

    /// Checks and loads an installed model, by its name or an alias. The first
    /// time after a restart, all its bytes are read and compared. What it
    /// answers is counted in the records.
    pub fn load_installed(
        &self,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Model> {
        let name = self.resolve(name)?;
        let model = self.store.get_with(&name, progress, cancel)?;
        let model = Model::load_checked(&model, &self.load, cancel)?;
        let mut counted = Counted::new(model, name, Arc::clone(&self.records));
        if let Some(good) = self.calls_well(counted.name()) {
            counted.set_good_at_tools(good);
        }
        Ok(Model::new(counted))
    }

    /// Whether an installed model calls tools well, as its record says; `None`
    /// where none is known.
    fn calls_well(&self, name: &str) -> Option<bool> {
        let files = self.store.summary(name).ok()?.files;
        let mut catalogue = Catalogue::built_in().ok()?;
        for source in self.catalogues.iter().flatten() {
            // What lies at an address is not fetched for it; what cannot be
            // read is told where somebody asks for it.
            let _ = catalogue.add_from(&CatalogueSource::parse(source, &self.config_folder), None);
        }
        known::entry_of(&files, &catalogue).map(|entry| entry.tools)
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
pub(crate) fn path(from: &Path, reference: &str) -> Option<PathBuf> {
    let path = Path::new(reference);
    let gguf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
    (gguf || reference.contains(std::path::is_separator)).then(|| from.join(path))
}

fn is_path(reference: &str) -> bool {
    path(Path::new(""), reference).is_some()
}
