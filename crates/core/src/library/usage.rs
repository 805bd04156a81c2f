//! A loaded model that counts what it does.

use std::sync::Arc;

use mlxcode_models::{
    Finished, GenerateRequest, Generation, LanguageModel, ModelInfo, ModelUse, Prompt, Records,
    Result,
};

use crate::model::Model;

/// An installed model whose answers are counted. A count that cannot be
/// written is lost: no answer waits for it or fails because of it.
pub(super) struct Counted {
    model: Model,
    info: ModelInfo,
    name: String,
    records: Arc<Records>,
}

impl Counted {
    /// Counts the load, and answers from now on.
    pub fn new(model: Model, name: String, records: Arc<Records>) -> Self {
        let _ = records.loaded(&name);
        let info = model.info().clone();
        Self { model, info, name, records }
    }

    /// The name that it is installed under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says whether it is known to call tools well.
    pub fn set_good_at_tools(&mut self, good: bool) {
        self.info.good_at_tools = Some(good);
    }
}

impl LanguageModel for Counted {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.model.language_model().count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.model.language_model().count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let (name, records) = (self.name.clone(), Arc::clone(&self.records));
        let count = move |end: &Finished| {
            let once = ModelUse {
                prompt_tokens: end.usage.prompt_tokens as u64,
                completion_tokens: end.usage.completion_tokens as u64,
                prefill_ms: end.timings.prefill_ms,
                decode_ms: end.timings.decode_ms,
            };
            let _ = records.used(&name, &once);
        };
        Ok(self.model.language_model().generate(request)?.on_finished(count))
    }
}
