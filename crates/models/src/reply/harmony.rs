//! The messages of gpt-oss: a header that says who speaks to whom, on which
//! channel, and what is said.

use super::block::is_name_char;
use super::body::{self, Calls, RawArguments, RawCall};
use super::marks::{CHANNEL, MESSAGE};
use serde_json::Value;

/// The most bytes of a header.
const MAX_HEADER_BYTES: usize = 256;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    Thought,
    Said,
    /// To this tool.
    Call(String),
}

/// The header at the beginning of `text` and where its message begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    Header(Header, usize),
    Wait,
    /// It is none.
    Nothing,
    /// The reply ends in it.
    CutOff,
}

/// Reads what stands before a message of gpt-oss.
pub fn header(text: &str, end: bool) -> Read {
    let limit = text.len().min(MAX_HEADER_BYTES);
    let limit = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let head = &text[..limit];
    let Some(at) = head.find(MESSAGE) else {
        return match head.contains('\n') || text.len() > MAX_HEADER_BYTES {
            true => Read::Nothing,
            false if end => Read::CutOff,
            false => Read::Wait,
        };
    };
    let said = &head[..at];
    if said.contains('\n') {
        return Read::Nothing;
    }
    let after = at + MESSAGE.len();
    let recipient = said.split_once("to=").map(|(_, rest)| {
        let behind = rest.trim_start_matches(is_name_char);
        &rest[..rest.len() - behind.len()]
    });
    let channel = said.rsplit_once(CHANNEL).map_or("", |(_, channel)| channel.trim());
    let header = match recipient {
        Some(name) if !matches!(name, "" | "user" | "assistant" | "all") => {
            Header::Call(name.to_owned())
        }
        _ if channel.starts_with("analysis") => Header::Thought,
        _ => Header::Said,
    };
    Read::Header(header, after)
}

/// The call of a message to `name`: JSON, or a text for its only argument.
pub fn call(name: &str, text: &str, is_open: bool) -> Calls {
    let text = text.trim();
    if text.is_empty() {
        return vec![Ok(RawCall::new(name, RawArguments::Json(Value::Null)))];
    }
    if text.starts_with('{') {
        return vec![match super::json::parse(text) {
            Ok(parsed) => Ok(RawCall {
                may_lack: parsed.was_open && is_open,
                ..RawCall::new(name, RawArguments::Json(parsed.value))
            }),
            Err(fault) => Err(body::Fail::from(fault)),
        }];
    }
    let text = Value::String(text.to_owned());
    vec![Ok(RawCall::new(name, RawArguments::Positional(vec![text], serde_json::Map::new())))]
}
