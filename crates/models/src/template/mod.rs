//! The model's own words around a conversation.

mod abilities;
mod chat;
mod environment;
mod meter;
mod metered;
mod substitute;
mod tojson;
mod variables;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use minijinja::{AutoEscape, Value, machinery};
use serde::Deserialize as _;
use serde_json::Value as Json;

use crate::chat::{Chat, Role};
use crate::error::{Error, Result};
use crate::reply;
use abilities::Abilities;
use chat::Shape;
use environment::Clock;
use variables::Variables;

/// The one template of an environment.
const NAME: &str = "chat";

/// A chat template, as the model's makers wrote it.
///
/// A template that can do without today's date is not told it, so that the
/// same conversation always gives the same prompt.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    /// As it was written.
    source: String,
    /// As it is compiled.
    prepared: String,
    /// Whether it cannot do without today's date.
    date: bool,
    bos_token: Option<String>,
    eos_token: Option<String>,
    /// What it can lay out, found when first asked for.
    abilities: OnceLock<Abilities>,
}

impl ChatTemplate {
    /// Compiles a template, with the tokens that begin and end a text.
    ///
    /// # Errors
    /// One that Jinja cannot read, or that no chat template needs, is refused.
    pub fn new(source: &str, bos_token: Option<String>, eos_token: Option<String>) -> Result<Self> {
        let syntax = environment::syntax().map_err(|error| refused(&error))?;
        let prepared = without_generation_tags(source);
        let prepared = metered::without_constant_products(&prepared, &syntax);
        let date = source.contains("strftime_now") && !source.contains("strftime_now is defined");
        let source = source.to_owned();
        let abilities = OnceLock::new();
        let template = Self { source, prepared, date, bos_token, eos_token, abilities };
        template.run(None).map_err(|error| refused(&error))?;
        Ok(template)
    }

    /// Lays a conversation out as the model was trained to read it. With
    /// `answer`, the text ends where the model's answer begins.
    ///
    /// The template gets what transformers' `apply_chat_template` passes: calls
    /// and tools as OpenAI writes them, arguments as objects, the name of the
    /// tool beside its answer, a thought as `reasoning_content` and `thinking`,
    /// and [`Chat::thinking`] as `enable_thinking`, `thinking` and, where the
    /// template knows nothing else, `reasoning_effort`.
    ///
    /// What it cannot lay out is said in words: instructions in front of the
    /// first question, tools, calls and answers in the notation of Hermes.
    /// What it asks for otherwise is given so: arguments as a text, calls named
    /// by nine letters, one call in a message, people and model by turns.
    pub fn render(&self, chat: &Chat, answer: bool) -> Result<String> {
        let abilities = self.abilities();
        let has_calls = chat.messages.iter().any(|message| !message.tool_calls.is_empty());
        let has_results = chat.messages.iter().any(|message| message.tool_call_id.is_some());
        let has_system = chat.messages.first().is_some_and(|first| first.role == Role::System);
        let lacks = !chat.tools.is_empty() && !abilities.tools
            || has_calls && !abilities.calls
            || has_results && !abilities.results
            || has_system && !abilities.system;
        let chat = if lacks {
            Cow::Owned(substitute::substituted(chat, abilities))
        } else {
            Cow::Borrowed(chat)
        };
        let render = |chat: &Chat| self.render_shaped(chat, answer, abilities.shape);
        let error = match render(&chat) {
            Err(error) => error,
            rendered => return rendered,
        };
        // Some have people and model speak by turns.
        let by_turns = substitute::by_turns(&chat);
        let is_other = by_turns != *chat;
        if let Some(text) = is_other.then(|| render(&by_turns).ok()).flatten() {
            return Ok(text);
        }
        if !has_calls && !has_results {
            return Err(error);
        }
        // Some take one call at a time, some no call behind an answer.
        let said = Abilities { calls: false, results: false, ..abilities };
        let said = substitute::substituted(&chat, said);
        let others = [
            substitute::with_single_calls(&chat),
            substitute::with_single_calls(&by_turns),
            substitute::by_turns(&said),
        ];
        others.iter().find_map(|chat| render(chat).ok()).ok_or(error)
    }

    /// Whether it tells of tools by itself.
    pub fn tells_tools(&self) -> bool {
        self.abilities().tools
    }

    /// Whether a model can be told through it to think, or not to.
    pub fn tells_thinking(&self) -> bool {
        self.abilities().thinking
    }

    /// The mark with which a prompt opens the thought that the answer goes on
    /// with, such as `<think>`.
    pub fn opened_thought(prompt: &str) -> Option<&'static str> {
        reply::thought_at_end(prompt)
    }

    fn abilities(&self) -> Abilities {
        *self.abilities.get_or_init(|| Abilities::of(self))
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders with the variables that transformers' `apply_chat_template`
    /// passes, as a JSON object: `messages`, `tools`, `documents`,
    /// `add_generation_prompt` and whatever else the template knows, keys in the
    /// order they stand. The special tokens are added. `now` is what
    /// `strftime_now` tells, in UTC; without it, a template that can do without
    /// the date does.
    pub fn render_json(&self, variables: &str, now: Option<SystemTime>) -> Result<String> {
        let Variables(given) = serde_json::from_str(variables)
            .map_err(|error| Error::Template { reason: error.to_string() })?;
        self.run_with(given, variables.len(), now)
    }

    fn render_shaped(&self, chat: &Chat, answer: bool, shape: Shape) -> Result<String> {
        let variables = chat::variables(chat, answer, shape, &self.source);
        let Variables(given) = Variables::deserialize(&variables)
            .map_err(|error| Error::Template { reason: error.to_string() })?;
        self.run_with(given, chat_bytes(&variables), None)
    }

    fn run_with(
        &self,
        given: BTreeMap<String, Value>,
        said: usize,
        now: Option<SystemTime>,
    ) -> Result<String> {
        let usual = [
            ("bos_token", token(self.bos_token.as_ref())),
            ("eos_token", token(self.eos_token.as_ref())),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let mut root: BTreeMap<String, Value> =
            usual.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        root.extend(given);
        let root = Value::from(root);
        self.run(Some((root, said, now))).map_err(|error| refused(&error))
    }

    /// Compiles the template, and renders it where there is a conversation, of
    /// so many bytes.
    fn run(
        &self,
        conversation: Option<(Value, usize, Option<SystemTime>)>,
    ) -> Result<String, minijinja::Error> {
        let said = conversation.as_ref().map_or(0, |(_, said, _)| *said);
        let now = conversation.as_ref().and_then(|(.., now)| *now);
        let clock = now.map_or(if self.date { Clock::Today } else { Clock::None }, Clock::Fixed);
        let meter = Arc::new(meter::Meter::new(said + self.prepared.len()));
        let mut environment = environment::environment(clock, &meter)?;
        environment.add_template(NAME, &self.prepared)?;
        let template = environment.get_template(NAME)?;
        let compiled = machinery::get_compiled_template(&template);
        let instructions = metered::metered(&compiled.instructions, NAME)?;
        let mut text = String::new();
        let Some((root, ..)) = conversation else { return Ok(text) };
        let blocks = BTreeMap::new();
        let mut output = machinery::make_string_output(&mut text);
        let escape = AutoEscape::None;
        machinery::eval(&environment, &instructions, root, &blocks, &mut output, escape)?;
        Ok(text)
    }
}

/// The conversation where no template lays anything out.
pub fn said(chat: &Chat) -> Chat {
    substitute::substituted(chat, Abilities { system: true, ..Abilities::default() })
}

/// As transformers calls it: a token that the model lacks is undefined, which
/// renders as nothing; `none` would render as a word.
fn token(token: Option<&String>) -> Value {
    token.map_or(Value::UNDEFINED, |token| Value::from(token.as_str()))
}

/// transformers marks the model's own words with a tag that Jinja has not; it
/// changes nothing of what is rendered.
fn without_generation_tags(source: &str) -> String {
    let mut result = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start..].find("%}") else { break };
        let (before, tag) = (&rest[..start + 2], &rest[start + 2..start + length]);
        result.push_str(before);
        let instead = match tag.trim_matches(|c: char| c.is_whitespace() || "-+".contains(c)) {
            "generation" => Some(tag.replace("generation", "if true")),
            "endgeneration" => Some(tag.replace("endgeneration", "endif")),
            _ => None,
        };
        // Another tag is not skipped, as a `%}` may stand in one of its texts.
        rest = if let Some(instead) = instead {
            result.push_str(&instead);
            &rest[start + length..]
        } else {
            &rest[start + 2..]
        };
    }
    result + rest
}

/// About how many bytes a conversation has.
fn chat_bytes(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len(),
        Json::Array(values) => values.iter().map(chat_bytes).sum(),
        Json::Object(map) => map.iter().map(|(key, value)| key.len() + chat_bytes(value)).sum(),
        _ => 4,
    }
}

fn refused(error: &minijinja::Error) -> Error {
    Error::Template { reason: error.to_string() }
}

/// Finds the template in the text of a `tokenizer_config.json`: one, or a list
/// of named ones of which `default` is meant.
pub fn of_tokenizer_config(config: &Json) -> Option<&str> {
    match config.get("chat_template")? {
        Json::String(template) => Some(template),
        Json::Array(named) => {
            let template =
                |one: &'_ Json| one.get("name").and_then(Json::as_str) == Some("default");
            let chosen = named.iter().find(|one| template(one)).or_else(|| named.first())?;
            chosen.get("template")?.as_str()
        }
        _ => None,
    }
}

/// A special token of a `tokenizer_config.json`: a text, or an object with one.
pub fn special_token(config: &Json, name: &str) -> Option<String> {
    let value = config.get(name)?;
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod chat_tests;
