//! JSON as models write it.
//!
//! What is mended has one meaning only: a comma too many, single quotes, line
//! ends inside strings, Python's words, keys without quotes, brackets that are
//! doubled or missing at the end. A quote inside a string that nobody escaped
//! is not mended: where the string ends would be a guess.

use serde_json::{Map, Number, Value};

/// How deep values may lie in each other: as deep as `serde_json` reads.
const MAX_DEPTH: usize = 127;

/// Why a text is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It ends inside a string, or before a value.
    CutOff,
    /// A quote stands inside a string.
    Quote,
    /// Anything else.
    Other,
}

/// A value, and how it was written.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub value: Value,
    /// Where the text behind it begins.
    pub end: usize,
    /// Whether brackets were missing at the end.
    pub was_open: bool,
}

/// Reads the value at the beginning of `text`.
pub fn parse(text: &str) -> Result<Parsed, Fault> {
    let mut strict = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Some(Ok(value)) = strict.next()
        && !value.is_number()
    {
        return Ok(Parsed { value, end: strict.byte_offset(), was_open: false });
    }
    let mut reader = Reader { text, at: 0, was_open: false };
    let value = reader.value(0)?;
    Ok(Parsed { value, end: reader.at, was_open: reader.was_open })
}

/// Reads `text` where it is one value and nothing else.
pub fn parse_whole(text: &str) -> Result<Value, Fault> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let parsed = parse(text)?;
    let rest = text[parsed.end..].trim_start();
    if parsed.was_open || !rest.is_empty() { Err(Fault::Other) } else { Ok(parsed.value) }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    was_open: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        self.skip_space();
        match self.peek() {
            None => Err(Fault::CutOff),
            Some(_) if depth > MAX_DEPTH => Err(Fault::Other),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"' | b'\'') => self.string(b",}])").map(Value::String),
            Some(_) if self.smart_quote().is_some() => self.string(b",}])").map(Value::String),
            Some(_) => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        // `{{` is `{` in a prompt that was a Python format string.
        self.skip_space();
        let is_doubled = self.peek() == Some(b'{');
        self.at += usize::from(is_doubled);
        let mut map = Map::new();
        loop {
            if self.eat(b'}') {
                break;
            }
            if self.peek().is_none() {
                self.was_open = true;
                return Ok(Value::Object(map));
            }
            let key = self.key()?;
            if !self.eat(b':') {
                return Err(if self.peek().is_none() { Fault::CutOff } else { Fault::Other });
            }
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            if !self.eat(b',') && !matches!(self.peek(), Some(b'}') | None) {
                return Err(Fault::Other);
            }
        }
        if is_doubled {
            self.eat(b'}');
        }
        Ok(Value::Object(map))
    }

    fn key(&mut self) -> Result<String, Fault> {
        self.skip_space();
        if matches!(self.peek(), Some(b'"' | b'\'')) || self.smart_quote().is_some() {
            return self.string(b":");
        }
        let rest = &self.text[self.at..];
        let word =
            rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-$".contains(c));
        let length = rest.len() - word.len();
        self.at += length;
        match length {
            0 => Err(Fault::Other),
            _ => Ok(rest[..length].to_owned()),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            if self.eat(b']') {
                return Ok(Value::Array(values));
            }
            if self.peek().is_none() {
                self.was_open = true;
                return Ok(Value::Array(values));
            }
            values.push(self.value(depth + 1)?);
            if !self.eat(b',') && !matches!(self.peek(), Some(b']') | None) {
                return Err(Fault::Other);
            }
        }
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let rest = &self.text[self.at..];
        let behind =
            rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let word = &rest[..rest.len() - behind.len()];
        let value = match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" => Value::Null,
            _ => Value::Number(number(word).ok_or(Fault::Other)?),
        };
        self.at += word.len();
        Ok(value)
    }

    /// A typographic quote at the beginning, with its partner.
    fn smart_quote(&self) -> Option<(usize, &'static str)> {
        [("“", "”"), ("”", "”"), ("‘", "’"), ("’", "’")]
            .into_iter()
            .find(|(open, _)| self.text[self.at..].starts_with(open))
            .map(|(open, close)| (open.len(), close))
    }

    /// A string; `followers` may stand behind its end.
    fn string(&mut self, followers: &[u8]) -> Result<String, Fault> {
        let (length, close) = match self.smart_quote() {
            Some(quotes) => quotes,
            None if self.peek() == Some(b'"') => (1, "\""),
            None => (1, "'"),
        };
        self.at += length;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let first = close.chars().next().unwrap_or('"');
            let Some(next) = rest.find(['\\', first]) else { return Err(Fault::CutOff) };
            out.push_str(&rest[..next]);
            self.at += next;
            if rest[next..].starts_with('\\') {
                self.escape(&mut out)?;
                continue;
            }
            self.at += close.len();
            let behind = self.text[self.at..].trim_start();
            let ends = behind.bytes().next().is_none_or(|byte| followers.contains(&byte));
            if ends {
                return Ok(out);
            }
            if close == "\"" {
                return Err(Fault::Quote);
            }
            // An apostrophe.
            out.push_str(close);
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Fault> {
        let rest = &self.text[self.at + 1..];
        let Some(c) = rest.chars().next() else { return Err(Fault::CutOff) };
        self.at += 1 + c.len_utf8();
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            '"' | '\\' | '/' | '\'' => out.push(c),
            'u' => {
                let unit = self.hex()?;
                let c = match unit {
                    0xd800..=0xdbff if self.text[self.at..].starts_with("\\u") => {
                        self.at += 2;
                        let low = self.hex()?;
                        char::decode_utf16([unit, low]).next().and_then(Result::ok)
                    }
                    _ => char::from_u32(u32::from(unit)),
                };
                out.push(c.ok_or(Fault::Other)?);
            }
            // A line that is continued.
            '\n' => {}
            // `\d` of a regular expression: its backslash was meant.
            _ => {
                out.push('\\');
                out.push(c);
            }
        }
        Ok(())
    }

    fn hex(&mut self) -> Result<u16, Fault> {
        let digits = self.text[self.at..].get(..4).ok_or(Fault::CutOff)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Fault::Other);
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).map_err(|_| Fault::Other)
    }
}

/// A number of JSON, also as Python writes it: `.5`, `1.`, `+1`.
pub fn number(word: &str) -> Option<Number> {
    if let Ok(number) = serde_json::from_str(word) {
        return Some(number);
    }
    let plain = word.strip_prefix('+').unwrap_or(word);
    let is_plain = plain.bytes().all(|byte| byte.is_ascii_digit() || b"-.eE+".contains(&byte));
    if !is_plain || !plain.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Ok(whole) = plain.parse::<i64>() {
        return Some(whole.into());
    }
    plain.parse().ok().and_then(Number::from_f64)
}
