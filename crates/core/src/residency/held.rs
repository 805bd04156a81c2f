//! A model in somebody's hands.

use std::sync::{Arc, Weak};

use mlxcode_models::{
    GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Result as ModelsResult,
};

use super::Shared;
use super::entry::State;
use crate::model::Model;

/// What one holder, and the answers that he waits for, share.
pub struct Use {
    shared: Weak<Shared>,
    reference: String,
    attempt: u64,
}

impl Use {
    /// A holder that was counted already.
    pub fn new(shared: &Arc<Shared>, reference: &str, attempt: u64) -> Self {
        Self { shared: Arc::downgrade(shared), reference: reference.to_owned(), attempt }
    }

    /// The model for this holder.
    pub fn model(self, model: Arc<dyn LanguageModel>) -> Model {
        Model::new(Held { model, held: Arc::new(self) })
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let now = shared.options.clock.now();
        let mut models = shared.lock();
        let own = models.get_mut(&self.reference).filter(|entry| entry.attempt == self.attempt);
        if let Some(State::Resident(resident)) = own.map(|entry| &mut entry.state) {
            resident.holders = resident.holders.saturating_sub(1);
            resident.idle_since = now;
        }
        drop(models);
        shared.changed.notify_all();
    }
}

struct Held {
    // The first to go: when the holder is no more counted, nothing of his is
    // left that keeps the model in memory.
    model: Arc<dyn LanguageModel>,
    held: Arc<Use>,
}

impl LanguageModel for Held {
    fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> ModelsResult<usize> {
        self.model.count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> ModelsResult<usize> {
        self.model.count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> ModelsResult<Generation> {
        Ok(self.model.generate(request)?.holding(Arc::clone(&self.held)))
    }
}
