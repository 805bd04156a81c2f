//! JSON as Python's `json.dump(…, indent=4)` writes it, byte for byte.

use serde_json::{Number, Value};

/// Writes a value.
pub fn dump(value: &Value) -> Vec<u8> {
    let mut text = String::new();
    write(value, 0, &mut text);
    text.into_bytes()
}

fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(value) => number(value, text),
        Value::String(value) => string(value, text),
        Value::Array(values) => {
            let values = values.iter().map(|value| (None, value));
            list(values.collect(), ['[', ']'], depth, text);
        }
        Value::Object(values) => {
            let values = values.iter().map(|(key, value)| (Some(key.as_str()), value));
            list(values.collect(), ['{', '}'], depth, text);
        }
    }
}

fn list(values: Vec<(Option<&str>, &Value)>, ends: [char; 2], depth: usize, text: &mut String) {
    text.push(ends[0]);
    let empty = values.is_empty();
    for (place, (key, value)) in values.into_iter().enumerate() {
        text.push_str(if place == 0 { "\n" } else { ",\n" });
        text.push_str(&"    ".repeat(depth + 1));
        if let Some(key) = key {
            string(key, text);
            text.push_str(": ");
        }
        write(value, depth + 1, text);
    }
    if !empty {
        text.push('\n');
        text.push_str(&"    ".repeat(depth));
    }
    text.push(ends[1]);
}

fn string(value: &str, text: &mut String) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push('"');
}

/// Whole numbers as they are, others as `repr` has them: the fewest digits that
/// mean the number, with an exponent below 1e-4 and from 1e16.
fn number(value: &Number, text: &mut String) {
    let Some(float) = value.as_f64().filter(|_| value.is_f64()) else {
        text.push_str(&value.to_string());
        return;
    };
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = float.to_string();
        text.push_str(&plain);
        if !plain.contains('.') {
            text.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        text.push_str(&format!("{digits}e{sign}{:02}", exponent.abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_python_writes_them() {
        // Each line is what CPython 3.11 prints for the line read back.
        let cases = [
            ("1e-06", "1e-06"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("1e6", "1000000.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e300", "1.5e+300"),
            ("-0.0", "-0.0"),
            ("0.1", "0.1"),
            ("151645", "151645"),
            ("-1", "-1"),
            ("[]", "[]"),
            ("{}", "{}"),
            ("[1,null]", "[\n    1,\n    null\n]"),
            (r#"{"b":{"a":true}}"#, "{\n    \"b\": {\n        \"a\": true\n    }\n}"),
            (r#""é\u007f\ud83d\ude00\"\\\n""#, r#""\u00e9\u007f\ud83d\ude00\"\\\n""#),
        ];
        for (text, expect) in cases {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(String::from_utf8(dump(&value)).unwrap(), expect, "{text}");
        }
    }
}
