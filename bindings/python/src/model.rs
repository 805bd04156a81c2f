//! Models.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mlxcode_core::{
    self as core, DryOptions, GenerateOptions, GenerateRequest, Message, Prompt, SamplingOptions,
    ScriptedModel,
};
use pyo3::prelude::*;

use crate::error::raise;
use crate::generation::Generation;

/// A model that is ready to answer.
#[pyclass(frozen, module = "mlx_code")]
pub struct Model(pub core::Model);

#[derive(FromPyObject)]
enum PromptInput {
    Text(String),
    Messages(Vec<MessageInput>),
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct MessageInput {
    role: String,
    content: String,
}

impl PromptInput {
    fn convert(self) -> Result<Prompt, core::Error> {
        Ok(match self {
            Self::Text(text) => Prompt::text(text),
            Self::Messages(messages) => {
                let convert = |message: MessageInput| {
                    Ok(Message::new(message.role.parse()?, message.content))
                };
                let messages: Result<Vec<_>, core::Error> =
                    messages.into_iter().map(convert).collect();
                Prompt::messages(messages?)
            }
        })
    }
}

#[pymethods]
impl Model {
    /// Checks and loads a GGUF file, or a folder with config.json,
    /// tokenizer.json and safetensors.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| core::Model::load(&path)).map(Self).map_err(|error| raise(py, error))
    }

    /// A model that answers with these replies, one a request: for tests.
    #[staticmethod]
    fn scripted(replies: Vec<String>) -> Self {
        Self(core::Model::new(ScriptedModel::new(replies)))
    }

    /// The model's name.
    #[getter]
    fn name(&self) -> &str {
        &self.0.info().name
    }

    /// The architecture, such as `qwen2`.
    #[getter]
    fn architecture(&self) -> &str {
        &self.0.info().architecture
    }

    /// How many tokens prompt and answer may take together.
    #[getter]
    fn context_length(&self) -> usize {
        self.0.info().context_length
    }

    /// Counts the tokens of a text or a conversation, chat template included.
    fn count_tokens(&self, py: Python<'_>, prompt: PromptInput) -> PyResult<usize> {
        py.detach(|| self.0.count_tokens(&prompt.convert()?)).map_err(|error| raise(py, error))
    }

    /// Continues a text, or answers a conversation: a list of dictionaries
    /// with `role` and `content`.
    #[pyo3(signature = (prompt, *, max_tokens=None, temperature=None, top_p=None, top_k=None,
        min_p=None, typical_p=None, repeat_penalty=None, presence_penalty=None,
        frequency_penalty=None, penalty_window=None, dry_multiplier=None, dry_base=None,
        dry_allowed_length=None, dry_window=None, dry_breakers=None, logit_bias=None,
        log_probabilities=None, seed=None, stop=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments are Python's options struct")]
    fn generate(
        &self,
        py: Python<'_>,
        prompt: PromptInput,
        max_tokens: Option<usize>,
        temperature: Option<f32>,
        top_p: Option<f32>,
        top_k: Option<usize>,
        min_p: Option<f32>,
        typical_p: Option<f32>,
        repeat_penalty: Option<f32>,
        presence_penalty: Option<f32>,
        frequency_penalty: Option<f32>,
        penalty_window: Option<usize>,
        dry_multiplier: Option<f32>,
        dry_base: Option<f32>,
        dry_allowed_length: Option<usize>,
        dry_window: Option<usize>,
        dry_breakers: Option<Vec<String>>,
        logit_bias: Option<BTreeMap<u32, f32>>,
        log_probabilities: Option<usize>,
        seed: Option<u64>,
        stop: Option<Vec<String>>,
    ) -> PyResult<Generation> {
        let base = GenerateOptions::default();
        let sampling = &base.sampling;
        let dry = DryOptions {
            multiplier: dry_multiplier.unwrap_or(sampling.dry.multiplier),
            base: dry_base.unwrap_or(sampling.dry.base),
            allowed_length: dry_allowed_length.unwrap_or(sampling.dry.allowed_length),
            window: dry_window.or(sampling.dry.window),
            breakers: dry_breakers.unwrap_or_else(|| sampling.dry.breakers.clone()),
        };
        let sampling = SamplingOptions {
            temperature: temperature.unwrap_or(sampling.temperature),
            top_p: top_p.unwrap_or(sampling.top_p),
            top_k: top_k.unwrap_or(sampling.top_k),
            min_p: min_p.unwrap_or(sampling.min_p),
            typical_p: typical_p.unwrap_or(sampling.typical_p),
            repeat_penalty: repeat_penalty.unwrap_or(sampling.repeat_penalty),
            presence_penalty: presence_penalty.unwrap_or(sampling.presence_penalty),
            frequency_penalty: frequency_penalty.unwrap_or(sampling.frequency_penalty),
            penalty_window: penalty_window.or(sampling.penalty_window),
            dry,
            logit_bias: logit_bias.unwrap_or_default(),
            log_probabilities,
            seed: seed.unwrap_or(sampling.seed),
        };
        let options = GenerateOptions {
            max_tokens: max_tokens.or(base.max_tokens),
            sampling,
            stop: stop.unwrap_or(base.stop),
        };
        let start =
            || self.0.generate(GenerateRequest::new(prompt.convert()?).with_options(options));
        py.detach(start).map(Generation::new).map_err(|error| raise(py, error))
    }

    fn __repr__(&self) -> String {
        format!("Model({})", self.0.info().name)
    }
}
