//! What comes back: a document a line.

use mlxcode_models::{FinishReason, ToolCall};
use serde_json::Value;
use ureq::http::HeaderMap;

use crate::client::{Client, Failure};
use crate::exchange::{Said, arguments, tokens};
use crate::sse::SseEvent;

/// An answer as far as it came.
#[derive(Debug)]
pub struct Answer {
    /// How calls are named whose server does not: no call before has it.
    prefix: String,
    calls: usize,
}

impl Answer {
    /// An answer to so many messages.
    pub fn new(messages: usize) -> Self {
        Self { prefix: format!("call_{messages}"), calls: 0 }
    }

    pub fn read(
        &mut self,
        event: &SseEvent,
        said: &mut Vec<Said>,
        client: &Client,
    ) -> Result<(), Failure> {
        let value: Value = serde_json::from_str(&event.data)
            .map_err(|_| Failure::lasting(client.bad_answer("a line of it is no JSON")))?;
        if value.get("error").is_some() {
            return Err(client.status(500, event.data.as_bytes(), &HeaderMap::new()));
        }
        let text = |pointer: &str| {
            let text = value.pointer(pointer).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let thinking = text("/message/thinking").or_else(|| text("/thinking"));
        said.extend(thinking.map(Said::Thinking));
        said.extend(text("/message/content").or_else(|| text("/response")).map(Said::Text));
        let calls = value.pointer("/message/tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            said.extend(self.call(call).map(Said::Call));
        }
        if value.get("done") == Some(&Value::Bool(true)) {
            said.push(Said::Usage {
                prompt: tokens(&value, "/prompt_eval_count"),
                completion: tokens(&value, "/eval_count"),
            });
            let length = text("/done_reason").as_deref() == Some("length");
            let reason = if length { FinishReason::Length } else { FinishReason::Stop };
            said.extend([Said::Reason(reason), Said::End]);
        }
        Ok(())
    }

    fn call(&mut self, call: &Value) -> Option<ToolCall> {
        let name = call.pointer("/function/name")?.as_str()?.to_owned();
        let arguments = match call.pointer("/function/arguments") {
            Some(Value::String(text)) => arguments(text),
            Some(whole) => whole.clone(),
            None => arguments(""),
        };
        let id = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("{}_{}", self.prefix, self.calls), str::to_owned);
        self.calls += 1;
        Some(ToolCall { id, name, arguments })
    }
}
