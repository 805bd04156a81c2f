//! Calls whose arguments stand between tags.

use super::body::{Calls, Fail, MAX_ARGUMENTS, MAX_CALLS, RawArguments, RawCall, TextValue};
use super::json;

/// What opens a call, what ends it, and its parameters' tags.
struct Tags {
    open: &'static str,
    close: &'static str,
    parameter: &'static str,
    parameter_close: &'static str,
}

const NOTATIONS: [Tags; 4] = [
    Tags {
        open: "<function=",
        close: "</function>",
        parameter: "<parameter",
        parameter_close: "</parameter>",
    },
    Tags {
        open: "<function name=",
        close: "</function>",
        parameter: "<parameter",
        parameter_close: "</parameter>",
    },
    Tags {
        open: "<invoke name=",
        close: "</invoke>",
        parameter: "<parameter",
        parameter_close: "</parameter>",
    },
    Tags {
        open: "<｜DSML｜invoke name=",
        close: "</｜DSML｜invoke>",
        parameter: "<｜DSML｜parameter",
        parameter_close: "</｜DSML｜parameter>",
    },
];

/// Whether `text` begins with a call between tags.
pub fn is_xml(text: &str) -> bool {
    NOTATIONS.iter().any(|tags| text.starts_with(tags.open))
}

/// The calls of a text that begins with one.
pub fn read(text: &str, is_open: bool) -> Calls {
    let mut calls = Calls::new();
    let mut rest = text;
    while let Some(tags) = NOTATIONS.iter().find(|tags| rest.starts_with(tags.open)) {
        if calls.len() == MAX_CALLS {
            calls.push(Err(Fail::TooMany));
            break;
        }
        let (call, behind) = call(&rest[tags.open.len()..], tags, is_open);
        calls.push(call);
        // What stands between calls says nothing.
        let next = NOTATIONS.iter().filter_map(|tags| behind.find(tags.open)).min();
        rest = next.map_or("", |next| &behind[next..]);
    }
    calls
}

fn call<'t>(text: &'t str, tags: &Tags, is_open: bool) -> (Result<RawCall, Fail>, &'t str) {
    let Some(at) = text.find(['>', '\n', '{']) else { return (Err(Fail::CutOff), "") };
    let name = text[..at].trim().trim_matches(['"', '\'']).to_owned();
    let mut rest = text[at..].strip_prefix('>').unwrap_or(&text[at..]);
    if rest.trim_start().starts_with('{') {
        return with_json(&name, rest.trim_start(), tags, is_open);
    }
    let mut pairs = Vec::new();
    loop {
        rest = rest.trim_start();
        if pairs.len() > MAX_ARGUMENTS {
            return (Err(Fail::TooMany), "");
        }
        if let Some(behind) = rest.strip_prefix(tags.close) {
            return (Ok(with_texts(name, pairs, false)), behind);
        }
        let Some(head) = rest.strip_prefix(tags.parameter) else {
            if !rest.is_empty() && !rest.starts_with("</") && pairs.is_empty() {
                return (Err(Fail::NotJson), rest);
            }
            // The closing tag is missing, or another follows.
            return (Ok(with_texts(name, pairs, is_open && rest.is_empty())), rest);
        };
        let Some(end) = head.find('>') else { return (Err(Fail::CutOff), "") };
        let (key, is_string) = attributes(&head[..end]);
        let value = &head[end + 1..];
        let Some((length, after)) = value_end(value, tags) else {
            if is_open {
                return (Err(Fail::CutOff), "");
            }
            pairs.push((key, TextValue { text: inner(value).to_owned(), is_string }));
            return (Ok(with_texts(name, pairs, false)), "");
        };
        pairs.push((key, TextValue { text: inner(&value[..length]).to_owned(), is_string }));
        rest = &value[after..];
    }
}

/// Where a value ends and what is behind it begins. Its closing tag counts
/// where a tag follows it; where it is missing, the next tag ends the value.
fn value_end(value: &str, tags: &Tags) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = value[from..].find(tags.parameter_close).map(|at| from + at) {
        let after = at + tags.parameter_close.len();
        let behind = value[after..].trim_start();
        if behind.is_empty()
            || behind.starts_with(tags.parameter)
            || behind.starts_with(tags.close)
            || behind.starts_with("</")
        {
            // A parameter before it that was not closed ends there.
            let next = value[..at].find(&format!("\n{}=", tags.parameter));
            return Some(next.map_or((at, after), |next| (next, next)));
        }
        from = after;
    }
    let next = value.find(&format!("\n{}=", tags.parameter)).or_else(|| value.find(tags.close))?;
    Some((next, next))
}

/// `=path` and ` name="path" string="true"`.
fn attributes(head: &str) -> (String, Option<bool>) {
    if let Some(key) = head.strip_prefix('=') {
        return (key.trim().trim_matches(['"', '\'']).to_owned(), None);
    }
    let attribute = |name: &str| {
        let at = head.find(name)? + name.len();
        let value = head[at..].trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next()?;
        match quote {
            '"' | '\'' => value[1..].split(quote).next(),
            _ => value.split_whitespace().next(),
        }
    };
    let key = attribute("name").unwrap_or_default();
    (key.to_owned(), attribute("string").map(|value| value == "true"))
}

/// A value without the one line end that templates set before and behind it.
fn inner(value: &str) -> &str {
    let value = value.strip_prefix("\r\n").or_else(|| value.strip_prefix('\n')).unwrap_or(value);
    value.strip_suffix("\r\n").or_else(|| value.strip_suffix('\n')).unwrap_or(value)
}

fn with_texts(name: String, pairs: Vec<(String, TextValue)>, may_lack: bool) -> RawCall {
    RawCall { name, arguments: RawArguments::Texts(pairs), may_lack }
}

/// `<function=name>{…}</function>`
fn with_json<'t>(
    name: &str,
    text: &'t str,
    tags: &Tags,
    is_open: bool,
) -> (Result<RawCall, Fail>, &'t str) {
    match json::parse(text) {
        Ok(parsed) => {
            let behind = text[parsed.end..].trim_start_matches(['}', ' ', '\n', '\r', '\t']);
            let call = RawCall::new(name, RawArguments::Json(parsed.value));
            let may_lack = parsed.was_open && is_open && !behind.starts_with(tags.close);
            (Ok(RawCall { may_lack, ..call }), behind)
        }
        Err(fault) => (Err(fault.into()), ""),
    }
}

/// The pairs of GLM: `<arg_key>k</arg_key><arg_value>v</arg_value>`.
pub fn pairs(name: &str, text: &str, is_open: bool) -> Calls {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while let Some(head) = rest.strip_prefix("<arg_key>") {
        if pairs.len() == MAX_ARGUMENTS {
            return vec![Err(Fail::TooMany)];
        }
        let Some((key, behind)) = head.split_once("</arg_key>") else {
            return vec![Err(Fail::CutOff)];
        };
        let Some(value) = behind.trim_start().strip_prefix("<arg_value>") else {
            return vec![Err(if is_open { Fail::CutOff } else { Fail::NotJson })];
        };
        let Some(end) = pair_end(value) else { return vec![Err(Fail::CutOff)] };
        let text = value[..end].to_owned();
        pairs.push((key.trim().to_owned(), TextValue { text, is_string: None }));
        rest = value[end..].strip_prefix("</arg_value>").unwrap_or(&value[end..]).trim_start();
    }
    vec![match rest {
        "" => Ok(with_texts(name.to_owned(), pairs, is_open)),
        _ => Err(Fail::NotJson),
    }]
}

/// A value of GLM ends before the next key; without its tag, too.
fn pair_end(value: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = value[from..].find("</arg_value>").map(|at| from + at) {
        let behind = value[at + "</arg_value>".len()..].trim_start();
        if behind.is_empty() || behind.starts_with("<arg_key>") {
            return Some(at);
        }
        from = at + 1;
    }
    value.find("<arg_key>")
}
