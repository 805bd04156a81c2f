//! JSON as models write it.

use serde_json::Value;

/// Reads JSON; with its usual slips mended where it does not read as it is: raw
/// line ends in texts, commas too many, unknown escapes, the constants of
/// Python.
pub fn read(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&mended(text)).ok())
}

fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut signs = text.char_indices().peekable();
    let mut in_text = false;
    while let Some((at, sign)) = signs.next() {
        if in_text {
            match sign {
                '"' => in_text = false,
                '\n' => {
                    out.push_str("\\n");
                    continue;
                }
                '\r' => {
                    out.push_str("\\r");
                    continue;
                }
                '\t' => {
                    out.push_str("\\t");
                    continue;
                }
                '\\' => {
                    match signs.next() {
                        Some((_, '\'')) => out.push('\''),
                        Some((
                            _,
                            escaped @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u'),
                        )) => {
                            out.push('\\');
                            out.push(escaped);
                        }
                        Some((_, other)) => {
                            out.push_str("\\\\");
                            out.push(other);
                        }
                        None => {}
                    }
                    continue;
                }
                _ => {}
            }
            out.push(sign);
            continue;
        }
        match sign {
            '"' => in_text = true,
            ',' if text[at + 1..].trim_start().starts_with(['}', ']']) => continue,
            'T' | 'F' | 'N' => {
                let known = [("True", "true"), ("False", "false"), ("None", "null")];
                if let Some((name, value)) = known.iter().find(|(n, _)| text[at..].starts_with(n)) {
                    out.push_str(value);
                    for _ in 1..name.len() {
                        signs.next();
                    }
                    continue;
                }
            }
            _ => {}
        }
        out.push(sign);
    }
    out
}

/// Whether brackets and texts that a piece of JSON opens are closed.
#[derive(Clone, Debug, Default)]
pub struct Balance {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Balance {
    /// Reads on; true once all is closed.
    pub fn closes(&mut self, line: &str) -> bool {
        for byte in line.bytes() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_text {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        self.depth == 0 && !self.in_text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_mended() {
        for (text, expect) in [
            (r#"{"a": "b"}"#, Some(r#"{"a":"b"}"#)),
            ("{\"a\": \"b\nc\td\",}", Some(r#"{"a":"b\nc\td"}"#)),
            (r"[1, 2, ]", Some("[1,2]")),
            (r#"{"re": "\d+\'s \" \\d"}"#, Some(r#"{"re":"\\d+'s \" \\d"}"#)),
            (
                r#"{"all": True, "none": None, "True": "False"}"#,
                Some(r#"{"True":"False","all":true,"none":null}"#),
            ),
            (r#"{"a": "b" "c"}"#, None),
            (r#"{"a": "say "hi""}"#, None),
        ] {
            let value = read(text).map(|value| {
                let mut value = value;
                value.sort_all_objects();
                value.to_string()
            });
            assert_eq!(value.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn brackets_in_texts_do_not_count() {
        let mut balance = Balance::default();
        assert!(!balance.closes("{\"a\": \"}\\\"}\","));
        assert!(!balance.closes("\"b\": [1"));
        assert!(balance.closes("]}"));
    }
}
