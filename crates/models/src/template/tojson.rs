//! The `tojson` filter as transformers defines it: Python's `json.dumps` with
//! `ensure_ascii=False`. Jinja's own escapes for HTML and would change a prompt.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// Beyond any schema of a tool; a value of a hostile template may be nested
/// deeper than the stack.
const MOST_NESTING: usize = 64;

/// Writes a value as JSON of at most about `most` bytes; `indent` spaces a level
/// where asked for.
pub fn tojson(value: &Value, options: &Kwargs, most: u64) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    // Said by some templates; it is so anyway.
    let _: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let mut text = String::new();
    write(value, indent.map(|indent| indent.min(16)), 0, most, &mut text)?;
    Ok(text)
}

fn write(
    value: &Value,
    indent: Option<usize>,
    depth: usize,
    most: u64,
    text: &mut String,
) -> Result<(), Error> {
    if text.len() as u64 > most {
        return Err(Error::new(ErrorKind::InvalidOperation, "the value is too large"));
    }
    if depth > MOST_NESTING {
        return Err(Error::new(ErrorKind::InvalidOperation, "the value is nested too deep"));
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => text.push_str("null"),
        ValueKind::Bool => text.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => text.push_str(&value.to_string()),
        ValueKind::Seq | ValueKind::Iterable => {
            text.push('[');
            let mut empty = true;
            for item in value.try_iter()? {
                separate(&mut empty, indent, depth + 1, text);
                write(&item, indent, depth + 1, most, text)?;
            }
            close(']', empty, indent, depth, text);
        }
        ValueKind::Map => {
            text.push('{');
            let mut empty = true;
            for key in value.try_iter()? {
                separate(&mut empty, indent, depth + 1, text);
                quote(&key.to_string(), text);
                text.push_str(": ");
                write(&value.get_item(&key)?, indent, depth + 1, most, text)?;
            }
            close('}', empty, indent, depth, text);
        }
        _ => quote(&value.to_string(), text),
    }
    Ok(())
}

fn separate(empty: &mut bool, indent: Option<usize>, depth: usize, text: &mut String) {
    if !std::mem::take(empty) {
        text.push_str(if indent.is_some() { "," } else { ", " });
    }
    line(indent, depth, text);
}

fn close(bracket: char, empty: bool, indent: Option<usize>, depth: usize, text: &mut String) {
    if !empty {
        line(indent, depth, text);
    }
    text.push(bracket);
}

fn line(indent: Option<usize>, depth: usize, text: &mut String) {
    if let Some(indent) = indent {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', indent * depth));
    }
}

fn quote(words: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(words).to_string());
}
