//! What bytes a token stands for.

use serde_json::Value;
use tokenizers::DecoderWrapper;

/// How the text of a token in the vocabulary stands for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// One character for each byte, as GPT-2 does it.
    ByteLevel,
    /// `▁` for a space and `<0x0A>` for a byte, as `SentencePiece` does it.
    SentencePiece {
        /// Whether a space in front of the whole text is no part of it.
        strip_first_space: bool,
    },
    /// Another way: only the tokenizer itself can tell, for tokens together.
    Other,
}

impl Pieces {
    /// Recognises the ways from the decoder that `tokenizer.json` describes.
    pub fn of(decoder: Option<&DecoderWrapper>) -> Self {
        let Some(Ok(decoder)) = decoder.map(serde_json::to_value) else { return Self::Other };
        if kind(&decoder) == "ByteLevel" {
            return Self::ByteLevel;
        }
        let Some(steps) = decoder.get("decoders").and_then(Value::as_array) else {
            return Self::Other;
        };
        let kinds: Vec<&str> = steps.iter().map(kind).collect();
        let spaces = steps.first().is_some_and(|step| {
            step.pointer("/pattern/String") == Some(&Value::from("▁"))
                && step.get("content") == Some(&Value::from(" "))
        });
        match kinds[..] {
            ["ByteLevel"] => Self::ByteLevel,
            ["Replace", "ByteFallback", "Fuse"] if spaces => {
                Self::SentencePiece { strip_first_space: false }
            }
            ["Replace", "ByteFallback", "Fuse", "Strip"] if spaces && strips_one(&steps[3]) => {
                Self::SentencePiece { strip_first_space: true }
            }
            _ => Self::Other,
        }
    }

    /// Adds the bytes of a token to `bytes`.
    pub fn append(self, token: &str, bytes: &mut Vec<u8>) {
        match self {
            Self::ByteLevel => {
                let start = bytes.len();
                for character in token.chars() {
                    if let Some(byte) = byte_of(character) {
                        bytes.push(byte);
                    } else {
                        // An added token, written out.
                        bytes.truncate(start);
                        bytes.extend_from_slice(token.as_bytes());
                        return;
                    }
                }
            }
            Self::SentencePiece { .. } => match fallback_byte(token) {
                Some(byte) => bytes.push(byte),
                None => bytes.extend_from_slice(token.replace('▁', " ").as_bytes()),
            },
            Self::Other => bytes.extend_from_slice(token.as_bytes()),
        }
    }
}

fn kind(step: &Value) -> &str {
    step.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn strips_one(step: &Value) -> bool {
    let wanted = serde_json::json!({"type": "Strip", "content": " ", "start": 1, "stop": 0});
    *step == wanted
}

/// The byte that a character of GPT-2's alphabet stands for: printable bytes
/// stand for themselves, the other 68 for the characters from U+0100 on
/// (`bytes_to_unicode` in GPT-2's `encoder.py`).
fn byte_of(character: char) -> Option<u8> {
    Some(match character {
        '!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => character as u8,
        '\u{100}'..='\u{120}' => (character as u32 - 0x100) as u8,
        '\u{121}'..='\u{142}' => (character as u32 - 0x121) as u8 + 0x7f,
        '\u{143}' => 0xad,
        _ => return None,
    })
}

fn fallback_byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_character() {
        let mut bytes: Vec<u8> = ('\0'..='\u{200}').filter_map(byte_of).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
        // From the table that GPT-2 prints: space, newline, a soft hyphen.
        for (character, byte) in
            [('Ġ', b' '), ('Ċ', b'\n'), ('Ń', 0xad), ('A', b'A'), ('ł', 0xa0), ('ġ', 0x7f)]
        {
            assert_eq!(byte_of(character), Some(byte), "{character}");
        }
    }
}
