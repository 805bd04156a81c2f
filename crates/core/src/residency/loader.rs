use std::fmt;
use std::sync::Arc;

use mlxcode_base::{CancelToken, Progress};
use mlxcode_models::LanguageModel;

use crate::error::Result;

/// Brings models into memory.
pub trait ModelLoader: Send + Sync + 'static {
    /// What a model will take, found out without reading its weights. May
    /// check its files, which takes a while.
    fn plan(
        &self,
        reference: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<LoadPlan>;
}

/// Reads and packs the weights; ends soon after it is cancelled.
pub type Load = dyn FnOnce(&CancelToken) -> Result<LoadedModel> + Send;

/// A model that may be loaded now.
pub struct LoadPlan {
    /// The memory that it will take, in bytes.
    pub size_bytes: u64,
    /// Loads it.
    pub load: Box<Load>,
}

impl fmt::Debug for LoadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadPlan").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

/// A model in memory.
pub struct LoadedModel {
    /// The model.
    pub model: Arc<dyn LanguageModel>,
    /// Waits, after the model was dropped, until its memory is free.
    pub freed: Option<Box<dyn FnOnce() + Send>>,
    /// Kept as long as the model is in memory, such as a lease on its files.
    pub keep: Option<Box<dyn Send>>,
}

impl fmt::Debug for LoadedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedModel").field("info", self.model.info()).finish_non_exhaustive()
    }
}

impl LoadedModel {
    /// A model of which nothing is left when it is dropped.
    pub fn new(model: impl LanguageModel + 'static) -> Self {
        Self { model: Arc::new(model), freed: None, keep: None }
    }
}
