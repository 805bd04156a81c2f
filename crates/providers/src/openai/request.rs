//! What is sent.

use std::collections::BTreeSet;

use mlxcode_models::{Chat, GenerateOptions, Message, Prompt, Role, SamplingOptions};
use serde_json::{Map, Value, json};

use super::server::OpenAiServer;
use crate::anthropic::object;
use crate::refusal::Refusal;

/// What this server or model does not take, learned from its refusals.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    names: BTreeSet<&'static str>,
    /// It wants the other name of the answer's limit.
    other_limit: bool,
}

/// Options that an answer can do without. Models that think refuse most that
/// shape the draw; small servers do not know the newer ones.
const OPTIONAL: [&str; 17] = [
    "chat_template_kwargs",
    "dry_allowed_length",
    "dry_base",
    "dry_multiplier",
    "dry_penalty_last_n",
    "dry_sequence_breakers",
    "frequency_penalty",
    "logit_bias",
    "min_p",
    "presence_penalty",
    "seed",
    "stop",
    "stream_options",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
];

impl LeftOut {
    /// Learns from a refusal; tells what changes by it.
    pub fn learn(&mut self, refusal: &Refusal) -> Option<String> {
        if !self.other_limit
            && (refusal.names("max_tokens") || refusal.names("max_completion_tokens"))
        {
            // A limit that is too high is named alike.
            if refusal.is_about_support() {
                self.other_limit = true;
                return Some("max_tokens".to_owned());
            }
        }
        let name =
            OPTIONAL.into_iter().find(|name| refusal.names(name) && !self.names.contains(name))?;
        // Penalties fall together: what refuses one refuses its neighbours.
        self.names.insert(name);
        Some(name.to_owned())
    }
}

/// How requests to a server look.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    pub model: &'a str,
    pub server: OpenAiServer,
    pub max_tokens: Option<usize>,
    pub left_out: &'a LeftOut,
}

impl Shape<'_> {
    pub fn body(&self, prompt: &Prompt, options: &GenerateOptions) -> Value {
        let mut body = Map::new();
        body.insert("model".to_owned(), self.model.into());
        match prompt {
            Prompt::Chat(chat) => {
                body.insert("messages".to_owned(), chat_messages(chat, self.server));
                if !chat.tools.is_empty() {
                    body.insert("tools".to_owned(), chat_tools(chat));
                }
                if let Some(thinking) = chat.thinking
                    && self.server.takes_template_arguments()
                {
                    let arguments = json!({"enable_thinking": thinking});
                    body.insert("chat_template_kwargs".to_owned(), arguments);
                }
            }
            Prompt::Text(text) => {
                body.insert("prompt".to_owned(), text.as_str().into());
            }
            _ => {}
        }
        body.insert("stream".to_owned(), true.into());
        body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        if let Some(most) = options.max_tokens.or(self.max_tokens) {
            let newer = matches!(prompt, Prompt::Chat(_))
                && (self.server.takes_max_completion_tokens() != self.left_out.other_limit);
            let name = if newer { "max_completion_tokens" } else { "max_tokens" };
            body.insert(name.to_owned(), most.into());
        }
        let stop: Vec<_> = options.stop.iter().filter(|stop| !stop.is_empty()).collect();
        let most = self.server.most_stop_texts();
        if !stop.is_empty() && most > 0 {
            body.insert("stop".to_owned(), stop.into_iter().take(most).cloned().collect());
        }
        self.sampling(&options.sampling, &mut body);
        body.retain(|name, _| !self.left_out.names.contains(name.as_str()));
        body.into()
    }

    fn sampling(&self, options: &SamplingOptions, body: &mut Map<String, Value>) {
        let mut set = |name: &str, value: Value| {
            body.insert(name.to_owned(), value);
        };
        set("temperature", decimal(options.temperature));
        let default = SamplingOptions::default();
        if options.top_p < default.top_p {
            set("top_p", decimal(options.top_p));
        }
        if options.presence_penalty != default.presence_penalty {
            set("presence_penalty", decimal(options.presence_penalty));
        }
        if options.frequency_penalty != default.frequency_penalty {
            set("frequency_penalty", decimal(options.frequency_penalty));
        }
        if options.temperature > 0.0 || options.seed != 0 {
            // The most that all servers take is 31 bits; small seeds stay.
            let folded = (options.seed ^ (options.seed >> 32)) & 0x7fff_ffff;
            let seed = if options.seed <= 0x7fff_ffff { options.seed } else { folded };
            set("seed", seed.into());
        }
        if !options.logit_bias.is_empty() {
            // OpenAI's range; -100 bans a token.
            let bias = options
                .logit_bias
                .iter()
                .map(|(token, bias)| (token.to_string(), decimal(bias.clamp(-100.0, 100.0))));
            set("logit_bias", Value::Object(bias.collect()));
        }
        // What OpenAI does not know, and refuses.
        let repeat = options.repeat_penalty != default.repeat_penalty;
        match self.server {
            OpenAiServer::OpenAi => {}
            OpenAiServer::Other | OpenAiServer::LlamaCppPython => {
                if options.top_k > 0 {
                    set("top_k", options.top_k.into());
                }
                if options.min_p > 0.0 {
                    set("min_p", decimal(options.min_p));
                }
                if repeat && self.server == OpenAiServer::LlamaCppPython {
                    set("repeat_penalty", decimal(options.repeat_penalty));
                }
            }
            OpenAiServer::MlxLm | OpenAiServer::Vllm => {
                set("top_k", options.top_k.into());
                set("min_p", decimal(options.min_p));
                if repeat {
                    set("repetition_penalty", decimal(options.repeat_penalty));
                }
                if self.server == OpenAiServer::MlxLm {
                    let window = options.penalty_window.unwrap_or(usize::MAX >> 33);
                    let penalties = [
                        (repeat, "repetition_context_size"),
                        (options.presence_penalty != 0.0, "presence_context_size"),
                        (options.frequency_penalty != 0.0, "frequency_context_size"),
                    ];
                    for (_, name) in penalties.into_iter().filter(|(used, _)| *used) {
                        set(name, window.into());
                    }
                }
            }
            // Its own defaults are others than ours: all of them are told.
            OpenAiServer::LlamaCpp => {
                let window = |window: Option<usize>| match window {
                    Some(window) => json!(window),
                    None => json!(-1),
                };
                set("top_k", options.top_k.into());
                set("top_p", decimal(options.top_p));
                set("min_p", decimal(options.min_p));
                set("typical_p", decimal(options.typical_p));
                set("repeat_penalty", decimal(options.repeat_penalty));
                set("repeat_last_n", window(options.penalty_window));
                if options.dry.multiplier != 0.0 {
                    set("dry_multiplier", decimal(options.dry.multiplier));
                    set("dry_base", decimal(options.dry.base));
                    set("dry_allowed_length", options.dry.allowed_length.into());
                    set("dry_penalty_last_n", window(options.dry.window));
                    set("dry_sequence_breakers", json!(options.dry.breakers));
                }
            }
        }
    }
}

/// A number as it was written: 0.7 and not 0.699999988079071.
pub fn decimal(number: f32) -> Value {
    number.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// The tools, as OpenAI describes functions.
pub fn chat_tools(chat: &Chat) -> Value {
    let tools = chat.tools.iter().map(|tool| {
        json!({"type": "function", "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        }})
    });
    tools.collect()
}

/// The conversation, as OpenAI writes it.
pub fn chat_messages(chat: &Chat, server: OpenAiServer) -> Value {
    let mut messages = Vec::new();
    // Templates show what was thought since the person last spoke, no more.
    let last_user = chat.messages.iter().rposition(|message| message.role == Role::User);
    for (at, message) in chat.messages.iter().enumerate() {
        let current = last_user.is_none_or(|last| at > last);
        messages.push(one(message, current && server.takes_template_arguments()));
        if message.role == Role::Tool && !message.images.is_empty() {
            // A tool's answer can hold no picture; the next message can.
            messages.push(json!({"role": "user", "content": content(&Message {
                content: String::new(),
                ..message.clone()
            })}));
        }
    }
    messages.into()
}

fn one(message: &Message, with_thinking: bool) -> Value {
    match message.role {
        Role::Tool => json!({
            "role": "tool",
            "tool_call_id": message.tool_call_id.as_deref().unwrap_or_default(),
            "content": message.content,
        }),
        Role::Assistant => {
            let mut value = json!({"role": "assistant", "content": message.content});
            if !message.tool_calls.is_empty() {
                if message.content.is_empty() {
                    value["content"] = Value::Null;
                }
                let calls = message.tool_calls.iter().map(|call| {
                    json!({"id": call.id, "type": "function", "function": {
                        "name": call.name,
                        "arguments": object(&call.arguments).to_string(),
                    }})
                });
                value["tool_calls"] = calls.collect();
            }
            if let Some(thinking) = message.thinking.as_deref().filter(|_| with_thinking) {
                value["reasoning_content"] = thinking.into();
            }
            value
        }
        role => json!({"role": role.as_str(), "content": content(message)}),
    }
}

fn content(message: &Message) -> Value {
    if message.images.is_empty() {
        return message.content.as_str().into();
    }
    let mut parts = Vec::new();
    if !message.content.is_empty() {
        parts.push(json!({"type": "text", "text": message.content}));
    }
    parts.extend(message.images.iter().map(|image| {
        let url = format!("data:{};base64,{}", image.media_type, image.base64);
        json!({"type": "image_url", "image_url": {"url": url}})
    }));
    parts.into()
}
