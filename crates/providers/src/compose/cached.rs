use std::fmt;
use std::sync::Arc;

use mlxcode_base::ContentHash;
use mlxcode_models::{
    FinishReason, GenerateOptions, GenerateRequest, Generation, GenerationEvent, LanguageModel,
    ModelInfo, Prompt, Result, Timings, generation_channel,
};

use super::cache::Cache;
use super::relay::relay;
use crate::notice::{Notice, Observer};

/// Gives an answer again that was given before, without the model.
///
/// Only what would come out the same is kept, unless told otherwise: answers at
/// a temperature of 0 or with a seed that is not 0. The key is the model's
/// identity, the prompt and all options. A cancelled or failed answer is never kept.
#[derive(Clone)]
pub struct Cached {
    model: Arc<dyn LanguageModel>,
    identity: String,
    cache: Arc<Cache>,
    observer: Observer,
    keeps_all: bool,
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Cached {
    /// Puts a cache before a model. `identity` says which model it is, so that
    /// another one under the same name is another: the checksum of its files,
    /// or its address and name. The observer hears when the cache answers.
    pub fn new(
        model: Arc<dyn LanguageModel>,
        identity: impl Into<String>,
        cache: Arc<Cache>,
        observer: Observer,
    ) -> Self {
        Self { model, identity: identity.into(), cache, observer, keeps_all: false }
    }

    /// Sets whether answers are kept that might come out otherwise the next
    /// time.
    pub fn keeping_all(mut self, keeps_all: bool) -> Self {
        self.keeps_all = keeps_all;
        self
    }

    fn key(&self, request: &GenerateRequest) -> Option<ContentHash> {
        let GenerateOptions { sampling, .. } = &request.options;
        let repeatable = self.keeps_all || sampling.temperature <= 0.0 || sampling.seed != 0;
        let prompt = serde_json::to_vec(&request.prompt).ok().filter(|_| repeatable)?;
        let mut hasher = ContentHash::hasher();
        // The lengths keep two parts from running into one another.
        for part in [self.identity.as_bytes(), &prompt, format!("{:?}", request.options).as_bytes()]
        {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Some(hasher.finish())
    }
}

impl LanguageModel for Cached {
    fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.model.count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.model.count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let Some(key) = self.key(&request) else { return self.model.generate(request) };
        if let Some(events) = self.cache.find(&key).filter(|events| is_whole(events)) {
            self.observer.tell(&Notice::FromCache);
            let (sender, generation) = generation_channel(request.cancel);
            for event in events {
                sender.send(Ok(now(event)));
            }
            return Ok(generation);
        }
        let generation = self.model.generate(request.clone())?;
        let cache = Arc::clone(&self.cache);
        relay(request.cancel, move |sender| {
            let mut events = Vec::new();
            for event in generation {
                if let Ok(event) = &event {
                    events.push(event.clone());
                }
                // Before the reader has the end: whoever asks again then, finds it.
                if is_whole(&events) && !sender.is_cancelled() {
                    cache.keep(&key, &events);
                }
                sender.send(event);
            }
        })
    }
}

/// Whether an answer ended by itself.
fn is_whole(events: &[GenerationEvent]) -> bool {
    let end = events.last();
    matches!(end, Some(GenerationEvent::Finished(end)) if end.reason != FinishReason::Cancelled)
}

/// The time that an answer took is not spent again.
fn now(event: GenerationEvent) -> GenerationEvent {
    match event {
        GenerationEvent::Finished(mut finished) => {
            finished.timings = Timings::default();
            GenerationEvent::Finished(finished)
        }
        event => event,
    }
}
