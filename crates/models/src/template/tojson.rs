//! The `tojson` filter as transformers defines it: Python's `json.dumps` with
//! `ensure_ascii=False`. Jinja's own escapes for HTML and would change a prompt.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// Beyond any schema of a tool; a value of a hostile template may be nested
/// deeper than the stack.
const MOST_NESTING: usize = 64;

/// Beyond any separator.
const MOST_SEPARATOR_BYTES: usize = 16;

/// Writes a value as JSON of at most about `most` bytes, with the options of
/// `json.dumps` that transformers takes.
pub fn tojson(value: &Value, options: &Kwargs, most: u64) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let ascii: Option<bool> = options.get("ensure_ascii")?;
    let sorted: Option<bool> = options.get("sort_keys")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    options.assert_all_used()?;
    let comma = if indent.is_some() { "," } else { ", " };
    let mut writer = Writer {
        text: String::new(),
        indent: indent.map(|indent| indent.min(16)),
        ascii: ascii.unwrap_or(false),
        sorted: sorted.unwrap_or(false),
        comma: comma.to_owned(),
        colon: ": ".to_owned(),
        most,
    };
    if let Some(separators) = separators {
        let [comma, colon]: [String; 2] =
            separators.try_into().map_err(|_| refused("there are two separators"))?;
        if comma.len() > MOST_SEPARATOR_BYTES || colon.len() > MOST_SEPARATOR_BYTES {
            return Err(refused("a separator is too long"));
        }
        (writer.comma, writer.colon) = (comma, colon);
    }
    writer.value(value, 0)?;
    Ok(writer.text)
}

fn refused(words: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, words)
}

struct Writer {
    text: String,
    indent: Option<usize>,
    ascii: bool,
    sorted: bool,
    comma: String,
    colon: String,
    most: u64,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if self.text.len() as u64 > self.most {
            return Err(refused("the value is too large"));
        }
        if depth > MOST_NESTING {
            return Err(refused("the value is nested too deep"));
        }
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                self.text.push('[');
                let mut empty = true;
                for item in value.try_iter()? {
                    self.separate(&mut empty, depth + 1);
                    self.value(&item, depth + 1)?;
                }
                self.close(']', empty, depth);
            }
            ValueKind::Map => {
                self.text.push('{');
                let mut empty = true;
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sorted {
                    keys.sort();
                }
                for key in keys {
                    self.separate(&mut empty, depth + 1);
                    self.quote(&scalar(&key).unwrap_or_else(|| key.to_string()));
                    self.text.push_str(&self.colon);
                    self.value(&value.get_item(&key)?, depth + 1)?;
                }
                self.close('}', empty, depth);
            }
            _ => match scalar(value) {
                Some(words) => self.text.push_str(&words),
                None => self.quote(&value.to_string()),
            },
        }
        Ok(())
    }

    fn separate(&mut self, empty: &mut bool, depth: usize) {
        if !std::mem::take(empty) {
            self.text.push_str(&self.comma);
        }
        self.line(depth);
    }

    fn close(&mut self, bracket: char, empty: bool, depth: usize) {
        if !empty {
            self.line(depth);
        }
        self.text.push(bracket);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }

    fn quote(&mut self, words: &str) {
        let quoted = serde_json::Value::from(words).to_string();
        if !self.ascii || quoted.is_ascii() {
            self.text.push_str(&quoted);
            return;
        }
        for character in quoted.chars() {
            if character.is_ascii() {
                self.text.push(character);
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String does not fail.
                    let _ = write!(self.text, "\\u{unit:04x}");
                }
            }
        }
    }
}

/// What stands without quotes.
fn scalar(value: &Value) -> Option<String> {
    Some(match value.kind() {
        ValueKind::Undefined | ValueKind::None => "null".to_owned(),
        ValueKind::Bool => if value.is_true() { "true" } else { "false" }.to_owned(),
        ValueKind::Number if value.is_integer() => value.to_string(),
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(number) => float(number),
            Err(_) => value.to_string(),
        },
        _ => return None,
    })
}

/// A number as Python's `repr` writes it: the shortest digits that read back,
/// with an exponent below 0.0001 and from 10^16 on.
fn float(number: f64) -> String {
    if !number.is_finite() {
        let words = if number > 0.0 { "Infinity" } else { "-Infinity" };
        return if number.is_nan() { "NaN" } else { words }.to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let sign = if exponent.starts_with('-') { '-' } else { '+' };
        return format!("{digits}e{sign}{:0>2}", exponent.trim_start_matches('-'));
    }
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_python_writes_them() {
        for (number, expected) in [
            (0.5, "0.5"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e100, "1.25e+100"),
            (-2e22, "-2e+22"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(float(number), expected);
        }
    }
}
