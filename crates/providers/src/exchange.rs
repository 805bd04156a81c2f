//! What the protocols have in common: one request, one answer in parts.

use mlxcode_models::{FinishReason, Kept, ToolCall};
use serde_json::Value;

use crate::client::Failure;
use crate::error::ProviderError;
use crate::notice::UsageDetails;
use crate::sse::SseEvent;

/// One question to a server, and how its answer is read.
pub trait Exchange: Send + 'static {
    /// Where it goes.
    fn url(&self) -> String;

    /// What is sent. It also forgets what an earlier attempt had read.
    fn begin(&mut self) -> Value;

    /// Learns from a refusal; gives what is left out from now on if the
    /// request may be made again without it.
    fn adapt(&mut self, status: u16, body: &[u8]) -> Option<String>;

    /// Makes an error more precise, where the server has more to ask.
    fn explain(&self, error: ProviderError, body: &[u8]) -> ProviderError;

    /// Reads one event.
    fn read(&mut self, event: &SseEvent, said: &mut Vec<Said>) -> Result<(), Failure>;

    /// The stream ended: what was complete is said.
    fn end(&mut self, said: &mut Vec<Said>) -> Result<(), Failure>;

    /// Whether documents stand on a line each, in place of events.
    fn is_lines(&self) -> bool {
        false
    }
}

/// What an answer says, whoever gives it.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// How many tokens the prompt has.
    Prompt(usize),
    /// More text.
    Text(String),
    /// More of what the model thinks.
    Thinking(String),
    /// A whole call.
    Call(ToolCall),
    /// What the server wants back with the next request.
    Kept(Box<Kept>),
    /// How many tokens the prompt and the answer have.
    Usage { prompt: Option<usize>, completion: Option<usize> },
    /// What else was counted.
    Details(UsageDetails),
    /// Why it ends.
    Reason(FinishReason),
    /// Nothing comes any more.
    End,
}

/// Reads arguments of a call. What is no JSON stays as the text that it is, so
/// that whoever runs tools can tell the model what is wrong with it.
pub fn arguments(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// A number of tokens in a document.
pub fn tokens(value: &Value, pointer: &str) -> Option<usize> {
    value.pointer(pointer)?.as_u64().and_then(|count| usize::try_from(count).ok())
}
