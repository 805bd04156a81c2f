//! Any server that speaks OpenAI's protocol.
//!
//! Requests: "Create chat completion" and "Create completion" of OpenAI's API
//! reference. What single servers add is in `server.rs`.

mod answer;
mod request;
mod server;

use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_base::{Diagnostic, ErrorKind};
use mlxcode_models::{GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Result};
use serde_json::Value;

use crate::address::Address;
use crate::client::{Client, Failure, KeyHeader};
use crate::count::{estimate, estimate_text};
use crate::error::ProviderError;
use crate::exchange::{Exchange, Said};
use crate::options::ProviderOptions;
use crate::refusal::{Refusal, is_too_long};
use crate::run::run;
use crate::sse::SseEvent;
use crate::visible::near;
use answer::Answer;
use request::{LeftOut, Shape};
pub(crate) use request::{chat_tools, decimal};
use server::Found;
pub use server::OpenAiServer;

/// A model behind OpenAI's protocol.
///
/// # Counting
/// llama.cpp's server and `llama-cpp-python`'s count exactly, by a request for
/// each count, where they are on this machine. Of all others the tokens are
/// estimated, rather too many than too few.
#[derive(Debug)]
pub struct OpenAiModel {
    inner: Arc<Inner>,
    info: ModelInfo,
}

#[derive(Debug)]
struct Inner {
    client: Arc<Client>,
    model: String,
    server: OpenAiServer,
    /// The most tokens of an answer where a request names none.
    max_tokens: Option<usize>,
    /// What this server does not take.
    left_out: Mutex<LeftOut>,
}

impl OpenAiModel {
    /// Prepares to ask `model`. The server is asked which models it has, and
    /// what it is, unless the options tell the length of the context.
    ///
    /// # Errors
    /// An address that cannot be used, a server that is not there, a key that
    /// it does not take. A model that it does not list is no error: lists are
    /// not always whole.
    pub fn open(options: &ProviderOptions, model: &str) -> Result<Self, ProviderError> {
        let address = Address::read(&options.name, &options.url)?;
        let client = Arc::new(Client::new(options, address, KeyHeader::Bearer, &[])?);
        client.check_network()?;
        let known = options.model.context_length.is_some() && !client.address.is_loopback();
        let found = if known { Found::by_host(&client) } else { Found::ask(&client, model)? };
        let length = options.model.context_length.or(found.context_length);
        let mut info = ModelInfo::new(
            format!("{}/{model}", options.name),
            length.unwrap_or(server::UNKNOWN_CONTEXT),
        );
        info.tools = options.model.tools.unwrap_or(true);
        info.good_at_tools = options.model.tools;
        info.images = options.model.images.unwrap_or(found.images);
        info.thinking = options.model.thinking.unwrap_or(found.server.takes_template_arguments());
        let inner = Inner {
            client,
            model: model.to_owned(),
            server: found.server,
            max_tokens: options.model.max_tokens,
            left_out: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner), info })
    }

    /// What kind of server it seems to be.
    pub fn server(&self) -> OpenAiServer {
        self.inner.server
    }

    /// The names of the models that the server lists.
    pub fn models(options: &ProviderOptions) -> Result<Vec<String>, ProviderError> {
        let address = Address::read(&options.name, &options.url)?;
        let client = Client::new(options, address, KeyHeader::Bearer, &[])?;
        server::list(&client).map(|models| server::names(&models)).map_err(|failure| failure.error)
    }

    fn exact(&self, prompt: &Prompt) -> Option<usize> {
        server::count(&self.inner.client, self.inner.server, prompt)
    }
}

impl LanguageModel for OpenAiModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.inner.client.check_network()?;
        Ok(self.exact(prompt).unwrap_or_else(|| estimate(prompt)))
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        let client = &self.inner.client;
        client.check_network()?;
        let exact = server::count_text(client, self.inner.server, text);
        Ok(exact.unwrap_or_else(|| estimate_text(text)))
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        self.inner.client.takes(&request.options)?;
        let tokens = estimate(&request.prompt);
        let stop = request.options.stop.clone();
        let asking = Asking {
            inner: Arc::clone(&self.inner),
            answer: Answer::new(request.prompt.as_messages().len()),
            prompt: request.prompt,
            options: request.options,
        };
        Ok(run(&self.inner.client, asking, &stop, request.cancel, tokens)?)
    }
}

/// One request.
struct Asking {
    inner: Arc<Inner>,
    prompt: Prompt,
    options: mlxcode_models::GenerateOptions,
    answer: Answer,
}

impl Exchange for Asking {
    fn url(&self) -> String {
        let path = match self.prompt {
            Prompt::Text(_) => "/completions",
            _ => "/chat/completions",
        };
        self.inner.client.address.versioned().join(path)
    }

    fn begin(&mut self) -> Value {
        self.answer = Answer::new(self.prompt.as_messages().len());
        let left_out = self.inner.left_out.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let shape = Shape {
            model: &self.inner.model,
            server: self.inner.server,
            max_tokens: self.inner.max_tokens,
            left_out: &left_out,
        };
        shape.body(&self.prompt, &self.options)
    }

    fn adapt(&mut self, status: u16, body: &[u8]) -> Option<String> {
        if !matches!(status, 400 | 422) {
            return None;
        }
        let refusal = Refusal::read(body);
        let mut left_out = self.inner.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        left_out.learn(&refusal)
    }

    fn explain(&self, error: ProviderError, body: &[u8]) -> ProviderError {
        let model = || self.inner.model.clone();
        if matches!(error, ProviderError::BrokenOff { .. })
            && self.inner.server == OpenAiServer::LlamaCppPython
            && let Some((error, body)) = self.reason()
        {
            return self.explain(error, &body);
        }
        match error {
            ProviderError::Refused { provider, status: 400 | 413 | 422, said }
                if is_too_long(body) =>
            {
                ProviderError::PromptTooLong { provider, model: model(), said }
            }
            // llama-cpp-python says it with a status of its own failure.
            ProviderError::Failed { provider, said, .. } if is_too_long(body) => {
                ProviderError::PromptTooLong { provider, model: model(), said }
            }
            ProviderError::Refused { provider, status: 404 | 400, said }
                if Refusal::read(body).is_about_model() =>
            {
                let listed = server::list(&self.inner.client).map(|list| server::names(&list));
                let near = near(&model(), &listed.unwrap_or_default());
                ProviderError::NoSuchModel { provider, model: model(), near, said }
            }
            other => other,
        }
    }

    fn read(&mut self, event: &SseEvent, said: &mut Vec<Said>) -> Result<(), Failure> {
        self.answer.read(event, said, &self.inner.client)
    }

    fn end(&mut self, said: &mut Vec<Said>) -> Result<(), Failure> {
        self.answer.end(said);
        Ok(())
    }
}

impl Asking {
    /// Why a server breaks off that hangs up without a word where it streams:
    /// asked for one token in one piece, it says so.
    fn reason(&self) -> Option<(ProviderError, Vec<u8>)> {
        let shape = Shape {
            model: &self.inner.model,
            server: self.inner.server,
            max_tokens: None,
            left_out: &LeftOut::default(),
        };
        let mut body = shape.body(&self.prompt, &self.options);
        body["stream"] = false.into();
        body["max_tokens"] = 1.into();
        body.as_object_mut()?.remove("stream_options");
        let failure = self.inner.client.json(&self.url(), Some(&body)).err()?;
        Some((failure.error, failure.refusal?.1))
    }
}

/// Whether an error means that there is no server, rather than that it lacks
/// what was asked for.
fn is_grave(error: &ProviderError) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Timeout)
        || matches!(error, ProviderError::Unreachable { .. })
}
