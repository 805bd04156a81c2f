//! What stands between the marks of a call.

use serde_json::{Map, Value};

use super::block::is_name_char;
use super::json::{self, Fault};
use super::{python, xml};

/// A call as it was written: whether its tool exists is not known yet.
#[derive(Clone, Debug)]
pub struct RawCall {
    pub name: String,
    pub arguments: RawArguments,
    /// Whether the reply may have ended before all arguments were there.
    pub may_lack: bool,
}

/// Arguments as they were written.
#[derive(Clone, Debug)]
pub enum RawArguments {
    Json(Value),
    /// Values as texts, which the tool's schema gives their types.
    Texts(Vec<(String, TextValue)>),
    /// Values without names, before those with one.
    Positional(Vec<Value>, Map<String, Value>),
    /// What stands beside a name, where nothing is called arguments.
    Flat(Map<String, Value>),
    /// The value of the only key, which is the tool's name.
    Keyed(Value),
}

/// A value that was written as a text.
#[derive(Clone, Debug)]
pub struct TextValue {
    pub text: String,
    /// What the model says of it.
    pub is_string: Option<bool>,
}

/// Why something is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fail {
    Empty,
    CutOff,
    Quote,
    NotJson,
    NoName,
    Code,
    TooMany,
}

/// The most calls between the same marks: more are a loop.
pub const MAX_CALLS: usize = 64;
/// The most arguments of a call whose arguments stand between tags.
pub const MAX_ARGUMENTS: usize = 256;

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::CutOff => Self::CutOff,
            Fault::Quote => Self::Quote,
            Fault::Other => Self::NotJson,
        }
    }
}

/// The calls of a block, and what was meant as one and is none.
pub type Calls = Vec<Result<RawCall, Fail>>;

/// Names that a call's tool and its arguments go by.
pub const NAMES: [&str; 6] = ["name", "tool_name", "function_name", "tool", "function", "action"];
/// Names that a call's arguments go by.
pub const ARGUMENTS: [&str; 9] = [
    "arguments",
    "parameters",
    "args",
    "params",
    "input",
    "tool_args",
    "kwargs",
    "action_input",
    "tool_input",
];

/// The calls of a body. `is_open` says that the reply ended in it.
pub fn read(body: &str, is_open: bool) -> Calls {
    let text = unfenced(body.trim());
    if text.is_empty() {
        return vec![Err(Fail::Empty)];
    }
    if let Some(calls) = sections(text, is_open) {
        return calls;
    }
    if xml::is_xml(text) {
        return xml::read(text, is_open);
    }
    match text.as_bytes()[0] {
        b'[' if python::is_call(text[1..].trim_start()) => python::read(text, is_open),
        b'{' | b'[' => values(text, is_open),
        _ => named(text, is_open),
    }
}

/// The inside of a fence around all of a text.
fn unfenced(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("```") else { return text };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    rest.trim_end().strip_suffix("```").unwrap_or(rest).trim()
}

/// The calls of a section: each between marks of its own.
fn sections(text: &str, is_open: bool) -> Option<Calls> {
    const BEGINS: [&str; 5] = [
        "<|tool_call_begin|>",
        "<｜tool▁call▁begin｜>",
        "<｜tool_call_begin｜>",
        "<｜tool call begin｜>",
        "<｜tool\\_call\\_begin｜>",
    ];
    const ENDS: [&str; 5] = [
        "<|tool_call_end|>",
        "<｜tool▁call▁end｜>",
        "<｜tool_call_end｜>",
        "<｜tool call end｜>",
        "<｜tool\\_call\\_end｜>",
    ];
    let (begin, close) = BEGINS.iter().zip(ENDS).find(|(begin, _)| text.starts_with(**begin))?;
    let mut calls = Calls::new();
    let mut rest = text;
    while let Some(part) = rest.strip_prefix(begin) {
        if calls.len() == MAX_CALLS {
            calls.push(Err(Fail::TooMany));
            break;
        }
        let (call, end, was_open) = section(part);
        let behind = &part[end..];
        let after = behind.find(begin).unwrap_or(behind.len());
        let is_closed = behind[..after].contains(close);
        calls
            .push(call.map(|call| RawCall { may_lack: was_open && is_open && !is_closed, ..call }));
        rest = &behind[after..];
    }
    Some(calls)
}

/// One call of a section: a name, a mark, JSON, perhaps in a fence.
fn section(text: &str) -> (Result<RawCall, Fail>, usize, bool) {
    const SEPARATORS: [&str; 5] = [
        "<|tool_call_argument_begin|>",
        "<｜tool▁sep｜>",
        "<｜tool_sep｜>",
        "<｜tool sep｜>",
        "<｜tool\\_sep｜>",
    ];
    let found = SEPARATORS.iter().find_map(|mark| Some((text.find(mark)?, mark.len())));
    let Some((at, length)) = found else { return (Err(Fail::NoName), 0, false) };
    let behind = &text[at + length..];
    let mut name = text[..at].trim();
    let mut start = at + length;
    if name == "function" && !behind.trim_start().starts_with('{') {
        // DeepSeek V3 says that it is a function, and then which.
        let line = behind.split(['\n', '{', '<', '`']).next().unwrap_or("");
        name = line.trim();
        start += line.len();
    }
    let json = text[start..].trim_start();
    let json = json.strip_prefix("```json").or_else(|| json.strip_prefix("```")).unwrap_or(json);
    let json = json.trim_start();
    start = text.len() - json.len();
    if json.is_empty() || json.starts_with('<') {
        return (Ok(RawCall::new(name, RawArguments::Json(Value::Null))), start, true);
    }
    match json::parse(json) {
        Ok(parsed) => {
            let call = RawCall::new(name, RawArguments::Json(parsed.value));
            (Ok(call), start + parsed.end, parsed.was_open)
        }
        Err(fault) => (Err(fault.into()), start, false),
    }
}

/// JSON values one after another, between commas, semicolons or nothing.
fn values(text: &str, is_open: bool) -> Calls {
    let mut calls = Calls::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',', ';', '}', ']']);
        if rest.is_empty() {
            break;
        }
        if calls.len() > MAX_CALLS {
            calls.truncate(MAX_CALLS);
            calls.push(Err(Fail::TooMany));
            break;
        }
        if !rest.starts_with(['{', '[']) {
            // A tag that closes what was never open, or words.
            if calls.is_empty() {
                calls.push(Err(Fail::NotJson));
            }
            break;
        }
        match json::parse(rest) {
            Ok(parsed) => {
                of_value(parsed.value, parsed.was_open && is_open, 0, &mut calls);
                rest = &rest[parsed.end..];
            }
            Err(fault) => {
                calls.push(Err(fault.into()));
                break;
            }
        }
    }
    if calls.is_empty() {
        calls.push(Err(Fail::Empty));
    }
    calls
}

/// The calls of a value. Lists of calls lie in one another twice at most.
pub fn of_value(value: Value, may_lack: bool, depth: usize, calls: &mut Calls) {
    match value {
        Value::Array(values) if depth < 3 => {
            for value in values {
                of_value(value, may_lack, depth + 1, calls);
            }
        }
        Value::Object(mut map) => {
            if depth < 3 && map.get("tool_calls").is_some_and(Value::is_array) {
                let list = map.remove("tool_calls").unwrap_or_default();
                return of_value(list, may_lack, depth + 1, calls);
            }
            if depth < 3
                && let Some(Value::Object(function)) = map.get("function")
            {
                let function = Value::Object(function.clone());
                return of_value(function, may_lack, depth + 1, calls);
            }
            calls.push(of_object(map, may_lack));
        }
        _ => calls.push(Err(Fail::NoName)),
    }
}

fn of_object(mut map: Map<String, Value>, may_lack: bool) -> Result<RawCall, Fail> {
    let key = NAMES.iter().find(|key| map.get(**key).is_some_and(Value::is_string));
    let Some(key) = key else {
        // `{"read_file": {"path": "a"}}`
        let mut entries = map.into_iter();
        return match (entries.next(), entries.next()) {
            (Some((name, arguments @ Value::Object(_))), None) => {
                Ok(RawCall { may_lack, ..RawCall::new(&name, RawArguments::Keyed(arguments)) })
            }
            _ => Err(Fail::NoName),
        };
    };
    let Some(Value::String(name)) = map.remove(*key) else { return Err(Fail::NoName) };
    let arguments = ARGUMENTS.iter().find(|key| map.contains_key(**key));
    let arguments = if let Some(arguments) = arguments.and_then(|key| map.remove(*key)) {
        RawArguments::Json(arguments)
    } else {
        for key in ["id", "type", "tool_call_id", "call_id", "index"] {
            map.remove(key);
        }
        RawArguments::Flat(map)
    };
    Ok(RawCall { may_lack, ..RawCall::new(&name, arguments) })
}

/// A name with something behind it: JSON, pairs of GLM, Python, or nothing.
fn named(text: &str, is_open: bool) -> Calls {
    let text = text.strip_prefix("call:").unwrap_or(text);
    let behind = text.trim_start_matches(is_name_char);
    let name = &text[..text.len() - behind.len()];
    if name.is_empty() {
        return vec![Err(Fail::NotJson)];
    }
    // Mistral's mark of an identity, and of arguments.
    let mut rest = behind.trim_start();
    if let Some(id) = rest.strip_prefix("[CALL_ID]") {
        rest = id.trim_start_matches(is_name_char);
    }
    let rest = rest.strip_prefix("[ARGS]").unwrap_or(rest).trim_start();
    if rest.starts_with("<arg_key>") {
        return xml::pairs(name, rest, is_open);
    }
    if rest.starts_with('(') || name.strip_suffix(".call").is_some() {
        return python::read(text, is_open);
    }
    let rest = unfenced(rest);
    if rest.contains("<|\"|>") || text.len() != behind.len() && python::is_loose_object(rest) {
        return python::gemma(name, rest, is_open);
    }
    if rest.starts_with('{') {
        return vec![match json::parse(rest) {
            Ok(parsed) => Ok(RawCall {
                may_lack: parsed.was_open && is_open,
                ..RawCall::new(name, RawArguments::Json(parsed.value))
            }),
            Err(fault) => Err(fault.into()),
        }];
    }
    match rest.is_empty() {
        true => {
            vec![Ok(RawCall {
                may_lack: is_open,
                ..RawCall::new(name, RawArguments::Json(Value::Null))
            })]
        }
        false => vec![Err(Fail::NotJson)],
    }
}

impl RawCall {
    pub fn new(name: &str, arguments: RawArguments) -> Self {
        Self { name: name.trim().to_owned(), arguments, may_lack: false }
    }
}
