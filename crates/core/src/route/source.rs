use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlxcode_base::{CancelToken, Progress};
use mlxcode_models::{LanguageModel, Secret, SecretName};
use mlxcode_providers::{Cache, CacheOptions, Cached, Observer};

use super::plan::{PlannedModel, RoutePlan};
use crate::adapters::adapted_model;
use crate::config::Config;
use crate::error::Result;
use crate::library::ModelLibrary;
use crate::mcp::Environment;
use crate::model::Model;
use crate::remote::RemoteModels;
use crate::workspace::Workspace;

type FindKey = dyn Fn(&SecretName) -> Result<Option<Secret>> + Send + Sync;

/// Where the models of a [`RoutePlan`] come from: the library, and servers.
/// Clones share it.
#[derive(Clone)]
pub struct ModelSource {
    library: Arc<ModelLibrary>,
    remote: RemoteModels,
    keys: Arc<FindKey>,
    /// Where plugins lie that run models, and what these find around them.
    adapters: Option<(Workspace, Environment)>,
    /// The folder that paths are seen from.
    from: PathBuf,
    progress: Arc<dyn Progress>,
    cancel: CancelToken,
    pub(super) observer: Observer,
    cache: Option<(Arc<Cache>, bool)>,
}

impl std::fmt::Debug for ModelSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelSource").field("remote", &self.remote).finish_non_exhaustive()
    }
}

impl ModelSource {
    /// The models of a library, and none elsewhere.
    pub fn new(library: ModelLibrary) -> Self {
        Self {
            library: Arc::new(library),
            remote: RemoteModels::default(),
            keys: Arc::new(|_| Ok(None)),
            adapters: None,
            from: PathBuf::new(),
            progress: Arc::new(()),
            cancel: CancelToken::new(),
            observer: Observer::default(),
            cache: None,
        }
    }

    /// Asks servers, too; `keys` finds the key of one by its secret's name, and
    /// is called on the thread that opens the model.
    pub fn with_remote(
        mut self,
        remote: RemoteModels,
        keys: impl Fn(&SecretName) -> Result<Option<Secret>> + Send + Sync + 'static,
    ) -> Self {
        (self.remote, self.keys) = (remote, Arc::new(keys));
        self
    }

    /// Starts the model adapters of plugins that are enabled where one is named.
    pub fn with_adapters(mut self, workspace: Option<Workspace>, environment: Environment) -> Self {
        self.adapters = workspace.map(|workspace| (workspace, environment));
        self
    }

    /// Sets the folder that paths are seen from.
    pub fn from_folder(mut self, from: &Path) -> Self {
        from.clone_into(&mut self.from);
        self
    }

    /// Tells somebody of the checks of files and of loading.
    pub fn reporting_to(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// Stops what is loaded by [`RoutePlan::open`] where this is cancelled. What
    /// is loaded in the middle of an answer stops with the request for it.
    pub fn cancelled_by(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Lets somebody hear which model is passed over, which one a length
    /// chooses, and what the cache and an ensemble do.
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.remote = self.remote.observed_by(observer.clone());
        self.observer = observer;
        self
    }

    /// Keeps answers in the file that a plan allows it, below the folder. Where
    /// that cannot be opened, there is no cache.
    pub fn caching_in(mut self, folder: &Path, plan: &RoutePlan) -> Self {
        self.cache = plan.cache_bytes.and_then(|bytes| {
            make_folder(folder)?;
            let options = CacheOptions::new(&folder.join("answers.sqlite3"));
            let cache = Cache::open(&options.with_most_bytes(bytes)).ok()?;
            Some((Arc::new(cache), plan.keeps_drawn))
        });
        self
    }

    /// The name of the only installed model; `None` where there is none.
    pub(super) fn only_installed(&self) -> Result<Option<String>> {
        self.library.default_model(&Config::default())
    }

    /// How many tokens a model takes, as far as that is known without opening
    /// it.
    pub(super) fn context_length(&self, model: &PlannedModel) -> Option<usize> {
        if self.remote.names(&model.name) {
            return self.remote.context_length(&model.name);
        }
        Some(self.library.summary(&model.name).ok()?.context_length)
    }

    /// Opens a model, behind the cache where there is one.
    pub(super) fn open(&self, model: &PlannedModel) -> Result<Arc<dyn LanguageModel>> {
        self.open_until(model, &self.cancel)
    }

    /// The same, as long as this is not cancelled.
    pub(super) fn open_until(
        &self,
        model: &PlannedModel,
        cancel: &CancelToken,
    ) -> Result<Arc<dyn LanguageModel>> {
        let (name, progress) = (&model.name, &*self.progress);
        // What lies here under the same name goes first.
        let is_here = model.may_be_path && self.from.join(name).exists();
        let (opened, identity) = if self.remote.names(name) && !is_here {
            let key = match self.remote.key_name(name)? {
                Some(key) => (self.keys)(&key)?,
                None => None,
            };
            let opened = self.remote.open(name, key)?;
            let identity = self.remote.identity(name, opened.info());
            (opened, Some(identity))
        } else if !is_here && let Some(opened) = self.adapted(name, cancel) {
            // What a plugin runs may be another model tomorrow: no answer is kept.
            (opened?, None)
        } else if model.may_be_path {
            let opened = self.library.load(&self.from, name, progress, cancel)?;
            (opened, self.identity(name))
        } else {
            let opened = self.library.load_installed(name, progress, cancel)?;
            (opened, self.identity(name))
        };
        Ok(self.cached(opened.shared(), identity))
    }

    /// The model that a name means of a plugin's adapter.
    fn adapted(&self, name: &str, cancel: &CancelToken) -> Option<Result<Model>> {
        let (workspace, environment) = self.adapters.as_ref()?;
        adapted_model(workspace, name, environment, cancel).transpose()
    }

    /// What tells an installed model from every other: its files. One that lies
    /// elsewhere may change at any time; its answers are not kept.
    fn identity(&self, name: &str) -> Option<String> {
        let files = self.library.summary(name).ok()?.files;
        Some(files.iter().map(|file| format!("{}:{}\n", file.name, file.sha256)).collect())
    }

    pub(super) fn cached(
        &self,
        model: Arc<dyn LanguageModel>,
        identity: Option<String>,
    ) -> Arc<dyn LanguageModel> {
        match (&self.cache, identity) {
            (Some((cache, keeps_drawn)), Some(identity)) => Arc::new(
                Cached::new(model, identity, Arc::clone(cache), self.observer.clone())
                    .keeping_all(*keeps_drawn),
            ),
            _ => model,
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the folder of our own cache")]
fn make_folder(folder: &Path) -> Option<()> {
    std::fs::create_dir_all(folder).ok()
}
