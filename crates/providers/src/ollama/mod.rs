//! Ollama's own protocol.
//!
//! Requests and answers: `docs/api.md` of Ollama. Its own is used, not the one
//! like OpenAI's, because only here can the length of the context be said;
//! else the server cuts a long prompt, and says nothing.

mod answer;
mod request;

use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_models::{
    Error, GenerateOptions, GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Result,
};
use serde_json::{Value, json};

use crate::address::Address;
use crate::client::{Client, Failure, KeyHeader};
use crate::count::{estimate, estimate_text};
use crate::error::ProviderError;
use crate::exchange::{Exchange, Said, tokens};
use crate::options::ProviderOptions;
use crate::refusal::{Refusal, is_too_long};
use crate::run::run;
use crate::sse::SseEvent;
use crate::visible::near;
use answer::Answer;
use request::Shape;

/// Where Ollama listens, unless the options name another address.
pub(crate) const ENDPOINT: &str = "http://127.0.0.1:11434";

/// The context that is asked for where nobody names another: the server takes
/// memory for all of it when it loads the model.
const CONTEXT: usize = 16_384;

/// What only Ollama can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OllamaOptions {
    /// How long the server keeps the model loaded, such as `10m`; `-1` is for
    /// ever. `None` leaves it to the server.
    pub keep_alive: Option<String>,
}

impl OllamaOptions {
    /// Sets how long the server keeps the model loaded.
    pub fn with_keep_alive(mut self, keep_alive: impl Into<String>) -> Self {
        self.keep_alive = Some(keep_alive.into());
        self
    }
}

/// A model that Ollama runs.
///
/// The context is always the same, so that the server does not load the model
/// again: what the options say, or 16,384 tokens, and no more than the model
/// has. A prompt that may be longer is refused: an older server would cut it
/// and say nothing.
///
/// # Counting
/// Tokens are estimated, rather too many than too few.
#[derive(Debug)]
pub struct OllamaModel {
    inner: Arc<Inner>,
    info: ModelInfo,
}

#[derive(Debug)]
struct Inner {
    client: Arc<Client>,
    model: String,
    context_length: usize,
    max_tokens: Option<usize>,
    /// Whether the model can be told to think, or not to.
    thinks: Mutex<bool>,
    own: OllamaOptions,
}

impl OllamaModel {
    /// The context that a model has where nobody names another.
    pub const USUAL_CONTEXT: usize = CONTEXT;

    /// Prepares to ask `model`: asks the server what it is.
    ///
    /// # Errors
    /// An address that cannot be used, a server that is not there, a model
    /// that it does not have.
    pub fn open(
        options: &ProviderOptions,
        own: OllamaOptions,
        model: &str,
    ) -> Result<Self, ProviderError> {
        let client = Arc::new(client(options)?);
        client.check_network()?;
        let told = client
            .json(&client.address.join("/api/show"), Some(&json!({"model": model})))
            .map_err(|failure| explained(&client, model, failure))?;
        let architecture = told.pointer("/model_info/general.architecture").and_then(Value::as_str);
        let most = architecture
            .and_then(|name| tokens(&told, &format!("/model_info/{name}.context_length")));
        let can = |what: &str| {
            let list = told.get("capabilities").and_then(Value::as_array);
            list.map(|list| list.iter().any(|one| one == what))
        };
        let context = options.model.context_length.unwrap_or(CONTEXT);
        let mut info = ModelInfo::new(
            format!("{}/{model}", options.name),
            most.map_or(context, |most| most.min(context)),
        );
        architecture.unwrap_or_default().clone_into(&mut info.architecture);
        let weights = told.pointer("/details/quantization_level").and_then(Value::as_str);
        weights.unwrap_or_default().clone_into(&mut info.weights);
        info.parameters =
            told.pointer("/model_info/general.parameter_count").and_then(Value::as_u64);
        // Servers that do not tell are too old for tools.
        info.tools = options.model.tools.unwrap_or_else(|| can("tools") == Some(true));
        info.good_at_tools = options.model.tools;
        info.images = options.model.images.unwrap_or_else(|| can("vision") == Some(true));
        info.thinking = options.model.thinking.unwrap_or_else(|| can("thinking") == Some(true));
        let inner = Inner {
            client,
            model: model.to_owned(),
            context_length: info.context_length,
            max_tokens: options.model.max_tokens,
            thinks: Mutex::new(info.thinking),
            own,
        };
        Ok(Self { inner: Arc::new(inner), info })
    }

    /// The names of the models that the server has.
    pub fn models(options: &ProviderOptions) -> Result<Vec<String>, ProviderError> {
        names(&client(options)?).map_err(|failure| failure.error)
    }
}

fn client(options: &ProviderOptions) -> Result<Client, ProviderError> {
    let url = if options.url.is_empty() { ENDPOINT } else { &options.url };
    // People write the address of the protocol that is like OpenAI's, too.
    let address = Address::read(&options.name, url)?.root();
    Client::new(options, address, KeyHeader::Bearer, &[])
}

fn names(client: &Client) -> Result<Vec<String>, Failure> {
    let answer = client.json(&client.address.join("/api/tags"), None)?;
    let list = answer.get("models").and_then(Value::as_array);
    let name = |entry: &Value| entry.get("name").and_then(Value::as_str).map(str::to_owned);
    Ok(list.into_iter().flatten().filter_map(name).collect())
}

fn explained(client: &Client, model: &str, failure: Failure) -> ProviderError {
    match failure.error {
        ProviderError::Refused { provider, status: 404, said }
            if said.to_lowercase().contains("model") =>
        {
            let near = near(model, &names(client).unwrap_or_default());
            ProviderError::NoSuchModel { provider, model: model.to_owned(), near, said }
        }
        error => error,
    }
}

impl LanguageModel for OllamaModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        Ok(estimate(prompt))
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        Ok(estimate_text(text))
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        self.inner.client.takes(&request.options)?;
        let prompt_tokens = estimate(&request.prompt);
        let context_length = self.inner.context_length;
        if prompt_tokens >= context_length {
            return Err(Error::PromptTooLong { prompt_tokens, context_length });
        }
        let stop = request.options.stop.clone();
        let asking = Asking {
            inner: Arc::clone(&self.inner),
            answer: Answer::new(request.prompt.as_messages().len()),
            prompt: request.prompt,
            options: request.options,
        };
        Ok(run(&self.inner.client, asking, &stop, request.cancel, prompt_tokens)?)
    }
}

/// One request.
struct Asking {
    inner: Arc<Inner>,
    prompt: Prompt,
    options: GenerateOptions,
    answer: Answer,
}

impl Exchange for Asking {
    fn url(&self) -> String {
        let raw = matches!(self.prompt, Prompt::Text(_));
        self.inner.client.address.join(if raw { "/api/generate" } else { "/api/chat" })
    }

    fn begin(&mut self) -> Value {
        self.answer = Answer::new(self.prompt.as_messages().len());
        let inner = &self.inner;
        let shape = Shape {
            model: &inner.model,
            context_length: inner.context_length,
            max_tokens: inner.max_tokens,
            keep_alive: inner.own.keep_alive.as_deref(),
            thinks: *inner.thinks.lock().unwrap_or_else(PoisonError::into_inner),
        };
        shape.body(&self.prompt, &self.options)
    }

    fn adapt(&mut self, status: u16, body: &[u8]) -> Option<String> {
        let refusal = Refusal::read(body);
        let mut thinks = self.inner.thinks.lock().unwrap_or_else(PoisonError::into_inner);
        let about_thinking = refusal.message().contains("think");
        (status == 400 && about_thinking && std::mem::replace(&mut *thinks, false))
            .then(|| "think".to_owned())
    }

    fn explain(&self, error: ProviderError, body: &[u8]) -> ProviderError {
        let model = self.inner.model.clone();
        match error {
            ProviderError::Refused { provider, said, .. }
            | ProviderError::Failed { provider, said, .. }
                if is_too_long(body) =>
            {
                ProviderError::PromptTooLong { provider, model, said }
            }
            error => explained(&self.inner.client, &model, Failure::lasting(error)),
        }
    }

    fn read(&mut self, event: &SseEvent, said: &mut Vec<Said>) -> Result<(), Failure> {
        self.answer.read(event, said, &self.inner.client)
    }

    fn end(&mut self, _said: &mut Vec<Said>) -> Result<(), Failure> {
        // An answer that is whole says so.
        let provider = self.inner.client.provider.clone();
        Err(Failure::passing(ProviderError::BrokenOff { provider }))
    }

    fn is_lines(&self) -> bool {
        true
    }
}
