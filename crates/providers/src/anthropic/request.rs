//! What is sent.

use std::collections::BTreeSet;

use mlxcode_models::{Chat, GenerateOptions, Message, Role};
use serde_json::{Map, Value, json};

use super::memory::{Memory, carried};
use crate::openai::decimal;
use crate::refusal::Refusal;

/// What a model is given to think with where it has no measure of its own: the
/// least is 1024.
const THINKING_TOKENS: usize = 8192;

/// How a model is told to think, and what it does not take; learned from what
/// the server tells of it and from its refusals.
#[derive(Clone, Debug)]
pub struct Habits {
    thinks: bool,
    /// Ways to switch thinking on, the best first.
    ways: Vec<Way>,
    /// Whether it can be told not to think.
    can_stop: bool,
    left_out: BTreeSet<&'static str>,
    /// How the last request said it.
    last: Way,
}

/// What a request says of thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The model measures itself: the newer ones.
    Adaptive,
    /// With a budget: the older ones.
    Budget,
    Off,
    /// Nothing.
    Unsaid,
}

impl Habits {
    pub fn new(adaptive: Option<bool>, budget: Option<bool>, thinks: bool) -> Self {
        let mut ways = vec![Way::Adaptive, Way::Budget];
        ways.retain(|way| match way {
            Way::Adaptive => adaptive != Some(false),
            _ => budget != Some(false),
        });
        let mut left_out = BTreeSet::new();
        if budget == Some(false) {
            // These models shape the draw themselves.
            left_out.extend(["temperature", "top_p", "top_k"]);
        }
        Self { thinks, ways, can_stop: true, left_out, last: Way::Unsaid }
    }

    fn way(&self, wanted: Option<bool>) -> Way {
        match wanted {
            Some(true) if self.thinks => self.ways.first().copied().unwrap_or(Way::Unsaid),
            Some(false) if self.thinks && self.can_stop => Way::Off,
            _ => Way::Unsaid,
        }
    }

    /// Learns from a refusal; tells what changes by it.
    pub fn learn(&mut self, refusal: &Refusal) -> Option<String> {
        let thinking = refusal.names("thinking") || refusal.message().contains("thinking");
        if thinking && self.last != Way::Unsaid {
            match self.last {
                Way::Off => self.can_stop = false,
                way => self.ways.retain(|other| *other != way),
            }
            self.last = Way::Unsaid;
            return Some("thinking".to_owned());
        }
        let optional = ["temperature", "top_p", "top_k", "stop_sequences", "cache_control"];
        let named = |name: &&str| {
            (refusal.names(name) || refusal.message().contains(*name))
                && !self.left_out.contains(*name)
        };
        let name = optional.into_iter().find(named)?;
        self.left_out.insert(name);
        Some(name.to_owned())
    }
}

/// How requests for a model look.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    pub model: &'a str,
    pub max_tokens: usize,
    pub memory: &'a Memory,
}

impl Shape<'_> {
    pub fn body(&self, chat: &Chat, options: &GenerateOptions, habits: &mut Habits) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| {
            if !habits.left_out.contains(name) {
                body.insert(name.to_owned(), value);
            }
        };
        let caches = !habits.left_out.contains("cache_control");
        set("model", self.model.into());
        let mut most = options.max_tokens.unwrap_or(self.max_tokens);
        let (system, mut messages, signed) = self.messages(chat);
        let mut way = habits.way(chat.thinking);
        if way == Way::Budget && !signed {
            // With a budget, a turn that calls tools must begin with its
            // signed thoughts. They are lost: it ends without thinking.
            way = Way::Unsaid;
        }
        match way {
            Way::Adaptive => set("thinking", json!({"type": "adaptive", "display": "summarized"})),
            Way::Budget => {
                let budget = THINKING_TOKENS.min(self.max_tokens / 2).max(1024);
                // It counts as part of the answer.
                most = (most + budget).max(budget + 1);
                set("thinking", json!({"type": "enabled", "budget_tokens": budget}));
            }
            Way::Off => set("thinking", json!({"type": "disabled"})),
            Way::Unsaid => {}
        }
        set("max_tokens", most.into());
        if !chat.tools.is_empty() {
            let mut tools: Vec<Value> = chat
                .tools
                .iter()
                .map(|tool| {
                    json!({
                        "name": tool.name,
                        "description": tool.description,
                        "input_schema": tool.parameters,
                    })
                })
                .collect();
            mark(tools.last_mut(), caches);
            set("tools", tools.into());
        }
        if !system.is_empty() {
            let mut system: Vec<Value> =
                system.into_iter().map(|text| json!({"type": "text", "text": text})).collect();
            mark(system.last_mut(), caches);
            set("system", system.into());
        }
        // What was said so far is the beginning of the next request.
        let last = messages.last_mut().and_then(|message| message.get_mut("content"));
        mark(last.and_then(Value::as_array_mut).and_then(|blocks| blocks.last_mut()), caches);
        set("messages", messages.into());
        set("stream", true.into());
        // The API refuses one of blanks alone; it is found by ourselves.
        let stop: Vec<_> = options.stop.iter().filter(|stop| !stop.trim().is_empty()).collect();
        if !stop.is_empty() {
            set("stop_sequences", json!(stop));
        }
        let sampling = &options.sampling;
        if matches!(way, Way::Off | Way::Unsaid) {
            // Newer models take one of the two.
            if sampling.top_p < 1.0 && sampling.temperature >= 1.0 {
                set("top_p", decimal(sampling.top_p));
            } else {
                set("temperature", decimal(sampling.temperature.min(1.0)));
            }
            if sampling.top_k > 0 {
                set("top_k", sampling.top_k.into());
            }
        }
        habits.last = way;
        body.into()
    }

    /// The instructions, the conversation, and whether all calls since the
    /// person last spoke stand with their signed thoughts.
    fn messages(&self, chat: &Chat) -> (Vec<String>, Vec<Value>, bool) {
        let mut system = Vec::new();
        let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
        let mut signed = true;
        for message in &chat.messages {
            let (role, blocks) = match message.role {
                Role::System if messages.is_empty() => {
                    if !message.content.is_empty() {
                        system.push(message.content.clone());
                    }
                    continue;
                }
                Role::Assistant => {
                    let kept = carried(message, self.model).or_else(|| self.memory.find(message));
                    signed &= kept.is_some() || message.tool_calls.is_empty();
                    ("assistant", kept.map_or_else(|| spoken(message), <[Value]>::to_vec))
                }
                Role::Tool => ("user", vec![result(message)]),
                _ => {
                    signed = true;
                    ("user", content(message))
                }
            };
            if blocks.is_empty() {
                continue;
            }
            match messages.last_mut() {
                // All results of one answer's calls stand in one message.
                Some((last, before)) if *last == role => before.extend(blocks),
                _ => messages.push((role, blocks)),
            }
        }
        let written = |(role, content)| json!({"role": role, "content": content});
        (system, messages.into_iter().map(written).collect(), signed)
    }
}

/// Asks to keep what comes before, this included.
fn mark(block: Option<&mut Value>, caches: bool) {
    if let Some(block) = block.filter(|block| caches && !super::memory::is_thinking(block)) {
        block["cache_control"] = json!({"type": "ephemeral"});
    }
}

fn spoken(message: &Message) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !message.content.trim().is_empty() {
        blocks.push(json!({"type": "text", "text": message.content}));
    }
    blocks.extend(message.tool_calls.iter().map(|call| {
        json!({
            "type": "tool_use",
            "id": id(&call.id),
            "name": call.name,
            "input": object(&call.arguments),
        })
    }));
    blocks
}

/// Arguments as an object: what was none has to be one.
pub fn object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::String(text) => json!({"unreadable": text}),
        other => json!({"unreadable": other}),
    }
}

fn result(message: &Message) -> Value {
    let id = id(message.tool_call_id.as_deref().unwrap_or_default());
    if message.images.is_empty() {
        return json!({"type": "tool_result", "tool_use_id": id, "content": message.content});
    }
    json!({"type": "tool_result", "tool_use_id": id, "content": content(message)})
}

fn content(message: &Message) -> Vec<Value> {
    let mut blocks: Vec<Value> = message
        .images
        .iter()
        .map(|image| {
            json!({"type": "image", "source": {
                "type": "base64",
                "media_type": image.media_type,
                "data": image.base64,
            }})
        })
        .collect();
    if !message.content.trim().is_empty() {
        blocks.push(json!({"type": "text", "text": message.content}));
    }
    blocks
}

/// A call's name in letters that the API takes: another server may have
/// given it.
fn id(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let id: String = id.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if id.is_empty() { "_".to_owned() } else { id }
}
