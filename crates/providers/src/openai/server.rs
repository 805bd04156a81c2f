//! What a server is, and what only it can do.

use mlxcode_models::Prompt;
use serde_json::{Value, json};

use super::is_grave;
use super::request::{chat_messages, chat_tools};
use crate::client::{Client, Failure};
use crate::count::estimate_message;
use crate::error::ProviderError;
use crate::exchange::tokens;

/// The context of a model of which nobody tells one. The models that remote
/// services sell hold more; a small server says how much it holds.
pub const UNKNOWN_CONTEXT: usize = 32_768;

/// A server that speaks OpenAI's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenAiServer {
    /// OpenAI itself, or Azure's of it.
    OpenAi,
    /// llama.cpp's `llama-server`.
    LlamaCpp,
    /// The server of the Python package `llama-cpp-python`.
    LlamaCppPython,
    /// `mlx_lm.server`.
    MlxLm,
    /// vLLM, and others that tell `max_model_len`.
    Vllm,
    /// Any other.
    Other,
}

impl OpenAiServer {
    /// Whether it hands arguments to the chat template, such as whether to
    /// think.
    pub fn takes_template_arguments(self) -> bool {
        matches!(self, Self::LlamaCpp | Self::MlxLm | Self::Vllm)
    }

    /// Whether the limit of an answer has the name that OpenAI gave it later.
    pub(super) fn takes_max_completion_tokens(self) -> bool {
        self == Self::OpenAi
    }

    /// How many stop texts it takes; the rest is found by ourselves.
    pub(super) fn most_stop_texts(self) -> usize {
        match self {
            Self::OpenAi | Self::Other => 4,
            // It takes them out of the text and goes on (0.32.2).
            Self::MlxLm => 0,
            _ => 32,
        }
    }
}

/// What was found out.
#[derive(Debug)]
pub struct Found {
    pub server: OpenAiServer,
    pub context_length: Option<usize>,
    pub images: bool,
}

impl Found {
    /// What the address alone tells.
    pub fn by_host(client: &Client) -> Self {
        let host = client.address.host().split(':').next().unwrap_or_default();
        let is = |name: &str| host == name || host.ends_with(&format!(".{name}"));
        let open_ai = is("api.openai.com") || is("openai.azure.com");
        let server = if open_ai { OpenAiServer::OpenAi } else { OpenAiServer::Other };
        Self { server, context_length: None, images: open_ai }
    }

    /// Asks the server.
    pub fn ask(client: &Client, model: &str) -> Result<Self, ProviderError> {
        let mut found = Self::by_host(client);
        let list = match list(client) {
            Ok(list) => list,
            Err(failure) if is_grave(&failure.error) => return Err(failure.error),
            // It has no list; that is no reason not to ask it.
            Err(_) => return Ok(found),
        };
        if found.server == OpenAiServer::OpenAi {
            return Ok(found);
        }
        let named = |entry: &&Value| entry.get("id").and_then(Value::as_str) == Some(model);
        let entry = list.iter().find(named).or_else(|| list.first().filter(|_| list.len() == 1));
        let owner = entry.and_then(|entry| entry.get("owned_by")).and_then(Value::as_str);
        let number = |pointer: &str| entry.and_then(|entry| tokens(entry, pointer));
        found.context_length = number("/max_model_len")
            .or_else(|| number("/context_length"))
            .or_else(|| number("/context_window"))
            .or_else(|| number("/max_context_length"));
        let modalities = entry.and_then(|e| e.pointer("/architecture/input_modalities"));
        found.images = modalities
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|one| one == "image"));
        match owner {
            Some("llamacpp") => {
                found.server = OpenAiServer::LlamaCpp;
                let props = client.json(&client.address.root().join("/props"), None);
                let props = props.unwrap_or_default();
                found.context_length = tokens(&props, "/default_generation_settings/n_ctx")
                    .or(found.context_length)
                    .or_else(|| number("/meta/n_ctx_train"));
                found.images = props.pointer("/modalities/vision") == Some(&Value::Bool(true));
            }
            Some("me") if client.address.is_loopback() => {
                let url = client.address.root().join("/extras/tokenize/count");
                if client.json(&url, Some(&json!({"input": "a"}))).is_ok() {
                    found.server = OpenAiServer::LlamaCppPython;
                }
            }
            Some("vllm") => found.server = OpenAiServer::Vllm,
            None if client.address.is_loopback() && is_mlx(client) => {
                found.server = OpenAiServer::MlxLm;
            }
            _ if number("/max_model_len").is_some() => found.server = OpenAiServer::Vllm,
            _ => {}
        }
        Ok(found)
    }
}

/// `mlx_lm.server` names itself nowhere; it tells its health, and its models
/// without an owner.
fn is_mlx(client: &Client) -> bool {
    let health = client.json(&client.address.root().join("/health"), None);
    health.is_ok_and(|health| health == json!({"status": "ok"}))
}

/// The models that a server lists.
pub fn list(client: &Client) -> Result<Vec<Value>, Failure> {
    let answer = client.json(&client.address.versioned().join("/models"), None)?;
    let list = answer.get("data").and_then(Value::as_array).cloned();
    list.ok_or_else(|| client.bad_answer("its list of models is none").into())
}

/// The names in such a list.
pub fn names(list: &[Value]) -> Vec<String> {
    let name = |entry: &Value| entry.get("id").and_then(Value::as_str).map(str::to_owned);
    list.iter().filter_map(name).collect()
}

/// The exact count of a text, where the server is here and counts.
pub fn count_text(client: &Client, server: OpenAiServer, text: &str) -> Option<usize> {
    if !client.address.is_loopback() {
        return None;
    }
    let root = client.address.root();
    match server {
        OpenAiServer::LlamaCpp => tokenized(
            client,
            &json!({"content": text, "add_special": false, "parse_special": false}),
        ),
        OpenAiServer::LlamaCppPython => {
            let url = root.join("/extras/tokenize/count");
            tokens(&client.json(&url, Some(&json!({"input": text}))).ok()?, "/count")
        }
        _ => None,
    }
}

fn tokenized(client: &Client, body: &Value) -> Option<usize> {
    let answer = client.json(&client.address.root().join("/tokenize"), Some(body)).ok()?;
    Some(answer.get("tokens")?.as_array()?.len())
}

/// The exact count of a prompt, where the server is here and counts. Of
/// `llama-cpp-python`, which does not show its template, the texts are exact
/// and what frames them is estimated.
pub fn count(client: &Client, server: OpenAiServer, prompt: &Prompt) -> Option<usize> {
    if !client.address.is_loopback() {
        return None;
    }
    match (server, prompt) {
        (OpenAiServer::LlamaCpp, Prompt::Text(text)) => {
            tokenized(client, &json!({"content": text, "add_special": true, "parse_special": true}))
        }
        (OpenAiServer::LlamaCpp, Prompt::Chat(chat)) => {
            if chat.messages.iter().any(|message| !message.images.is_empty()) {
                return None;
            }
            let mut body = json!({"messages": chat_messages(chat, server)});
            if !chat.tools.is_empty() {
                body["tools"] = chat_tools(chat);
            }
            if let Some(thinking) = chat.thinking {
                body["chat_template_kwargs"] = json!({"enable_thinking": thinking});
            }
            let url = client.address.root().join("/apply-template");
            let answer = client.json(&url, Some(&body)).ok()?;
            let text = answer.get("prompt")?.as_str()?;
            tokenized(client, &json!({"content": text, "add_special": true, "parse_special": true}))
        }
        (OpenAiServer::LlamaCppPython, Prompt::Text(text)) => count_text(client, server, text),
        (OpenAiServer::LlamaCppPython, Prompt::Chat(chat)) => {
            let mut text = String::new();
            let mut frame = 0;
            for message in &chat.messages {
                text.push_str(&message.content);
                let mut empty = message.clone();
                empty.content.clear();
                frame += estimate_message(&empty);
            }
            if !chat.tools.is_empty() {
                text.push_str(&chat_tools(chat).to_string());
            }
            Some(count_text(client, server, &text)? + frame)
        }
        _ => None,
    }
}
