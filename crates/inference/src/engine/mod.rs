//! A loaded model: requests in, answers out.

mod answer;
mod likelihood;
mod load;
mod logits;
mod options;
mod prefix;
mod schedule;
mod snapshot;
mod stop;

use std::fmt;
use std::sync::{Arc, PoisonError, mpsc};

use mlxcode_base::CancelToken;
use mlxcode_models::{
    ChatTemplate, Error as ModelsError, GenerateOptions, GenerateRequest, Generation,
    GenerationEvent, InstalledModel, LanguageModel, ModelInfo, Prompt, Result as ModelsResult,
    Tokenizer, generation_channel,
};

pub use answer::{Answer, Manner, Next, Order, Request, Voice};
pub use likelihood::{Likelihood, likelihood};
use load::Loaded;
#[cfg(test)]
pub use load::computing;
pub use load::{CONTEXTS, cache_type};
pub use logits::{engine_logits, reference_logits};
pub use options::{CacheKind, EngineKind, LoadOptions};
pub use schedule::PREFILL_TOKENS;
use stop::StopTexts;

use crate::error::Result;
use crate::heap;
use crate::sampling::Sampler;

/// A model that runs here, on a thread of its own. Requests queue.
pub struct Engine {
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    /// The marks of calls and thoughts among the special tokens.
    marks: Arc<[u32]>,
    /// Rows of the embedding.
    vocabulary: usize,
    loaded: Loaded,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Engine {
    /// Loads a model. The thread ends when the engine is dropped and its
    /// requests are done.
    ///
    /// # Errors
    /// A model that takes more memory than there is, is refused before it is
    /// read.
    pub fn load(model: &InstalledModel, options: &LoadOptions) -> Result<Self> {
        let template = model.chat_template()?;
        let voice = load::voice(model, options, template.as_ref())?;
        // What reading the tokenizer took must not lie beside the weights.
        heap::give_back();
        let tokenizer = voice.tokenizer.clone();
        let loaded = load::load(model, options, voice)?;
        heap::give_back();
        let mut info = ModelInfo::new(model.name(), loaded.context);
        info.architecture = model.config().architecture.to_string();
        info.parameters = Some(model.parameters());
        model.weights().clone_into(&mut info.weights);
        info.chat = template.is_some();
        info.tools = template.as_ref().is_some_and(ChatTemplate::tells_tools);
        info.thinking = template.as_ref().is_some_and(ChatTemplate::tells_thinking);
        let marks = template.as_ref().map(|template| tokenizer.reply_marks(template));
        let marks = Arc::from(marks.unwrap_or_default());
        let vocabulary = model.config().vocab_size;
        Ok(Self { info, tokenizer, template, marks, vocabulary, loaded })
    }

    /// The name of the kernels that compute.
    pub fn tier(&self) -> &'static str {
        self.loaded.tier
    }

    /// Threads that compute.
    pub fn threads(&self) -> usize {
        self.loaded.threads
    }

    /// Bytes of the weights as they lie in memory, where that is known.
    pub fn weights_bytes(&self) -> Option<u64> {
        self.loaded.weights_bytes
    }

    /// What waits until the memory is free, after the engine was dropped: its
    /// thread gives the answers on their way first. `None` the second time.
    pub fn end_of_worker(&self) -> Option<impl FnOnce() + Send + use<>> {
        let worker = self.loaded.worker.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        // One that panicked is gone as well.
        Some(move || drop(worker.join()))
    }

    /// What was computed for past prompts, in at most so many bytes, for an
    /// engine that loads the same model later. Waits until the answers on
    /// their way are given.
    ///
    /// # Errors
    /// The reference keeps nothing.
    pub fn save_prompts(&self, most_bytes: usize) -> Result<Vec<u8>> {
        let (reply, answer) = mpsc::channel();
        self.order(Order::Save { most_bytes, reply })?;
        answer.recv().map_err(|_| ModelsError::EngineStopped)?
    }

    /// Takes what [`save_prompts`](Self::save_prompts) gave, and tells for how
    /// many tokens something is known now.
    ///
    /// # Errors
    /// Bytes that are damaged or of another model are refused as a whole.
    pub fn restore_prompts(&self, bytes: Vec<u8>) -> Result<usize> {
        let (reply, answer) = mpsc::channel();
        self.order(Order::Restore { bytes, reply })?;
        answer.recv().map_err(|_| ModelsError::EngineStopped)?
    }

    fn order(&self, order: Order) -> Result<()> {
        self.loaded.orders.send(order).map_err(|_| ModelsError::EngineStopped.into())
    }

    /// Starts to continue a prompt of token numbers.
    pub fn generate_tokens(
        &self,
        tokens: Vec<u32>,
        options: &GenerateOptions,
        cancel: CancelToken,
    ) -> ModelsResult<Generation> {
        self.start(tokens, options, cancel, Manner::default())
    }

    /// The `count` likeliest tokens after a prompt of token numbers, fewer
    /// where the model ends its answer. For comparisons with other engines.
    pub fn continue_tokens(&self, prompt: &[u32], count: usize) -> ModelsResult<Vec<u32>> {
        let options = GenerateOptions { max_tokens: Some(count), ..GenerateOptions::default() };
        let mut ids = Vec::new();
        let start = self.start(prompt.to_vec(), &options, CancelToken::new(), Manner::default());
        for event in start? {
            if let GenerationEvent::Token(token) = event? {
                ids.push(token.id);
            }
        }
        Ok(ids)
    }

    fn start(
        &self,
        tokens: Vec<u32>,
        options: &GenerateOptions,
        cancel: CancelToken,
        manner: Manner,
    ) -> ModelsResult<Generation> {
        let sampler = Sampler::new(&options.sampling, &self.tokenizer)?;
        if options.max_tokens == Some(0) {
            return Err(ModelsError::InvalidOption {
                option: "max_tokens",
                value: "0".to_owned(),
                range: "1 or more",
            });
        }
        let (prompt_tokens, context_length) = (tokens.len(), self.info.context_length);
        if prompt_tokens >= context_length {
            return Err(ModelsError::PromptTooLong { prompt_tokens, context_length });
        }
        if tokens.is_empty() {
            return Err(ModelsError::InvalidOption {
                option: "prompt",
                value: "empty".to_owned(),
                range: "at least one token",
            });
        }
        if let Some(id) = tokens.iter().find(|id| **id as usize >= self.vocabulary) {
            return Err(ModelsError::InvalidOption {
                option: "prompt",
                value: format!("with the token {id}"),
                range: "token numbers of the model's vocabulary",
            });
        }
        let room = context_length - prompt_tokens;
        let (sender, generation) = generation_channel(cancel);
        let request = Request {
            tokens,
            max_tokens: options.max_tokens.map_or(room, |most| most.min(room)),
            sampler,
            stops: StopTexts::new(&options.stop),
            sender,
            manner,
        };
        self.loaded
            .orders
            .send(Order::Generate(Box::new(request)))
            .map_err(|_| ModelsError::EngineStopped)?;
        Ok(generation)
    }

    /// The tokens of a prompt, and how its answer is told.
    fn encode(&self, prompt: &Prompt) -> ModelsResult<(Vec<u32>, Manner)> {
        match prompt {
            Prompt::Text(text) => Ok((self.tokenizer.encode(text, true)?, Manner::default())),
            Prompt::Chat(chat) => {
                let encoded = self.tokenizer.encode_chat(self.template.as_ref(), chat)?;
                let marks = Arc::clone(&self.marks);
                let opened_thought = encoded.opened_thought;
                Ok((encoded.ids, Manner { marks, opened_thought }))
            }
            _ => Err(ModelsError::InvalidOption {
                option: "prompt",
                value: "of an unknown kind".to_owned(),
                range: "a text or messages",
            }),
        }
    }
}

impl LanguageModel for Engine {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> ModelsResult<usize> {
        Ok(self.encode(prompt)?.0.len())
    }

    fn count_text(&self, text: &str) -> ModelsResult<usize> {
        self.tokenizer.count_text(self.template.as_ref(), text)
    }

    fn generate(&self, request: GenerateRequest) -> ModelsResult<Generation> {
        let GenerateRequest { prompt, options, cancel } = request;
        let (tokens, manner) = self.encode(&prompt)?;
        self.start(tokens, &options, cancel, manner)
    }
}
