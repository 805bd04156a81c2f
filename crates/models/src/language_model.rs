use std::collections::BTreeMap;
use std::sync::Arc;

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

    /// Counts the tokens of a text that stands in a message, as
    /// [`count_tokens`](Self::count_tokens) counts the whole: special tokens
    /// that are written out in it are text.
    fn count_text(&self, text: &str) -> Result<usize> {
        let around = self.count_tokens(&Prompt::text(""))?;
        Ok(self.count_tokens(&Prompt::text(text))?.saturating_sub(around))
    }

    /// Starts to continue the prompt; tokens arrive through the result.
    ///
    /// # Errors
    /// A prompt that leaves no room in the context, or options out of range,
    /// fail here; what goes wrong later is an item of the [`Generation`].
    fn generate(&self, request: GenerateRequest) -> Result<Generation>;
}

impl<T: LanguageModel + ?Sized> LanguageModel for Arc<T> {
    fn info(&self) -> &ModelInfo {
        (**self).info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        (**self).count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        (**self).count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        (**self).generate(request)
    }
}

/// What is known of a loaded model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each says of another matter what a model can do")]
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
    /// Whether it can be told of tools: its template lays them out, or its
    /// server takes them.
    pub tools: bool,
    /// Whether it calls tools well, where somebody knows: its record in the
    /// catalogue, or who configured it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good_at_tools: Option<bool>,
    /// Whether it can be told to think before it answers, or not to.
    pub thinking: bool,
    /// Whether it sees pictures.
    pub images: bool,
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
            tools: false,
            good_at_tools: None,
            thinking: false,
            images: false,
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
/// Applied in this order, the default one of llama.cpp: logit bias, penalties
/// (repetition, then frequency and presence), DRY, top-k, typical, top-p,
/// min-p, temperature, draw. Each step sees what the one before it left, its
/// probabilities summing to 1 again. A temperature of 0 takes the likeliest
/// token after DRY; the steps from top-k on do not run.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingOptions {
    /// Divides the logits; 0 takes the most likely token always (greedy).
    pub temperature: f32,
    /// Keeps the `k` most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the most likely tokens whose probabilities reach this sum; 1 keeps
    /// all (Holtzman et al. 2020, "The Curious Case of Neural Text
    /// Degeneration").
    pub top_p: f32,
    /// Keeps tokens at least this likely relative to the best; 0 keeps all
    /// (Nguyen et al. 2024, "Turning Up the Heat: Min-p Sampling").
    pub min_p: f32,
    /// Keeps the tokens whose surprise is closest to the expected one until
    /// their probabilities reach this sum; 1 keeps all (Meister et al. 2022,
    /// "Locally Typical Sampling").
    pub typical_p: f32,
    /// Divides positive and multiplies negative logits of tokens in the penalty
    /// window; 1 is off (Keskar et al. 2019, "CTRL").
    pub repeat_penalty: f32,
    /// Taken once from the logit of a token in the penalty window; 0 is off.
    pub presence_penalty: f32,
    /// Taken from a token's logit for each time that it is in the penalty
    /// window; 0 is off.
    pub frequency_penalty: f32,
    /// How many of the last tokens, of prompt and answer, the three penalties
    /// above look at; `None`: all of them.
    pub penalty_window: Option<usize>,
    /// Keeps the answer from repeating whole sequences.
    pub dry: DryOptions,
    /// Added to the logits of single tokens; minus infinity bans one. Numbers
    /// outside the vocabulary change nothing.
    pub logit_bias: BTreeMap<u32, f32>,
    /// Reports, with each token, its log-probability and those of so many of
    /// the likeliest tokens; `None` reports nothing and costs nothing. See
    /// [`LogProbabilities`](crate::LogProbabilities).
    pub log_probabilities: Option<usize>,
    /// Seeds the draw: the same seed gives the same text on the same machine.
    pub seed: u64,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            typical_p: 1.0,
            repeat_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            penalty_window: Some(64),
            dry: DryOptions::default(),
            logit_bias: BTreeMap::new(),
            log_probabilities: None,
            seed: 0,
        }
    }
}

/// How sequences are kept from being repeated: DRY, "don't repeat yourself"
/// (p-e-w 2024, text-generation-webui pull request 5677).
///
/// A token that would prolong a sequence of `n` tokens that was there before,
/// `n` being at least `allowed_length`, loses
/// `multiplier · base^(n − allowed_length)` from its logit.
#[derive(Clone, Debug, PartialEq)]
pub struct DryOptions {
    /// The loss of a token that goes just beyond what is allowed; 0 is off.
    pub multiplier: f32,
    /// How many times larger the loss gets with each further token: 1 or more.
    pub base: f32,
    /// The shortest sequence that may not be prolonged: 1 or more.
    pub allowed_length: usize,
    /// How many of the last tokens, of prompt and answer, are looked at;
    /// `None`: all of them.
    pub window: Option<usize>,
    /// Texts that no repeated sequence goes beyond, such as the end of a line;
    /// a token that completes one is never penalised. They may lie across
    /// tokens. Empty ones are never found.
    pub breakers: Vec<String>,
}

impl Default for DryOptions {
    fn default() -> Self {
        Self {
            multiplier: 0.0,
            base: 1.75,
            allowed_length: 2,
            window: None,
            breakers: ["\n", ":", "\"", "*"].map(str::to_owned).to_vec(),
        }
    }
}
