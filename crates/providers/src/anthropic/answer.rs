//! What comes back: blocks, in pieces.

use std::collections::BTreeMap;

use mlxcode_models::{FinishReason, ToolCall};
use serde_json::{Value, json};
use ureq::http::HeaderMap;

use crate::client::{Client, Failure};
use crate::exchange::{Said, arguments, tokens};
use crate::notice::UsageDetails;
use crate::sse::SseEvent;

/// Blocks of one answer. Models make a dozen.
const MOST_BLOCKS: usize = 512;

/// An answer as far as it came.
#[derive(Debug, Default)]
pub struct Answer {
    blocks: BTreeMap<u64, Block>,
}

/// A block as far as it came.
#[derive(Debug)]
struct Block {
    /// As it began.
    start: Value,
    /// Its text, its thinking, or the arguments of its call.
    text: String,
    signature: String,
}

impl Answer {
    pub fn read(
        &mut self,
        event: &SseEvent,
        said: &mut Vec<Said>,
        client: &Client,
    ) -> Result<(), Failure> {
        if event.data.trim().is_empty() {
            return Ok(());
        }
        let value: Value = serde_json::from_str(&event.data)
            .map_err(|_| Failure::lasting(client.bad_answer("a part of it is no JSON")))?;
        let text = |pointer: &str| {
            value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let index = value.get("index").and_then(Value::as_u64).unwrap_or_default();
        match &*text("/type") {
            "message_start" => prompt(&value, said),
            "content_block_start" => {
                if self.blocks.len() == MOST_BLOCKS {
                    return Err(client.bad_answer("it has too many blocks").into());
                }
                let start = value.get("content_block").cloned().unwrap_or_default();
                let more = text("/content_block/text");
                if !more.is_empty() {
                    said.push(Said::Text(more.clone()));
                }
                self.blocks.insert(index, Block { start, text: more, signature: String::new() });
            }
            "content_block_delta" => {
                let Some(block) = self.blocks.get_mut(&index) else { return Ok(()) };
                match &*text("/delta/type") {
                    "text_delta" => {
                        block.text.push_str(&text("/delta/text"));
                        said.push(Said::Text(text("/delta/text")));
                    }
                    "thinking_delta" => {
                        block.text.push_str(&text("/delta/thinking"));
                        said.push(Said::Thinking(text("/delta/thinking")));
                    }
                    "signature_delta" => block.signature.push_str(&text("/delta/signature")),
                    "input_json_delta" => block.text.push_str(&text("/delta/partial_json")),
                    _ => {}
                }
            }
            "content_block_stop" => {
                if let Some(call) = self.blocks.get(&index).and_then(Block::call) {
                    said.push(Said::Call(call));
                }
            }
            "message_delta" => {
                let completion = tokens(&value, "/usage/output_tokens");
                said.push(Said::Usage { prompt: None, completion });
                let reason = match &*text("/delta/stop_reason") {
                    "" => return Ok(()),
                    "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
                    "tool_use" => FinishReason::ToolCalls,
                    _ => FinishReason::Stop,
                };
                said.push(Said::Reason(reason));
            }
            "message_stop" => said.push(Said::End),
            "error" => {
                let status = status(&text("/error/type"));
                return Err(client.status(status, event.data.as_bytes(), &HeaderMap::new()));
            }
            // `ping`, and what may come to be: the documentation asks to read
            // over it.
            _ => {}
        }
        Ok(())
    }

    /// The blocks, as they have to be sent again.
    pub fn blocks(&self) -> Vec<Value> {
        self.blocks.values().filter_map(Block::whole).collect()
    }
}

impl Block {
    fn kind(&self) -> &str {
        self.start.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    fn call(&self) -> Option<ToolCall> {
        let field = |name: &str| self.start.get(name).and_then(Value::as_str).map(str::to_owned);
        if self.kind() != "tool_use" {
            return None;
        }
        Some(ToolCall { id: field("id")?, name: field("name")?, arguments: self.arguments() })
    }

    fn arguments(&self) -> Value {
        match self.start.get("input") {
            // Whole from the beginning, where a server does not stream it.
            Some(Value::Object(input)) if self.text.is_empty() && !input.is_empty() => {
                Value::Object(input.clone())
            }
            _ => arguments(&self.text),
        }
    }

    fn whole(&self) -> Option<Value> {
        Some(match self.kind() {
            "text" if self.text.is_empty() => return None,
            "text" => json!({"type": "text", "text": self.text}),
            "thinking" => {
                json!({"type": "thinking", "thinking": self.text, "signature": self.signature})
            }
            "redacted_thinking" => self.start.clone(),
            "tool_use" => json!({
                "type": "tool_use",
                "id": self.start.get("id")?,
                "name": self.start.get("name")?,
                "input": super::request::object(&self.arguments()),
            }),
            _ => return None,
        })
    }
}

/// What the prompt took: read now, read before and kept, kept from now on.
fn prompt(value: &Value, said: &mut Vec<Said>) {
    let count = |name: &str| tokens(value, &format!("/message/usage/{name}")).unwrap_or(0);
    let read = count("cache_read_input_tokens");
    let written = count("cache_creation_input_tokens");
    said.push(Said::Prompt(count("input_tokens") + read + written));
    if read + written > 0 {
        said.push(Said::Details(UsageDetails {
            cache_read_tokens: read,
            cache_written_tokens: written,
            ..UsageDetails::default()
        }));
    }
}

/// The status that an error has which comes after a status that said success.
fn status(kind: &str) -> u16 {
    match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}
