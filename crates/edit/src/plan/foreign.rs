//! Files that are no UTF-8, as texts in which each byte that is none has a
//! sign of its own.
//!
//! The signs are private ones of Unicode that nobody assigned; a file or a
//! reply that holds one of them itself is not read this way.

use std::ops::RangeInclusive;

use crate::format::{EditAction, PatchHunk, PatchLine};

/// The sign of a byte is this number and the byte.
const FIRST: u32 = 0x10_fe00;

const SIGNS: RangeInclusive<u32> = FIRST + 0x80..=FIRST + 0xff;

/// The marks of UTF-16, in which a line of ASCII is not what it is elsewhere.
const WIDE: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// The text of a file; `None` where it holds such signs itself, or is UTF-16.
pub fn to_text(bytes: &[u8]) -> Option<String> {
    if WIDE.iter().any(|mark| bytes.starts_with(mark)) {
        return None;
    }
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        if holds_signs(chunk.valid()) {
            return None;
        }
        text.push_str(chunk.valid());
        let signs = chunk.invalid().iter();
        text.extend(signs.filter_map(|byte| char::from_u32(FIRST + u32::from(*byte))));
    }
    Some(text)
}

/// The file of such a text.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for sign in text.chars() {
        if SIGNS.contains(&u32::from(sign)) {
            bytes.extend(u8::try_from(u32::from(sign) - FIRST));
        } else {
            bytes.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    bytes
}

/// Whether an edit brings nothing but ASCII to such a file, and searches for
/// nothing that only stands for a byte.
pub fn may_take(action: &EditAction) -> bool {
    match action {
        EditAction::Replace { search, replace } => {
            let kept = |line: &str| line.is_ascii() || search.lines().any(|known| known == line);
            !holds_signs(search) && replace.lines().all(kept)
        }
        EditAction::Substitute { old, new, .. } => {
            !old.is_empty() && !holds_signs(old) && new.is_ascii()
        }
        EditAction::Patch { hunks }
        | EditAction::Rename { hunks, .. }
        | EditAction::Copy { hunks, .. } => hunks.iter().all(may_take_hunk),
        EditAction::Delete { .. } => true,
        EditAction::Write { .. } | EditAction::Create { .. } => false,
    }
}

fn may_take_hunk(hunk: &PatchHunk) -> bool {
    hunk.lines.iter().all(|line| match line {
        PatchLine::Added(text) => text.is_ascii(),
        PatchLine::Context(text) | PatchLine::Removed(text) => !holds_signs(text),
    })
}

fn holds_signs(text: &str) -> bool {
    text.chars().any(|sign| SIGNS.contains(&u32::from(sign)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_file_comes_back(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(0xf4), Just(0x8f)], 0..40)) {
            if let Some(text) = to_text(&bytes) {
                prop_assert_eq!(to_bytes(&text), bytes);
            }
        }
    }

    #[test]
    fn a_file_with_the_signs_themselves_is_not_read() {
        assert_eq!(to_text("a\u{10fee9}b\n".as_bytes()), None);
        assert_eq!(to_text(b"caf\xe9\n").as_deref(), Some("caf\u{10fee9}\n"));
        assert_eq!(to_text(b"\xff\xfeh\0\n\0"), None);
        assert_eq!(to_text(b"\xfe\xff\0h\0\n"), None);
    }
}
