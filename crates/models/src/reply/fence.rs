//! Blocks of a reply that quote: what stands in them is text.

use super::block::is_name_char;
use super::body::{self, ARGUMENTS, Calls, RawArguments};
use super::marks::Found;
use super::python;
use super::resolve::Tools;

/// The most bytes of a line that may be a fence's.
const MAX_LINE_BYTES: usize = 256;
/// The most bytes of a fence that may hold calls: beyond, it is text.
pub const MAX_FENCE_BYTES: usize = 256 * 1024;
/// The bytes at the beginning of JSON that say whether it may be a call.
const TELLING_BYTES: usize = 64;

/// A block that quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Between fences of this character, at least so many.
    Fence { byte: u8, length: usize },
    /// From `<<<<<<< SEARCH` to `>>>>>>> REPLACE`.
    Edit,
    /// From `*** Begin Patch` to `*** End Patch`.
    Patch,
}

/// What a line does to the block around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineIs {
    Opening { quote: Quote, may_call: bool },
    Closing,
}

/// Whether the beginnings of lines may be a fence's.
pub fn may_begin(byte: u8) -> bool {
    matches!(byte, b'`' | b'~' | b'<' | b'>' | b'*')
}

/// What the line at the beginning of `text` is; its length is without its end.
pub fn line(text: &str, end: bool, quote: Option<Quote>) -> Found<LineIs> {
    let byte = text.as_bytes()[0];
    let words = match (quote, byte) {
        (None, b'<') => Some(("<<<<<<<", LineIs::Opening { quote: Quote::Edit, may_call: false })),
        (Some(Quote::Edit), b'>') => Some((">>>>>>>", LineIs::Closing)),
        (None, b'*') => {
            Some(("*** Begin Patch", LineIs::Opening { quote: Quote::Patch, may_call: false }))
        }
        (Some(Quote::Patch), b'*') => Some(("*** End Patch", LineIs::Closing)),
        _ => None,
    };
    if let Some((words, is)) = words {
        return super::marks::longest(text, end, [(words, is)].into_iter());
    }
    if byte != b'`' && byte != b'~' {
        return Found::Nothing;
    }
    let head = &text.as_bytes()[..text.len().min(MAX_LINE_BYTES)];
    let length = head.iter().take_while(|other| **other == byte).count();
    let line_end = head.iter().position(|byte| *byte == b'\n');
    let is_whole = line_end.is_some() || head.len() == MAX_LINE_BYTES || end;
    match quote {
        _ if length < 3 && length < head.len() => Found::Nothing,
        _ if !is_whole => Found::Part,
        _ if length < 3 => Found::Nothing,
        None => {
            let info = &head[length..line_end.unwrap_or(head.len())];
            if byte == b'`' && info.contains(&b'`') {
                return Found::Nothing;
            }
            let info = std::str::from_utf8(info).unwrap_or("-").trim().to_ascii_lowercase();
            let may_call = line_end.is_some() && INFOS.contains(&info.as_str());
            let quote = Quote::Fence { byte, length };
            Found::Whole(LineIs::Opening { quote, may_call }, line_end.unwrap_or(head.len()))
        }
        Some(Quote::Fence { byte: same, length: least }) => {
            let rest = &head[length..line_end.unwrap_or(head.len())];
            let is_blank = rest.iter().all(u8::is_ascii_whitespace);
            match same == byte && length >= least && is_blank {
                true => Found::Whole(LineIs::Closing, length),
                false => Found::Nothing,
            }
        }
        Some(Quote::Edit | Quote::Patch) => Found::Nothing,
    }
}

/// What models write behind a fence that holds a call.
const INFOS: [&str; 17] = [
    "",
    "json",
    "jsonc",
    "json5",
    "tool_code",
    "tool_call",
    "tool_calls",
    "tool_use",
    "tool",
    "tools",
    "function_call",
    "function",
    "function_calls",
    "xml",
    "call",
    "python",
    "py",
];

/// Keys that a call in JSON begins with.
const FIRST_KEYS: [&str; 8] =
    ["tool_calls", "type", "id", "index", "name", "tool", "function", "action"];

/// Whether a call may begin here that nothing marks: a tool's JSON or Python.
/// Only the first bytes are looked at.
pub fn may_be_call(text: &str, end: bool, tools: &Tools) -> Found<()> {
    let trimmed = text.trim_start();
    if text.len() - trimmed.len() > MAX_LINE_BYTES {
        return Found::Nothing;
    }
    let text = trimmed;
    let shown = &text[..(0..=TELLING_BYTES.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)];
    let is_all = end || text.len() > TELLING_BYTES;
    let rest = shown.trim_start_matches(['[', '{', ' ', '\n', '\r', '\t']);
    let part = if is_all { Found::Nothing } else { Found::Part };
    if rest.is_empty() {
        return part;
    }
    if !shown.starts_with(['[', '{']) || !rest.starts_with(['"', '\'', '“']) {
        // Python, or a tag.
        let rest = rest.strip_prefix("print(").unwrap_or(rest);
        let rest = rest.strip_prefix("default_api.").unwrap_or(rest);
        if "print(".starts_with(rest) || "default_api.".starts_with(rest) {
            return part;
        }
        let behind = rest.trim_start_matches(is_name_char);
        return match behind.bytes().next() {
            None => part,
            Some(b'<') if rest.starts_with('<') => Found::Whole((), 0),
            Some(b'(') if tools.has(&rest[..rest.len() - behind.len()]) => Found::Whole((), 0),
            _ => Found::Nothing,
        };
    }
    let key = rest.trim_start_matches(['"', '\'', '“']);
    let Some(length) = key.find(['"', '\'', '”']) else {
        let known = FIRST_KEYS.iter().chain(&body::NAMES).chain(&ARGUMENTS);
        let may_be = known.into_iter().any(|known| known.starts_with(key));
        return if may_be { part } else { Found::Nothing };
    };
    let key = &key[..length];
    match FIRST_KEYS.contains(&key) || body::NAMES.contains(&key) || ARGUMENTS.contains(&key) {
        true => Found::Whole((), 0),
        false => Found::Nothing,
    }
}

/// The calls of a text that nothing marks as one: all of it has to be calls
/// of tools that exist.
pub fn unmarked(text: &str, is_open: bool, tools: &Tools) -> Option<Calls> {
    let trimmed = text.trim();
    let inner = super::marks::CALLS.iter().find_map(|mark| {
        let inner = trimmed.strip_prefix(mark.open)?;
        Some(if mark.is_inside { trimmed } else { inner.strip_suffix(mark.close).unwrap_or(inner) })
    });
    let marked = inner.is_some();
    let inner = inner.unwrap_or(trimmed).trim();
    let is_call = inner.starts_with(['{', '['])
        || python::is_call(inner.strip_prefix("print(").unwrap_or(inner))
        || marked;
    if !is_call {
        return None;
    }
    let calls = body::read(inner, is_open);
    let whole = calls.iter().all(|call| match call {
        Ok(call) => {
            let is_shaped = match &call.arguments {
                RawArguments::Keyed(_) => false,
                RawArguments::Flat(map) => !map.is_empty() && tools.takes(&call.name, map),
                _ => true,
            };
            tools.has(&call.name) && (is_shaped || marked)
        }
        Err(_) => names_tool(inner, tools),
    });
    whole.then_some(calls)
}

/// Whether a text that cannot be read names a tool and its arguments.
fn names_tool(text: &str, tools: &Tools) -> bool {
    let head =
        &text[..(0..=text.len().min(256)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)];
    let quoted = |word: &str| head.contains(&format!("\"{word}\""));
    tools.names().any(quoted) && ARGUMENTS.iter().any(|word| quoted(word))
}
