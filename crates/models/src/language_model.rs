use mlxcode_base::CancelToken;
use serde::Serialize;

use crate::chat::Prompt;
use crate::error::Result;
use crate::generation::Generation;

/// A model that continues text, wherever it runs.
pub trait LanguageModel: Send + Sync {
    /// What is known of the model.
    fn info(&self) -> &ModelInfo;

    /// Counts the tokens that `prompt` takes, template included: exactly what
    /// [`generate`](Self::generate) would read.
    fn count_tokens(&self, prompt: &Prompt) -> Result<usize>;

    /// Starts to continue the prompt; tokens arrive through the result.
    ///
    /// # Errors
    /// A prompt that leaves no room in the context, or options out of range,
    /// fail here; what goes wrong later is an item of the [`Generation`].
    fn generate(&self, request: GenerateRequest) -> Result<Generation>;
}

/// What is known of a loaded model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The name that people call it.
    pub name: String,
    /// The architecture's name, such as `qwen2`.
    pub architecture: String,
    /// How many tokens prompt and answer may take together.
    pub context_length: usize,
    /// How many parameters it has, where known.
    pub parameters: Option<u64>,
    /// How the weights are stored, such as `Q4_K` or `BF16`.
    pub weights: String,
    /// Whether the model has a chat template, so that it takes messages.
    pub chat: bool,
}

impl ModelInfo {
    /// Makes a record with nothing but a name and a context length.
    pub fn new(name: impl Into<String>, context_length: usize) -> Self {
        Self {
            name: name.into(),
            architecture: String::new(),
            context_length,
            parameters: None,
            weights: String::new(),
            chat: true,
        }
    }
}

/// One request to continue a prompt.
#[derive(Clone, Debug)]
pub struct GenerateRequest {
    /// What to continue.
    pub prompt: Prompt,
    /// How.
    pub options: GenerateOptions,
    /// Stops the run within one token when cancelled.
    pub cancel: CancelToken,
}

impl GenerateRequest {
    /// A request with the default options.
    pub fn new(prompt: Prompt) -> Self {
        Self { prompt, options: GenerateOptions::default(), cancel: CancelToken::new() }
    }

    /// Sets the options.
    pub fn with_options(mut self, options: GenerateOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the token that stops the run.
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }
}

/// How much to generate, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateOptions {
    /// The most tokens to generate; `None`: as many as the context holds.
    pub max_tokens: Option<usize>,
    /// How the next token is chosen.
    pub sampling: SamplingOptions,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self { max_tokens: Some(1024), sampling: SamplingOptions::default(), stop: Vec::new() }
    }
}

/// How the next token is chosen from the logits.
///
/// Applied in this order: repetition penalty, temperature, top-k, top-p,
/// min-p, draw.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingOptions {
    /// Divides the logits; 0 takes the most likely token always (greedy).
    pub temperature: f32,
    /// Keeps the `k` most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the most likely tokens whose probabilities reach this sum; 1 keeps all.
    pub top_p: f32,
    /// Keeps tokens at least this likely relative to the best; 0 keeps all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of tokens already seen; 1 is off.
    pub repeat_penalty: f32,
    /// Seeds the draw: the same seed gives the same text on the same machine.
    pub seed: u64,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, repeat_penalty: 1.0, seed: 0 }
    }
}
