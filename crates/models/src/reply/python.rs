//! Calls written as Python, and values as Gemma 4 writes them.

use serde_json::{Map, Value};

use super::block::is_name_char;
use super::body::{Calls, Fail, MAX_CALLS, RawArguments, RawCall};
use super::json;

/// How deep lists and calls may lie in each other.
const MAX_DEPTH: usize = 64;

/// Whether `text` begins with `name(`.
pub fn is_call(text: &str) -> bool {
    let behind = text.trim_start_matches(is_name_char);
    behind.len() < text.len() && behind.starts_with('(')
}

/// Whether `text` is an object whose first key has no quotes.
pub fn is_loose_object(text: &str) -> bool {
    let inside = text.strip_prefix('{').unwrap_or("").trim_start();
    inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || inside.starts_with('}')
}

/// The calls of `[f(a=1), g()]`, or of one a line.
pub fn read(text: &str, is_open: bool) -> Calls {
    let mut calls = Calls::new();
    let mut reader = Reader { text, at: 0 };
    reader.skip(&['[', ' ', '\n', '\r', '\t']);
    while reader.at < text.len() {
        let before = reader.at;
        if calls.len() == MAX_CALLS {
            calls.push(Err(Fail::TooMany));
            break;
        }
        match reader.call(is_open) {
            Ok(call) => calls.push(Ok(call)),
            Err(fail) => {
                calls.push(Err(fail));
                break;
            }
        }
        reader.skip(&[',', ';', ' ', '\n', '\r', '\t']);
        if reader.eat("]") {
            reader.skip(&[' ', '\n', '\r', '\t']);
        }
        if reader.at == before {
            break;
        }
    }
    if calls.is_empty() { vec![Err(Fail::Empty)] } else { calls }
}

/// `call:name{key:<|"|>text<|"|>,other:1}`, the name already read.
pub fn gemma(name: &str, text: &str, is_open: bool) -> Calls {
    let mut reader = Reader { text, at: 0 };
    vec![match reader.value(0) {
        Ok(value @ Value::Object(_)) => Ok(RawCall::new(name, RawArguments::Json(value))),
        Ok(_) => Err(Fail::NotJson),
        Err(fail) => Err(if is_open { Fail::CutOff } else { fail }),
    }]
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip(&mut self, chars: &[char]) {
        self.at = self.text.len() - self.rest().trim_start_matches(chars).len();
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, word: &str) -> bool {
        let is_there = self.rest().starts_with(word);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn name(&mut self) -> &'t str {
        let rest = self.rest();
        let behind = rest.trim_start_matches(is_name_char);
        self.at += rest.len() - behind.len();
        &rest[..rest.len() - behind.len()]
    }

    fn call(&mut self, is_open: bool) -> Result<RawCall, Fail> {
        let name = self.name();
        if name.is_empty() {
            return Err(Fail::Code);
        }
        self.skip_space();
        if !self.eat("(") {
            return Err(if self.at == self.text.len() && is_open {
                Fail::CutOff
            } else {
                Fail::Code
            });
        }
        if name == "print" {
            self.skip_space();
            let call = self.call(is_open)?;
            self.skip_space();
            return if self.eat(")") { Ok(call) } else { Err(Fail::Code) };
        }
        let name = name.strip_suffix(".call").unwrap_or(name);
        let name = name.strip_prefix("default_api.").unwrap_or(name);
        let (mut values, mut named) = (Vec::new(), Map::new());
        loop {
            self.skip_space();
            if self.eat(")") {
                break;
            }
            if self.rest().is_empty() {
                return Err(Fail::CutOff);
            }
            match self.keyword() {
                Some(key) => {
                    let value = self.value(0)?;
                    named.insert(key.to_owned(), value);
                }
                None if named.is_empty() => values.push(self.value(0)?),
                None => return Err(Fail::Code),
            }
            self.skip_space();
            if !self.eat(",") && !self.rest().starts_with(')') && !self.rest().is_empty() {
                return Err(Fail::Code);
            }
        }
        let arguments = match values.is_empty() {
            true => RawArguments::Json(Value::Object(named)),
            false => RawArguments::Positional(values, named),
        };
        Ok(RawCall::new(name, arguments))
    }

    /// `key=`, but not `key==`.
    fn keyword(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let behind = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let key = &rest[..rest.len() - behind.len()];
        let value = behind.trim_start().strip_prefix('=')?;
        if key.is_empty() || value.starts_with('=') {
            return None;
        }
        self.at = self.text.len() - value.len();
        Some(key)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fail> {
        self.skip_space();
        if depth > MAX_DEPTH {
            return Err(Fail::NotJson);
        }
        let rest = self.rest();
        if self.eat("<|\"|>") {
            let (text, _) = rest[5..].split_once("<|\"|>").ok_or(Fail::CutOff)?;
            self.at += text.len() + 5;
            return Ok(Value::String(text.to_owned()));
        }
        match rest.bytes().next() {
            None => Err(Fail::CutOff),
            Some(b'[' | b'(') => {
                let close = if self.eat("[") { "]" } else { ")" };
                self.eat("(");
                let mut values = Vec::new();
                loop {
                    self.skip_space();
                    if self.eat(close) {
                        return Ok(Value::Array(values));
                    }
                    values.push(self.value(depth + 1)?);
                    self.skip_space();
                    if !self.eat(",") && !self.rest().starts_with(close) {
                        return Err(self.bad());
                    }
                }
            }
            Some(b'{') => self.object(depth),
            Some(b'"' | b'\'' | b'r' | b'f') if self.opens_string() => self.strings(),
            Some(_) => self.word(),
        }
    }

    fn bad(&self) -> Fail {
        if self.rest().is_empty() { Fail::CutOff } else { Fail::NotJson }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fail> {
        self.at += 1;
        let mut map = Map::new();
        loop {
            self.skip_space();
            if self.eat("}") {
                return Ok(Value::Object(map));
            }
            let key = match self.rest().bytes().next() {
                None => return Err(Fail::CutOff),
                Some(b'"' | b'\'' | b'<') => match self.value(depth + 1)? {
                    Value::String(key) => key,
                    _ => return Err(Fail::NotJson),
                },
                Some(_) => {
                    let end = self.rest().find([':', '}', ',', '\n']).ok_or(Fail::CutOff)?;
                    let key = self.rest()[..end].trim();
                    self.at += end;
                    key.to_owned()
                }
            };
            self.skip_space();
            if key.is_empty() || !self.eat(":") {
                return Err(self.bad());
            }
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            self.skip_space();
            if !self.eat(",") && !self.rest().starts_with('}') {
                return Err(self.bad());
            }
        }
    }

    fn opens_string(&self) -> bool {
        let rest = self.rest();
        let bare = rest.strip_prefix(['r', 'f']).unwrap_or(rest);
        bare.starts_with(['"', '\''])
    }

    /// Strings side by side are one.
    fn strings(&mut self) -> Result<Value, Fail> {
        let mut out = String::new();
        loop {
            self.string(&mut out)?;
            let before = self.at;
            self.skip_space();
            if !self.opens_string() {
                self.at = before;
                return Ok(Value::String(out));
            }
        }
    }

    fn string(&mut self, out: &mut String) -> Result<(), Fail> {
        let is_raw = self.eat("r");
        if self.eat("f") {
            // Its value is not known here.
            return Err(Fail::Code);
        }
        let rest = self.rest();
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote));
        let Some(quote) = quote else { return Err(Fail::NotJson) };
        self.at += quote.len();
        loop {
            let rest = self.rest();
            let Some(next) = rest.find(['\\', char::from(quote.as_bytes()[0])]) else {
                return Err(Fail::CutOff);
            };
            out.push_str(&rest[..next]);
            self.at += next;
            if self.eat(quote) {
                return Ok(());
            }
            let mut chars = rest[next..].chars();
            let (first, second) = (chars.next(), chars.next());
            if first != Some('\\') {
                // A single quote inside three.
                out.extend(first);
                self.at += 1;
                continue;
            }
            let Some(second) = second else { return Err(Fail::CutOff) };
            self.at += 1 + second.len_utf8();
            match second {
                _ if is_raw => out.extend(['\\', second]),
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                '\\' | '\'' | '"' => out.push(second),
                '\n' => {}
                _ => out.extend(['\\', second]),
            }
        }
    }

    fn word(&mut self) -> Result<Value, Fail> {
        let rest = self.rest();
        let behind =
            rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-._".contains(c));
        let word = &rest[..rest.len() - behind.len()];
        let value = match word {
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            "None" | "null" => Value::Null,
            _ => Value::Number(json::number(word).ok_or(Fail::Code)?),
        };
        self.at += word.len();
        Ok(value)
    }
}
