//! How the library's models come into memory and stay there.

use std::path::{Path, PathBuf};

use mlxcode_base::{CancelToken, Progress};
use mlxcode_inference::{Engine, LoadOptions, fit};
use mlxcode_models::{FitReport, FitRequest, InstalledModel, Memory};

use crate::benchmark::resident_bytes_of;
use crate::error::Result;
use crate::library::ModelLibrary;
use crate::residency::{LoadPlan, LoadedModel, ModelLoader, Residency, ResidencyOptions};

/// Loads what the library has.
struct LibraryLoader {
    library: ModelLibrary,
    from: PathBuf,
}

impl ModelLoader for LibraryLoader {
    fn plan(
        &self,
        reference: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<LoadPlan> {
        let model = self.library.installed(&self.from, reference, progress, cancel)?;
        let request = FitRequest::default();
        let report = fit(&model, &LoadOptions::default(), &request)?;
        let mut options = LoadOptions::default();
        // The engine stays within what is set aside for it.
        options.most_cache_bytes = Some(report.cache_bytes);
        let load = move |cancel: &CancelToken| load(&model, options, cancel);
        Ok(LoadPlan { size_bytes: report.total_bytes(), load: Box::new(load) })
    }
}

fn load(
    model: &InstalledModel,
    mut options: LoadOptions,
    cancel: &CancelToken,
) -> Result<LoadedModel> {
    options.cancel = cancel.clone();
    let engine = Engine::load(model, &options)?;
    let freed = engine.end_of_worker();
    let mut loaded = LoadedModel::new(engine);
    // Nobody pulls its files away meanwhile.
    loaded.keep = model.lease().map(|lease| Box::new(lease) as Box<dyn Send>);
    loaded.freed = freed.map(|freed| Box::new(freed) as Box<dyn FnOnce() + Send>);
    Ok(loaded)
}

/// An installed model that a process uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelUse {
    /// The model.
    pub model: String,
    /// The number of the process.
    pub process: u32,
    /// Its program's name; empty where the system does not tell.
    pub program: String,
    /// Since when, in seconds since 1970, UTC.
    pub since_s: u64,
    /// What the process has in memory, all told; `None` where the system does
    /// not tell.
    pub resident_bytes: Option<u64>,
}

impl ModelLibrary {
    /// Which processes of this machine use which installed models now, by
    /// model.
    pub fn uses(&self) -> Result<Vec<ModelUse>> {
        let one = |holder: mlxcode_models::LeaseHolder| ModelUse {
            resident_bytes: resident_bytes_of(holder.process),
            model: holder.model,
            process: holder.process,
            program: holder.program,
            since_s: holder.since_s,
        };
        Ok(self.leases()?.into_iter().map(one).collect())
    }

    /// Keeps this library's models in memory. A reference is what
    /// [`load`](Self::load) takes, a path seen from the folder `from`.
    pub fn residency(self, from: &Path, options: ResidencyOptions) -> Residency {
        Residency::new(LibraryLoader { library: self, from: from.to_owned() }, options)
    }

    /// What a model would take of memory: computed from its shapes, nothing is
    /// loaded. `available_bytes` of the request is this machine's where it is
    /// left out.
    pub fn fit(
        &self,
        from: &Path,
        reference: &str,
        options: &LoadOptions,
        mut request: FitRequest,
        progress: &dyn Progress,
    ) -> Result<FitReport> {
        let model = self.installed(from, reference, progress, &options.cancel)?;
        let free = || Memory::read().available_bytes;
        request.available_bytes = request.available_bytes.or_else(free);
        Ok(fit(&model, options, &request)?)
    }
}
