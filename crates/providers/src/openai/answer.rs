//! What comes back: parts of a message, calls in pieces, counts.

use std::collections::BTreeMap;

use mlxcode_models::{FinishReason, ToolCall};
use serde_json::Value;
use ureq::http::HeaderMap;

use crate::client::{Client, Failure};
use crate::exchange::{Said, arguments, tokens};
use crate::notice::UsageDetails;
use crate::sse::SseEvent;

/// Calls in one answer. Models make a handful at most.
const MOST_CALLS: usize = 128;

/// An answer as far as it came.
#[derive(Debug)]
pub struct Answer {
    /// How calls are named whose server does not: no call before has it.
    prefix: String,
    calls: BTreeMap<u64, Call>,
    /// The number that the next call gets if the server names none.
    next: u64,
    reason: Option<FinishReason>,
}

/// A call as far as it came.
#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Answer {
    /// An answer to so many messages.
    pub fn new(messages: usize) -> Self {
        Self { prefix: format!("call_{messages}"), calls: BTreeMap::new(), next: 0, reason: None }
    }

    pub fn read(
        &mut self,
        event: &SseEvent,
        said: &mut Vec<Said>,
        client: &Client,
    ) -> Result<(), Failure> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(());
        }
        if data == "[DONE]" {
            self.end(said);
            if self.reason.is_some() {
                said.push(Said::End);
            }
            return Ok(());
        }
        let value: Value = serde_json::from_str(data)
            .map_err(|_| Failure::lasting(client.bad_answer("a part of it is no JSON")))?;
        if value.get("error").is_some_and(|error| !error.is_null()) {
            let code = value.pointer("/error/code").and_then(Value::as_u64);
            let status = code.and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400);
            return Err(client.status(status.unwrap_or(500), data.as_bytes(), &HeaderMap::new()));
        }
        self.usage(&value, said);
        let Some(choice) = value.pointer("/choices/0") else { return Ok(()) };
        // A server that does not stream says `message` for `delta`; one that
        // continues a text says `text`.
        let delta = choice.get("delta").or_else(|| choice.get("message"));
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        if let Some(delta) = delta {
            let thinking = text(delta.get("reasoning_content"));
            said.extend(thinking.or_else(|| text(delta.get("reasoning"))).map(Said::Thinking));
            said.extend(text(delta.get("content")).map(Said::Text));
            // Without content: what the model says in place of an answer.
            said.extend(text(delta.get("refusal")).map(Said::Text));
            for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                self.piece(call, client)?;
            }
        }
        said.extend(text(choice.get("text")).map(Said::Text));
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            let reason = match reason {
                "length" | "max_tokens" => FinishReason::Length,
                "tool_calls" | "function_call" => FinishReason::ToolCalls,
                _ => FinishReason::Stop,
            };
            self.reason = Some(reason);
            self.calls(said);
            said.push(Said::Reason(reason));
        }
        Ok(())
    }

    fn usage(&mut self, value: &Value, said: &mut Vec<Said>) {
        let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) else { return };
        let prompt = tokens(usage, "/prompt_tokens");
        let completion = tokens(usage, "/completion_tokens");
        said.push(Said::Usage { prompt, completion });
        let details = UsageDetails {
            cache_read_tokens: tokens(usage, "/prompt_tokens_details/cached_tokens").unwrap_or(0),
            thinking_tokens: tokens(usage, "/completion_tokens_details/reasoning_tokens")
                .unwrap_or(0),
            ..UsageDetails::default()
        };
        if details != UsageDetails::default() {
            said.push(Said::Details(details));
        }
    }

    /// Takes a piece of a call. The pieces of one call have its index; some
    /// servers leave it out and send each call whole.
    fn piece(&mut self, piece: &Value, client: &Client) -> Result<(), Failure> {
        let text = |pointer: &str| piece.pointer(pointer).and_then(Value::as_str);
        let index = piece.get("index").and_then(Value::as_u64).unwrap_or(self.next);
        if !self.calls.contains_key(&index) && self.calls.len() == MOST_CALLS {
            return Err(client.bad_answer("it calls too many tools").into());
        }
        self.next = self.next.max(index.saturating_add(1));
        let call = self.calls.entry(index).or_default();
        if let Some(id) = text("/id").filter(|id| !id.is_empty()) {
            id.clone_into(&mut call.id);
        }
        if let Some(name) = text("/function/name") {
            // Some repeat the whole name with each piece.
            if call.name != name {
                call.name.push_str(name);
            }
        }
        match piece.pointer("/function/arguments") {
            Some(Value::String(more)) => call.arguments.push_str(more),
            Some(Value::Null) | None => {}
            // An object, against the protocol.
            Some(whole) => call.arguments = whole.to_string(),
        }
        Ok(())
    }

    fn calls(&mut self, said: &mut Vec<Said>) {
        for (index, call) in std::mem::take(&mut self.calls) {
            if call.name.is_empty() {
                continue;
            }
            let id = if call.id.is_empty() { format!("{}_{index}", self.prefix) } else { call.id };
            let arguments = arguments(&call.arguments);
            said.push(Said::Call(ToolCall { id, name: call.name, arguments }));
        }
    }

    /// The stream ended.
    pub fn end(&mut self, said: &mut Vec<Said>) {
        // A server that forgets the reason has at least said all of a call.
        if self.reason.is_none()
            && !self.calls.is_empty()
            && self.calls.values().all(Call::is_whole)
        {
            self.reason = Some(FinishReason::ToolCalls);
            self.calls(said);
            said.push(Said::Reason(FinishReason::ToolCalls));
        }
    }
}

impl Call {
    fn is_whole(&self) -> bool {
        serde_json::from_str::<Value>(&self.arguments).is_ok_and(|value| value.is_object())
    }
}
