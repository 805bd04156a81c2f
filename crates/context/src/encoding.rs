//! Texts that are not UTF-8.
//!
//! A file with the mark of UTF-16 is read as such. Another one that is no UTF-8
//! and looks like a text of Western Europe is read as windows-1252, of which
//! Latin-1 is a part. Lines are the same in each encoding, and columns are those
//! of the text, not of the file's bytes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// How a file's text is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16 with its mark, the low byte first.
    Utf16Le,
    /// UTF-16 with its mark, the high byte first.
    Utf16Be,
    /// windows-1252, by what the bytes look like.
    Windows1252,
}

impl Encoding {
    /// Its name, as the web's standard for encodings has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }
}

/// What some bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    Text(String, Encoding),
    /// A zero byte stands in their beginning.
    Binary,
    /// A text in an encoding that is not known.
    Unknown,
}

/// Where a file with a zero byte in its beginning is taken for binary.
const BINARY_PROBE_BYTES: usize = 8 * 1024;

/// The letters of windows-1252 from 0x80 to 0x9f; those that are nothing are
/// zero. The others have the numbers of Unicode.
const LETTERS: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Fewer bytes beyond ASCII tell nothing of how they stand together.
const LEAST_TELLING: usize = 8;

/// Reads the text of some bytes.
pub fn decode(bytes: Vec<u8>) -> Decoded {
    if let Some(wide) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return utf16(wide, u16::from_le_bytes, Encoding::Utf16Le);
    }
    if let Some(wide) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return utf16(wide, u16::from_be_bytes, Encoding::Utf16Be);
    }
    if bytes[..bytes.len().min(BINARY_PROBE_BYTES)].contains(&0) {
        return Decoded::Binary;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Decoded::Text(text, Encoding::Utf8),
        Err(error) => match windows_1252(error.as_bytes()) {
            Some(text) => Decoded::Text(text, Encoding::Windows1252),
            None => Decoded::Unknown,
        },
    }
}

/// The text of a file of at most so many bytes; `None` where it holds none, or
/// cannot be read.
pub fn read(path: &Path, most_bytes: u64) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(most_bytes.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    match decode(bytes) {
        Decoded::Text(text, _) if text.len() as u64 <= most_bytes => Some(text),
        _ => None,
    }
}

/// A half of a letter, or an odd byte, is no text.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, encoding: Encoding) -> Decoded {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Decoded::Unknown;
    }
    let letters = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    match letters.collect::<Result<String, _>>() {
        // Every other byte of a program is zero too, and here whole letters.
        Ok(text) if text.contains('\0') => Decoded::Binary,
        Ok(text) => Decoded::Text(text, encoding),
        Err(_) => Decoded::Unknown,
    }
}

/// The text, where the bytes look like one.
///
/// Languages of Western Europe have single letters beyond ASCII between others.
/// Where most of them stand side by side it is another encoding: of Cyrillic
/// words, of Chinese signs of two bytes each.
fn windows_1252(bytes: &[u8]) -> Option<String> {
    let (mut beyond, mut side_by_side) = (0_usize, 0_usize);
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut before = false;
    for byte in bytes {
        let is_beyond = !byte.is_ascii();
        beyond += usize::from(is_beyond);
        side_by_side += usize::from(is_beyond && before);
        before = is_beyond;
        let letter = match byte {
            0x80..=0x9f => LETTERS[usize::from(byte - 0x80)],
            _ => char::from(*byte),
        };
        let is_text = match byte {
            b'\t' | b'\n' | b'\r' | 0x0c | 0x1b => true,
            0..=0x1f | 0x7f => false,
            _ => letter != '\0',
        };
        if !is_text {
            return None;
        }
        text.push(letter);
    }
    let is_western = beyond < LEAST_TELLING || side_by_side * 2 <= beyond;
    is_western.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], expect: &Decoded) {
        assert_eq!(decode(bytes.to_vec()), *expect, "{bytes:02x?}");
    }

    #[test]
    fn encodings_are_told_apart() {
        let text = |text: &str, encoding| Decoded::Text(text.to_owned(), encoding);
        check("né = 1\n".as_bytes(), &text("né = 1\n", Encoding::Utf8));
        check(b"n\xe9 = \x80 \x93x\x94\r\n", &text("né = € “x”\r\n", Encoding::Windows1252));
        check(b"\xff\xfeh\0\xe9\0\n\0", &text("hé\n", Encoding::Utf16Le));
        check(b"\xfe\xff\0h\xd8\x3d\xde\x00", &text("h😀", Encoding::Utf16Be));
        check(b"\xff\xfe", &text("", Encoding::Utf16Le));
        // Half of a letter, half of a pair, a zero, a byte that is no letter.
        check(b"\xff\xfeh\0\xe9", &Decoded::Unknown);
        check(b"\xfe\xff\xd8\x3d\0x", &Decoded::Unknown);
        check(b"\xff\xfeh\0\0\0", &Decoded::Binary);
        check(b"x\0y", &Decoded::Binary);
        check(b"caf\xe9 \x81", &Decoded::Unknown);
        check(b"caf\xe9 \x01", &Decoded::Unknown);
    }

    #[test]
    fn other_alphabets_are_not_taken_for_it() {
        // "// проверка порта" in KOI8-R, "// 打开网络端口" in GBK.
        check(b"// \xd0\xd2\xcf\xd7\xc5\xd2\xcb\xc1 \xd0\xcf\xd2\xd4\xc1", &Decoded::Unknown);
        check(b"// \xb4\xf2\xbf\xaa\xcd\xf8\xc2\xe7\xb6\xcb\xbf\xda", &Decoded::Unknown);
        let german = b"// Gr\xf6\xdfe der T\xfcr, \xfcber f\xfcnf M\xe4use, h\xf6rt auf";
        assert!(matches!(decode(german.to_vec()), Decoded::Text(_, Encoding::Windows1252)));
    }

    proptest! {
        #[test]
        fn lines_stay(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let count = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count();
            if let Decoded::Text(text, Encoding::Utf8 | Encoding::Windows1252) = decode(bytes.clone()) {
                prop_assert_eq!(count(text.as_bytes()), count(&bytes));
            }
        }
    }
}
