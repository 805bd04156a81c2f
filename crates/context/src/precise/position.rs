//! Places as servers tell them: a line, and a column in units that were agreed
//! on.

use serde::{Deserialize, Serialize};

/// What columns count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Code units of UTF-16, as the protocol has it unless others are agreed on.
    Utf16,
}

/// A place in a text, both from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub line: u64,
    pub character: u64,
}

impl Encoding {
    /// The one of that name; servers that tell none count as they always did.
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("utf-16") => Some(Self::Utf16),
            Some("utf-8") => Some(Self::Utf8),
            Some(_) => None,
        }
    }

    fn length(self, c: char) -> u64 {
        match self {
            Self::Utf8 => c.len_utf8() as u64,
            Self::Utf16 => c.len_utf16() as u64,
        }
    }

    /// The place of a byte of a text; of one within a character, that of the
    /// character.
    pub fn position(self, text: &str, at: usize) -> Position {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let character = before[start..].chars().map(|c| self.length(c)).sum();
        Position { line, character }
    }

    /// The byte at a place; beyond the end of a line that end, beyond the last
    /// line the end of the text.
    pub fn byte(self, text: &str, place: Position) -> usize {
        let mut start = 0;
        for _ in 0..place.line {
            match text[start..].find('\n') {
                Some(end) => start += end + 1,
                None => return text.len(),
            }
        }
        let line = text[start..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut left = place.character;
        for (at, c) in line.char_indices() {
            let length = self.length(c);
            if left < length {
                return start + at;
            }
            left -= length;
        }
        start + line.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_count_what_was_agreed_on() {
        let text = "a\r\nä𝄞b\nc";
        for (encoding, at, line, character) in [
            (Encoding::Utf8, 0, 0, 0),
            (Encoding::Utf8, 9, 1, 6),
            (Encoding::Utf16, 9, 1, 3),
            (Encoding::Utf16, 5, 1, 1),
            (Encoding::Utf16, 11, 2, 0),
        ] {
            let place = Position { line, character };
            assert_eq!(encoding.position(text, at), place, "{at}");
            assert_eq!(encoding.byte(text, place), at, "{place:?}");
        }
        // Within a character, beyond a line, beyond the text.
        assert_eq!(Encoding::Utf16.position(text, 6), Position { line: 1, character: 1 });
        let byte = |line, character| Encoding::Utf16.byte(text, Position { line, character });
        assert_eq!([byte(1, 2), byte(0, 99), byte(2, 99), byte(99, 0)], [5, 1, 12, 12]);
        assert_eq!(byte(u64::MAX, u64::MAX), 12);
    }

    proptest! {
        #[test]
        fn a_place_and_back_is_the_same(text in "[aä𝄞\n ]{0,40}", at in 0_usize..80) {
            let at = at.min(text.len());
            prop_assume!(text.is_char_boundary(at));
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                prop_assert_eq!(encoding.byte(&text, encoding.position(&text, at)), at);
            }
        }
    }
}
