//! A conversation as the variables of a template, in the shapes that
//! transformers passes: calls and tools as OpenAI writes them, arguments as
//! objects, a thought under each name that templates know.

use serde_json::{Map, Value, json};

use crate::chat::{Chat, Message, ToolCall, ToolSpec};

/// How a template wants a conversation that it does not take as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Arguments are a text with JSON.
    pub text_arguments: bool,
    /// Calls are named by nine letters and digits, as Mistral's templates ask.
    pub short_ids: bool,
    /// A message that calls tools says nothing of its thought.
    pub no_thoughts_with_calls: bool,
}

/// The variables: `messages`, `tools`, `add_generation_prompt`, and whether to
/// think under the names that templates ask for it.
pub fn variables(chat: &Chat, answer: bool, shape: Shape, source: &str) -> Value {
    let ids = Ids::of(&chat.messages, shape.short_ids);
    let messages: Vec<Value> =
        chat.messages.iter().map(|message| of_message(message, shape, &ids)).collect();
    let mut root = Map::new();
    root.insert("messages".into(), messages.into());
    let tools: Vec<Value> = chat.tools.iter().map(of_tool).collect();
    let tools = if tools.is_empty() { Value::Null } else { tools.into() };
    root.insert("tools".into(), tools);
    root.insert("add_generation_prompt".into(), answer.into());
    if let Some(thinks) = chat.thinking {
        root.insert("enable_thinking".into(), thinks.into());
        root.insert("thinking".into(), thinks.into());
        if let Some(effort) = effort(thinks, source) {
            root.insert("reasoning_effort".into(), effort.into());
        }
    }
    root.into()
}

/// How much a template that knows `reasoning_effort` alone is told to think:
/// its word for nothing, or the least.
fn effort(thinks: bool, source: &str) -> Option<&'static str> {
    if !source.contains("reasoning_effort") || source.contains("enable_thinking") {
        return None;
    }
    let says = |word: &str| {
        source.contains(&format!("'{word}'")) || source.contains(&format!("\"{word}\""))
    };
    match thinks {
        false if says("no_think") => Some("no_think"),
        false if says("none") => Some("none"),
        false if says("low") || source.contains("\"medium\"") => Some("low"),
        true if says("no_think") || says("none") => Some("high"),
        _ => None,
    }
}

fn of_message(message: &Message, shape: Shape, ids: &Ids<'_>) -> Value {
    let mut map = Map::new();
    let calls = &message.tool_calls;
    map.insert("role".into(), message.role.as_str().into());
    map.insert("content".into(), message.content.as_str().into());
    if let Some(thinking) = &message.thinking
        && (!shape.no_thoughts_with_calls || calls.is_empty())
    {
        map.insert("thinking".into(), thinking.as_str().into());
        map.insert("reasoning_content".into(), thinking.as_str().into());
    }
    if !calls.is_empty() {
        let calls: Vec<Value> = calls.iter().map(|call| of_call(call, shape, ids)).collect();
        map.insert("tool_calls".into(), calls.into());
    }
    if let Some(id) = &message.tool_call_id {
        map.insert("tool_call_id".into(), ids.shown(id).into());
        if let Some(name) = ids.name(id) {
            map.insert("name".into(), name.into());
        }
    }
    map.into()
}

fn of_call(call: &ToolCall, shape: Shape, ids: &Ids<'_>) -> Value {
    let arguments = if shape.text_arguments {
        call.arguments.to_string().into()
    } else {
        call.arguments.clone()
    };
    let function = json!({"name": call.name, "arguments": arguments});
    json!({"id": ids.shown(&call.id), "type": "function", "function": function})
}

/// A tool as OpenAI writes it.
pub fn of_tool(tool: &ToolSpec) -> Value {
    json!({"type": "function", "function": {
        "name": tool.name, "description": tool.description, "parameters": tool.parameters,
    }})
}

/// The calls of a conversation, oldest first.
struct Ids<'c> {
    calls: Vec<&'c ToolCall>,
    are_short: bool,
}

impl<'c> Ids<'c> {
    fn of(messages: &'c [Message], are_short: bool) -> Self {
        let calls = messages.iter().flat_map(|message| &message.tool_calls).collect();
        Self { calls, are_short }
    }

    fn shown(&self, id: &str) -> String {
        let is_short = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_short {
            return id.to_owned();
        }
        match self.calls.iter().position(|call| call.id == id) {
            Some(at) if self.are_short => format!("call{:05}", at % 100_000),
            _ => id.to_owned(),
        }
    }

    /// The tool that was called.
    fn name(&self, id: &str) -> Option<&'c str> {
        self.calls.iter().rev().find(|call| call.id == id).map(|call| call.name.as_str())
    }
}
