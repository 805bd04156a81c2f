use std::fmt;
use std::path::Path;
use std::sync::Arc;

use mlxcode_base::CancelToken;
use mlxcode_inference::{Engine, LoadOptions};
use mlxcode_models::{GenerateRequest, InstalledModel, LanguageModel, Lease, ModelInfo, Prompt};

use crate::benchmark::{Benchmark, BenchmarkOptions};
use crate::error::Result;
use crate::generation::Generation;

/// A model that is ready to answer. Clones share it.
#[derive(Clone)]
pub struct Model(Arc<dyn LanguageModel>);

impl Model {
    /// Wraps any model: a [`ScriptedModel`](crate::ScriptedModel) in a test,
    /// or one of your own.
    pub fn new(model: impl LanguageModel + 'static) -> Self {
        Self(Arc::new(model))
    }

    /// Wraps a model that is shared.
    pub fn from_shared(model: Arc<dyn LanguageModel>) -> Self {
        Self(model)
    }

    /// The model behind it, to make another one of: see
    /// [`backend`](crate::backend).
    pub fn into_shared(self) -> Arc<dyn LanguageModel> {
        self.0
    }

    /// Validates and loads a GGUF file, or a folder with `config.json`,
    /// `tokenizer.json` and safetensors, where it lies.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_in_place(path, &CancelToken::new())
    }

    /// As [`load`](Self::load); `cancel` stops it within one weight.
    pub fn load_in_place(path: &Path, cancel: &CancelToken) -> Result<Self> {
        Self::load_checked(&InstalledModel::check_in_place(path)?, &LoadOptions::default(), cancel)
    }

    pub(crate) fn load_checked(
        model: &InstalledModel,
        options: &LoadOptions,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let mut options = options.clone();
        options.cancel = cancel.clone();
        let engine = Engine::load(model, &options)?;
        Ok(match model.lease() {
            None => Self::new(engine),
            Some(lease) => Self::new(Leased { engine, _lease: lease }),
        })
    }

    /// Validates and loads a GGUF file or a model folder where it lies, measures
    /// how fast it runs on a prompt without a meaning, and lets it go.
    pub fn benchmark(path: &Path, options: &BenchmarkOptions) -> Result<Benchmark> {
        Benchmark::of(&InstalledModel::check_in_place(path)?, options)
    }

    /// What is known of the model.
    pub fn info(&self) -> &ModelInfo {
        self.0.info()
    }

    /// Counts the tokens that `prompt` takes, chat template included.
    pub fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        Ok(self.0.count_tokens(prompt)?)
    }

    /// Starts to continue the prompt.
    pub fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let cancel = request.cancel.clone();
        Ok(Generation::new(self.0.generate(request)?, cancel))
    }

    pub(crate) fn shared(&self) -> Arc<dyn LanguageModel> {
        Arc::clone(&self.0)
    }

    pub(crate) fn language_model(&self) -> &dyn LanguageModel {
        &*self.0
    }
}

/// An installed model that is loaded: nobody removes its files meanwhile.
struct Leased {
    engine: Engine,
    _lease: Arc<Lease>,
}

impl LanguageModel for Leased {
    fn info(&self) -> &ModelInfo {
        self.engine.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> mlxcode_models::Result<usize> {
        self.engine.count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> mlxcode_models::Result<usize> {
        self.engine.count_text(text)
    }

    fn generate(
        &self,
        request: GenerateRequest,
    ) -> mlxcode_models::Result<mlxcode_models::Generation> {
        self.engine.generate(request)
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Model").field(self.info()).finish()
    }
}
