//! Makes calls of tools that exist out of calls as they were written.

use serde_json::{Map, Value};

use super::ReplyPiece;
use super::arguments;
use super::body::{Fail, RawArguments, RawCall};
use super::json;
use crate::chat::{ToolCall, ToolSpec};

/// The most bytes of a name that an error repeats.
const MAX_NAME_BYTES: usize = 64;
/// The most tools that an error names.
const MAX_TOOLS: usize = 40;

/// The tools that exist, and the numbers of their calls.
#[derive(Clone, Debug)]
pub struct Tools {
    specs: Vec<ToolSpec>,
    calls: usize,
}

impl Tools {
    pub fn new(specs: Vec<ToolSpec>, calls: usize) -> Self {
        Self { specs, calls }
    }

    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// Whether this is the name of a tool, or is meant as one.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether all of these are arguments of the tool.
    pub fn takes(&self, name: &str, map: &Map<String, Value>) -> bool {
        self.find(name).is_some_and(|spec| takes(&spec.parameters, map))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.specs.iter().map(|spec| spec.name.as_str())
    }

    /// The call, or the sentence that says what is wrong with it.
    pub fn resolve(&mut self, call: Result<RawCall, Fail>) -> Result<ToolCall, String> {
        let call = call.map_err(|fail| self.say(fail))?;
        let Some(tool) = self.find(&call.name) else { return Err(self.unknown(&call.name)) };
        let name = tool.name.clone();
        let arguments = typed(call.arguments, tool)?;
        if call.may_lack
            && let Some(lacking) = arguments::lacking(&arguments, &tool.parameters)
        {
            return Err(format!(
                "The call of `{name}` ends before its argument `{lacking}`; write it again, whole."
            ));
        }
        self.calls = self.calls.saturating_add(1);
        let id = format!("call_{}", self.calls);
        Ok(ToolCall { id, name, arguments: Value::Object(arguments) })
    }

    /// The piece that a call in `text` is.
    pub fn piece(&mut self, call: Result<RawCall, Fail>, text: &str) -> ReplyPiece {
        match self.resolve(call) {
            Ok(call) => ReplyPiece::ToolCall(call),
            Err(reason) => ReplyPiece::BrokenCall { text: text.to_owned(), reason },
        }
    }

    /// A name as it is, without what stands before it, or written otherwise
    /// by case and lines only.
    fn find(&self, name: &str) -> Option<&ToolSpec> {
        let named = |name: &str| self.specs.iter().find(|spec| spec.name == name);
        if let Some(spec) = named(name) {
            return Some(spec);
        }
        let mut short = name.trim();
        for before in ["functions.", "functions::", "function.", "tools.", "tool.", "default_api."]
        {
            short = short.strip_prefix(before).unwrap_or(short);
        }
        // Kimi's number of the call.
        if let Some((head, number)) = short.rsplit_once(':')
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            short = head;
        }
        if let Some(spec) = named(short) {
            return Some(spec);
        }
        let plain = plain(short);
        let mut alike = self.specs.iter().filter(|spec| self::plain(&spec.name) == plain);
        match (alike.next(), alike.next()) {
            (Some(spec), None) if !plain.is_empty() => Some(spec),
            _ => None,
        }
    }

    fn unknown(&self, name: &str) -> String {
        let mut shown: String = name.chars().filter(|c| !c.is_control()).collect();
        if shown.len() > MAX_NAME_BYTES {
            let end = (0..=MAX_NAME_BYTES).rev().find(|at| shown.is_char_boundary(*at));
            shown.truncate(end.unwrap_or(0));
        }
        if self.specs.is_empty() {
            return format!("There is no tool `{shown}`: answer without tools.");
        }
        let mut names: Vec<&str> = self.names().take(MAX_TOOLS).collect();
        if self.specs.len() > MAX_TOOLS {
            names.push("…");
        }
        format!("There is no tool `{shown}`; there are {}.", names.join(", "))
    }

    fn say(&self, fail: Fail) -> String {
        let text = match fail {
            Fail::Empty => "The call is empty: it needs the tool's name and its arguments.",
            Fail::CutOff => "The call is cut off; write it again, whole, with a shorter text.",
            Fail::Quote => {
                "The arguments are no JSON: a quote inside a string needs a backslash before it."
            }
            Fail::NotJson => "The arguments are no valid JSON object; write the call again.",
            Fail::NoName => "The call does not say which tool it means: it needs a name.",
            Fail::Code => "This is code and no call: give each argument as name=value, literally.",
            Fail::TooMany => "These are too many calls or arguments at once; make fewer.",
        };
        text.to_owned()
    }
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

fn takes(schema: &Value, map: &Map<String, Value>) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.is_some_and(|all| map.keys().all(|key| all.contains_key(key)))
}

fn typed(arguments: RawArguments, tool: &ToolSpec) -> Result<Map<String, Value>, String> {
    let name = &tool.name;
    let no_object = || format!("The arguments of `{name}` must be a JSON object.");
    let schema = &tool.parameters;
    match arguments {
        RawArguments::Texts(pairs) => Ok(arguments::of_texts(pairs, schema)),
        RawArguments::Json(Value::Object(map)) | RawArguments::Keyed(Value::Object(map)) => {
            Ok(arguments::of_json(map, schema))
        }
        RawArguments::Json(Value::Null) => Ok(Map::new()),
        RawArguments::Json(Value::String(text)) if text.trim().is_empty() => Ok(Map::new()),
        RawArguments::Json(Value::String(text)) => match json::parse_whole(text.trim()) {
            Ok(Value::Object(map)) => Ok(arguments::of_json(map, schema)),
            _ => Err(no_object()),
        },
        RawArguments::Json(Value::Array(mut values)) if values.len() == 1 => match values.pop() {
            Some(Value::Object(map)) => Ok(arguments::of_json(map, schema)),
            _ => Err(no_object()),
        },
        RawArguments::Json(_) | RawArguments::Keyed(_) => Err(no_object()),
        RawArguments::Flat(map) if map.is_empty() || takes(schema, &map) => {
            Ok(arguments::of_json(map, schema))
        }
        RawArguments::Flat(_) => {
            Err(format!("The call of `{name}` has no `arguments`: they must be a JSON object."))
        }
        RawArguments::Positional(mut values, mut named) => {
            let required = schema.get("required").and_then(Value::as_array);
            let only = match required.map(Vec::as_slice) {
                Some([only]) => only.as_str(),
                _ => None,
            };
            match (only, values.pop(), values.is_empty()) {
                (Some(only), Some(value), true) if !named.contains_key(only) => {
                    named.insert(only.to_owned(), value);
                    Ok(arguments::of_json(named, schema))
                }
                _ => Err(format!("Each argument of `{name}` needs its name: name=value.")),
            }
        }
    }
}
