//! Models and bare generation.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mlxcode_core::{
    self as core, CancelToken, GenerateOptions, GenerateRequest, Message, Prompt, SamplingOptions,
    ScriptedModel,
};
use pyo3::prelude::*;

use crate::error::raise;
use crate::record::Finished;

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
                    Ok(Message { role: message.role.parse()?, content: message.content })
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
        min_p=None, repeat_penalty=None, seed=None, stop=None))]
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
        repeat_penalty: Option<f32>,
        seed: Option<u64>,
        stop: Option<Vec<String>>,
    ) -> PyResult<Generation> {
        let base = GenerateOptions::default();
        let sampling = SamplingOptions {
            temperature: temperature.unwrap_or(base.sampling.temperature),
            top_p: top_p.unwrap_or(base.sampling.top_p),
            top_k: top_k.unwrap_or(base.sampling.top_k),
            min_p: min_p.unwrap_or(base.sampling.min_p),
            repeat_penalty: repeat_penalty.unwrap_or(base.sampling.repeat_penalty),
            seed: seed.unwrap_or(base.sampling.seed),
            ..base.sampling
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

/// A running generation: an iterator over its tokens.
#[pyclass(frozen, module = "mlx_code")]
pub struct Generation {
    running: Mutex<core::Generation>,
    /// Cancels without waiting for the thread that reads.
    cancel: CancelToken,
}

/// One token.
#[pyclass(frozen, get_all, module = "mlx_code")]
pub struct Token {
    /// Its number in the vocabulary.
    id: u32,
    /// The text that became certain with it; may be empty.
    text: String,
}

#[pymethods]
impl Generation {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Token>> {
        let token = py.detach(|| self.running().next_token());
        let token = token.transpose().map_err(|error| raise(py, error))?;
        Ok(token.map(|token| Token { id: token.id, text: token.text }))
    }

    /// Reads to the end and gives the text of all tokens that remain.
    fn read(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = String::new();
        while let Some(token) = self.__next__(py)? {
            text.push_str(&token.text);
            // Ctrl-C is heard between two tokens.
            py.check_signals().inspect_err(|_| self.cancel.cancel())?;
        }
        Ok(text)
    }

    /// Ends the generation within one token.
    fn cancel(&self) {
        self.cancel.cancel();
    }

    /// How it ended; `None` while it runs.
    #[getter]
    fn finished(&self, py: Python<'_>) -> Option<Finished> {
        py.detach(|| self.running().finished().map(Finished::from))
    }
}

impl Generation {
    fn new(running: core::Generation) -> Self {
        let cancel = running.cancel_token();
        Self { running: Mutex::new(running), cancel }
    }

    fn running(&self) -> MutexGuard<'_, core::Generation> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
