use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::thread;

use mlxcode_base::CancelToken;
use mlxcode_models::{
    ChatTemplate, Error as ModelsError, GenerateOptions, GenerateRequest, Generation,
    GenerationEvent, Hardware, InstalledModel, LanguageModel, ModelInfo, Prompt,
    Result as ModelsResult, Tokenizer, generation_channel,
};

use crate::decoder::Decoder;
use crate::error::{Error, Result};
use crate::memory;
use crate::sampling::Sampler;
use crate::stop::StopTexts;
use crate::worker::{Job, work};

/// How a model is loaded.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The most tokens of prompt and answer together, where the model's own
    /// context is larger.
    pub max_context: Option<usize>,
    /// Turns quantised weights into f32 when loading: slow and large, and
    /// free of the rounding that quantised products add. For comparisons.
    pub dequantize: bool,
    /// The most memory that the model may take; `None`: what the machine, and
    /// the group that this process is in, has free.
    pub memory_limit_bytes: Option<u64>,
    /// What computes.
    pub engine: EngineKind,
    /// Threads that compute; `None`: as many as this process may use at once.
    /// The reference takes its number from candle.
    pub threads: Option<usize>,
    /// The kernels to use, by their tier's name; `None`: the best that the
    /// processor has.
    pub tier: Option<String>,
    /// Whether the tokens that end an answer are tokens like any other. For
    /// measuring: only the limit ends an answer then.
    pub ignore_eos: bool,
    /// Stops the loading within one weight when cancelled.
    pub cancel: CancelToken,
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineKind {
    /// Kernels of our own for the processor.
    #[default]
    Cpu,
    /// candle: the reference, for comparisons.
    Reference,
}

impl EngineKind {
    /// The name that people write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Reference => "reference",
        }
    }
}

/// A model that runs here, on a thread of its own. Requests queue.
pub struct Engine {
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    jobs: Sender<Job>,
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
        let tokenizer = model.tokenizer()?;
        let template = model.chat_template()?;
        let decoder = decoder(model, options)?;
        let context = model.config().context_length;
        let context = options.max_context.map_or(context, |most| most.min(context));
        let mut info = ModelInfo::new(model.name(), context);
        info.architecture = model.config().architecture.to_string();
        info.parameters = Some(model.parameters());
        model.weights().clone_into(&mut info.weights);
        info.chat = template.is_some();
        let (jobs, queue) = mpsc::channel();
        let ends =
            if options.ignore_eos { Vec::new() } else { model.config().eos_token_ids.clone() };
        let own = tokenizer.clone();
        thread::Builder::new()
            .name("mlx-code model".to_owned())
            .spawn(move || work(&decoder, &own, &ends, &queue))
            .map_err(|source| Error::Thread { source })?;
        Ok(Self { info, tokenizer, template, jobs })
    }

    /// The name of the kernels that compute.
    pub fn tier(&self) -> &'static str {
        "candle"
    }

    /// Threads that compute.
    pub fn threads(&self) -> usize {
        candle_core::utils::get_num_threads()
    }

    /// Starts to continue a prompt of token numbers.
    pub fn generate_tokens(
        &self,
        tokens: Vec<u32>,
        options: &GenerateOptions,
        cancel: CancelToken,
    ) -> ModelsResult<Generation> {
        self.start(tokens, options, cancel)
    }

    /// The `count` likeliest tokens after a prompt of token numbers, fewer
    /// where the model ends its answer. For comparisons with other engines.
    pub fn continue_tokens(&self, prompt: &[u32], count: usize) -> ModelsResult<Vec<u32>> {
        let options = GenerateOptions { max_tokens: Some(count), ..GenerateOptions::default() };
        let mut ids = Vec::new();
        for event in self.start(prompt.to_vec(), &options, CancelToken::new())? {
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
        let room = context_length - prompt_tokens;
        let (sender, generation) = generation_channel(cancel);
        let job = Job {
            tokens,
            max_tokens: options.max_tokens.map_or(room, |most| most.min(room)),
            sampler,
            stops: StopTexts::new(&options.stop),
            sender,
        };
        self.jobs.send(job).map_err(|_| ModelsError::EngineStopped)?;
        Ok(generation)
    }

    fn encode(&self, prompt: &Prompt) -> ModelsResult<Vec<u32>> {
        match prompt {
            Prompt::Text(text) => self.tokenizer.encode(text, true),
            Prompt::Messages(messages) => {
                self.tokenizer.encode_messages(self.template.as_ref(), messages)
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
        Ok(self.encode(prompt)?.len())
    }

    fn generate(&self, request: GenerateRequest) -> ModelsResult<Generation> {
        let GenerateRequest { prompt, options, cancel } = request;
        self.start(self.encode(&prompt)?, &options, cancel)
    }
}

/// The logits after every token of a prompt, computed at once and without an
/// engine. For comparisons with other implementations.
pub fn reference_logits(
    model: &InstalledModel,
    options: &LoadOptions,
    tokens: &[u32],
) -> Result<Vec<Vec<f32>>> {
    let decoder = decoder(model, options)?;
    let states = decoder.run(tokens, &mut decoder.cache(), &|| options.cancel.is_cancelled())?;
    let states = states.ok_or(ModelsError::Cancelled)?;
    Ok(decoder.logits(&states)?.to_vec2()?)
}

fn decoder(model: &InstalledModel, options: &LoadOptions) -> Result<Decoder> {
    let limit = options.memory_limit_bytes.or_else(|| Hardware::read().available_bytes);
    memory::check(model, options.dequantize, limit)?;
    Decoder::load(model, options.dequantize, &options.cancel)
}
