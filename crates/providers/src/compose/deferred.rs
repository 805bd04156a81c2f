use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_models::{GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Result};

use super::relay::{Part, relay};

/// Opens a model.
pub type Open = Arc<dyn Fn() -> Result<Arc<dyn LanguageModel>> + Send + Sync>;

/// A model that is opened when it is first asked: it takes no memory, and its
/// server hears of nothing, until then.
///
/// What it says of itself is what its maker said. Where it cannot be opened,
/// that is the error of the request, and the next request tries again.
#[derive(Clone)]
pub struct Deferred {
    info: ModelInfo,
    open: Open,
    opened: Arc<Mutex<Option<Arc<dyn LanguageModel>>>>,
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").field("name", &self.info.name).finish_non_exhaustive()
    }
}

impl Deferred {
    /// A model that `open` opens, of which `info` is said meanwhile.
    pub fn new(info: ModelInfo, open: Open) -> Self {
        Self { info, open, opened: Arc::default() }
    }

    /// The model; who asks meanwhile waits until it is there.
    fn model(&self) -> Result<Arc<dyn LanguageModel>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = &*opened {
            return Ok(Arc::clone(model));
        }
        let model = (self.open)()?;
        *opened = Some(Arc::clone(&model));
        Ok(model)
    }
}

impl LanguageModel for Deferred {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.model()?.count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.model()?.count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(model) = opened {
            return model.generate(request);
        }
        // Loading takes its time, in which a cancel has to be heard.
        let deferred = self.clone();
        relay(request.cancel.clone(), move |sender| {
            match deferred.model().and_then(|model| Part::of(&*model, &request)) {
                Ok(part) => part.for_each(|event| sender.send(event)),
                Err(error) => sender.send(Err(error)),
            }
        })
    }
}
