//! Anthropic's messages.
//!
//! Requests: "Create a message", "Count tokens in a message" and "Get a
//! model" of the API reference; answers: "Streaming messages".

mod answer;
mod memory;
mod request;

use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_models::{
    GenerateOptions, GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Result,
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
use memory::Memory;
pub(crate) use request::object;
use request::{Habits, Shape};

/// Where Anthropic is, unless the options name another address.
pub(crate) const ENDPOINT: &str = "https://api.anthropic.com";

/// The newest version of the protocol that is documented.
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// What the smallest of its models hold.
const UNKNOWN_CONTEXT: usize = 200_000;

/// The limit of an answer where nobody names one: a request must. All models
/// of the last years take it.
const UNKNOWN_MAX_TOKENS: usize = 8192;

/// A model of Anthropic's, or of a server that speaks its protocol.
///
/// What a model thought is signed, and must come back unchanged in a turn that
/// calls tools. A [`Message`](mlxcode_models::Message) has no place for a
/// signature: this remembers its latest answers as they came and sends them
/// again where the conversation holds them. One that was taken up in another
/// process goes on without the older thoughts.
///
/// # Counting
/// Tokens are estimated, rather too many than too few;
/// [`count_exactly`](Self::count_exactly) asks.
#[derive(Debug)]
pub struct AnthropicModel {
    inner: Arc<Inner>,
    info: ModelInfo,
}

#[derive(Debug)]
struct Inner {
    client: Arc<Client>,
    model: String,
    max_tokens: usize,
    habits: Mutex<Habits>,
    memory: Mutex<Memory>,
}

impl AnthropicModel {
    /// The context that is taken where the server does not tell.
    pub const USUAL_CONTEXT: usize = UNKNOWN_CONTEXT;

    /// Prepares to ask `model`. What it can is asked for, unless the options
    /// tell the length of its context.
    ///
    /// # Errors
    /// An address that cannot be used, a server that is not there, a key that
    /// it does not take, a model that it does not have.
    pub fn open(options: &ProviderOptions, model: &str) -> Result<Self, ProviderError> {
        let client = Arc::new(client(options)?);
        client.check_network()?;
        let told = if options.model.context_length.is_some() {
            Value::Null
        } else {
            let url = client.address.versioned().join(&format!("/models/{}", escaped(model)));
            match client.json(&url, None) {
                Ok(told) => told,
                Err(failure) => match failure.error {
                    ProviderError::Refused { status: 404, provider, said } => {
                        let names = names(&client).unwrap_or_default();
                        // A server that speaks the protocol may have no list.
                        if !names.is_empty() {
                            let near = near(model, &names);
                            let model = model.to_owned();
                            return Err(ProviderError::NoSuchModel { provider, model, near, said });
                        }
                        Value::Null
                    }
                    error => return Err(error),
                },
            }
        };
        let can = |what: &str| {
            told.pointer(&format!("/capabilities/{what}/supported")).and_then(Value::as_bool)
        };
        let length = options.model.context_length.or_else(|| tokens(&told, "/max_input_tokens"));
        let length = length.filter(|length| *length > 0).unwrap_or(UNKNOWN_CONTEXT);
        let mut info = ModelInfo::new(format!("{}/{model}", options.name), length);
        info.tools = options.model.tools.unwrap_or(true);
        // All that are served there are made for it.
        info.good_at_tools = Some(info.tools);
        info.images = options.model.images.unwrap_or_else(|| can("image_input") != Some(false));
        info.thinking = options.model.thinking.unwrap_or_else(|| can("thinking") != Some(false));
        let most = tokens(&told, "/max_tokens").filter(|most| *most > 0);
        let habits = Habits::new(
            can("thinking/types/adaptive"),
            can("thinking/types/enabled"),
            info.thinking,
        );
        let inner = Inner {
            client,
            model: model.to_owned(),
            max_tokens: options.model.max_tokens.or(most).unwrap_or(UNKNOWN_MAX_TOKENS),
            habits: Mutex::new(habits),
            memory: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner), info })
    }

    /// The names of the models that the server lists.
    pub fn models(options: &ProviderOptions) -> Result<Vec<String>, ProviderError> {
        names(&client(options)?).map_err(|failure| failure.error)
    }

    /// Asks how many tokens a conversation has. It is a request, and has a
    /// limit of its own on how often.
    pub fn count_exactly(&self, prompt: &Prompt) -> Result<usize, ProviderError> {
        let inner = &self.inner;
        let whole = inner.body(prompt, &GenerateOptions::default())?;
        let mut body = json!({"model": whole["model"], "messages": whole["messages"]});
        for name in ["system", "tools", "thinking"] {
            if let Some(value) = whole.get(name) {
                body[name] = value.clone();
            }
        }
        let url = inner.client.address.versioned().join("/messages/count_tokens");
        let answer = inner.client.json(&url, Some(&body)).map_err(|failure| failure.error)?;
        let count = tokens(&answer, "/input_tokens");
        count.ok_or_else(|| inner.client.bad_answer("it gives no number of tokens"))
    }
}

fn client(options: &ProviderOptions) -> Result<Client, ProviderError> {
    let url = if options.url.is_empty() { ENDPOINT } else { &options.url };
    let address = Address::read(&options.name, url)?;
    Client::new(options, address, KeyHeader::ApiKey, &[VERSION])
}

/// A name within a path.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

fn names(client: &Client) -> Result<Vec<String>, Failure> {
    let url = client.address.versioned().join("/models?limit=1000");
    let answer = client.json(&url, None)?;
    let list = answer.get("data").and_then(Value::as_array);
    let name = |entry: &Value| entry.get("id").and_then(Value::as_str).map(str::to_owned);
    Ok(list.into_iter().flatten().filter_map(name).collect())
}

impl Inner {
    fn body(&self, prompt: &Prompt, options: &GenerateOptions) -> Result<Value, ProviderError> {
        let Prompt::Chat(chat) = prompt else {
            let what = "a text to continue, only conversations";
            return Err(ProviderError::Unsupported {
                provider: self.client.provider.clone(),
                what,
            });
        };
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut habits = self.habits.lock().unwrap_or_else(PoisonError::into_inner);
        let shape = Shape { model: &self.model, max_tokens: self.max_tokens, memory: &memory };
        Ok(shape.body(chat, options, &mut habits))
    }
}

impl LanguageModel for AnthropicModel {
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
        // What cannot be asked fails at once.
        self.inner.body(&request.prompt, &request.options)?;
        self.inner.client.takes(&request.options)?;
        let tokens = estimate(&request.prompt);
        let stop = request.options.stop.clone();
        let asking = Asking {
            inner: Arc::clone(&self.inner),
            prompt: request.prompt,
            options: request.options,
            answer: Answer::default(),
        };
        Ok(run(&self.inner.client, asking, &stop, request.cancel, tokens)?)
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
        self.inner.client.address.versioned().join("/messages")
    }

    fn begin(&mut self) -> Value {
        self.answer = Answer::default();
        self.inner.body(&self.prompt, &self.options).unwrap_or_default()
    }

    fn adapt(&mut self, status: u16, body: &[u8]) -> Option<String> {
        if status != 400 {
            return None;
        }
        let mut habits = self.inner.habits.lock().unwrap_or_else(PoisonError::into_inner);
        habits.learn(&Refusal::read(body))
    }

    fn explain(&self, error: ProviderError, body: &[u8]) -> ProviderError {
        let model = self.inner.model.clone();
        match error {
            ProviderError::Refused { provider, status: 400 | 413, said } if is_too_long(body) => {
                ProviderError::PromptTooLong { provider, model, said }
            }
            ProviderError::Refused { provider, status: 404, said }
                if Refusal::read(body).is_about_model() =>
            {
                let near = near(&model, &names(&self.inner.client).unwrap_or_default());
                ProviderError::NoSuchModel { provider, model, near, said }
            }
            other => other,
        }
    }

    fn read(&mut self, event: &SseEvent, said: &mut Vec<Said>) -> Result<(), Failure> {
        self.answer.read(event, said, &self.inner.client)?;
        if said.last() == Some(&Said::End) {
            let blocks = self.answer.blocks();
            if let Some(kept) = memory::to_keep(&self.inner.model, &blocks) {
                // Nothing is heard after the end.
                said.insert(said.len() - 1, Said::Kept(Box::new(kept)));
            }
            let mut memory = self.inner.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.keep(blocks);
        }
        Ok(())
    }

    fn end(&mut self, _said: &mut Vec<Said>) -> Result<(), Failure> {
        // An answer that is whole says so.
        let provider = self.inner.client.provider.clone();
        Err(Failure::passing(ProviderError::BrokenOff { provider }))
    }
}
