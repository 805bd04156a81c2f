//! What is sent.

use mlxcode_models::{Chat, GenerateOptions, Message, Prompt, Role, SamplingOptions};
use serde_json::{Map, Value, json};

use crate::openai::{chat_tools, decimal};

/// How requests for a model look.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    pub model: &'a str,
    pub context_length: usize,
    pub max_tokens: Option<usize>,
    pub keep_alive: Option<&'a str>,
    pub thinks: bool,
}

impl Shape<'_> {
    pub fn body(&self, prompt: &Prompt, options: &GenerateOptions) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| {
            body.insert(name.to_owned(), value);
        };
        set("model", self.model.into());
        match prompt {
            Prompt::Chat(chat) => {
                set("messages", messages(chat));
                if !chat.tools.is_empty() {
                    set("tools", chat_tools(chat));
                }
                if let Some(thinking) = chat.thinking.filter(|_| self.thinks) {
                    set("think", thinking.into());
                }
            }
            Prompt::Text(text) => {
                set("prompt", text.as_str().into());
                set("raw", true.into());
            }
            _ => {}
        }
        set("stream", true.into());
        // Newer servers refuse what does not fit, in place of cutting it.
        set("truncate", false.into());
        set("shift", false.into());
        if let Some(keep_alive) = self.keep_alive {
            // Seconds are a number, times with a unit a text.
            let seconds = keep_alive.parse::<i64>().map(Value::from);
            set("keep_alive", seconds.unwrap_or_else(|_| keep_alive.into()));
        }
        set("options", self.options(options));
        body.into()
    }

    fn options(&self, options: &GenerateOptions) -> Value {
        let SamplingOptions {
            temperature,
            top_k,
            top_p,
            min_p,
            typical_p,
            repeat_penalty,
            presence_penalty,
            frequency_penalty,
            penalty_window,
            seed,
            ..
        } = &options.sampling;
        let most = options.max_tokens.or(self.max_tokens);
        let mut value = json!({
            "num_ctx": self.context_length,
            "num_predict": most.map_or(json!(-1), Value::from),
            "temperature": decimal(*temperature),
            "top_k": top_k,
            "top_p": decimal(*top_p),
            "min_p": decimal(*min_p),
            "typical_p": decimal(*typical_p),
            "repeat_penalty": decimal(*repeat_penalty),
            "repeat_last_n": penalty_window.map_or(json!(-1), Value::from),
            "presence_penalty": decimal(*presence_penalty),
            "frequency_penalty": decimal(*frequency_penalty),
            "seed": seed & 0x7fff_ffff,
        });
        let stop: Vec<_> = options.stop.iter().filter(|stop| !stop.is_empty()).collect();
        if !stop.is_empty() {
            value["stop"] = json!(stop);
        }
        value
    }
}

fn messages(chat: &Chat) -> Value {
    let mut names: Vec<(&str, &str)> = Vec::new();
    let mut messages = Vec::new();
    for message in &chat.messages {
        names.extend(message.tool_calls.iter().map(|call| (&*call.id, &*call.name)));
        messages.push(one(message, &names));
    }
    messages.into()
}

fn one(message: &Message, names: &[(&str, &str)]) -> Value {
    let mut value = json!({"role": message.role.as_str(), "content": message.content});
    if let Some(thinking) = &message.thinking {
        value["thinking"] = thinking.as_str().into();
    }
    if !message.images.is_empty() {
        value["images"] = message.images.iter().map(|image| image.base64.as_str()).collect();
    }
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            let arguments = crate::anthropic::object(&call.arguments);
            json!({"id": call.id, "function": {"name": call.name, "arguments": arguments}})
        });
        value["tool_calls"] = calls.collect();
    }
    if message.role == Role::Tool
        && let Some(id) = &message.tool_call_id
    {
        value["tool_call_id"] = id.as_str().into();
        // It tells the answers apart by the names of their tools.
        if let Some((_, name)) = names.iter().rev().find(|(known, _)| known == id) {
            value["tool_name"] = (*name).into();
        }
    }
    value
}
