//! Typographic signs and the plain ones that a model writes for them.

use std::borrow::Cow;

/// The line with plain signs: quotes, dashes, dots and blanks of ASCII, and
/// letters of full width as usual ones.
///
/// The signs are those of the Unicode blocks General Punctuation and Halfwidth
/// and Fullwidth Forms that have a plain twin on a keyboard.
pub fn plain(line: &str) -> Cow<'_, str> {
    if line.is_ascii() {
        return Cow::Borrowed(line);
    }
    let mut text = String::with_capacity(line.len());
    for sign in line.chars() {
        match sign {
            '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{2035}' => text.push('\''),
            '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{2036}' => text.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => text.push('-'),
            '\u{2026}' => text.push_str("..."),
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                text.push(' ');
            }
            '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => {}
            '\u{ff01}'..='\u{ff5e}' => {
                text.push(char::from_u32(sign as u32 - 0xff01 + 0x21).unwrap_or(sign));
            }
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_becomes_plain() {
        for (line, expect) in [
            ("say(\u{201c}hi\u{201d})", "say(\"hi\")"),
            ("it\u{2019}s", "it's"),
            ("a \u{2013} b \u{2014} c", "a - b - c"),
            ("wait\u{2026}", "wait..."),
            ("a\u{a0}=\u{3000}1", "a = 1"),
            ("\u{ff46}\u{ff08}\u{ff11}\u{ff09}\u{ff1b}", "f(1);"),
            ("a\u{200b}b", "ab"),
            ("grün \u{1f600} \u{4e2d}", "grün \u{1f600} \u{4e2d}"),
        ] {
            assert_eq!(plain(line), expect);
        }
    }
}
