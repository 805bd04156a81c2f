//! Foreign text on a terminal.

use std::borrow::Cow;

/// Makes characters visible that a terminal would obey or hide.
///
/// Line ends and tabs stay. A joiner stays after a character that is not
/// ASCII, where scripts and emoji need it; anywhere else it only hides that two
/// names differ.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Most text is plain ASCII or letters of some script; one look tells.
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for character in text.chars() {
        let joins = matches!(character, '\u{200c}' | '\u{200d}') && !before.is_ascii();
        if is_hidden(character) && !joins {
            push_picture(&mut shown, character);
        } else {
            shown.push(character);
        }
        before = character;
    }
    Cow::Owned(shown)
}

/// Whether a terminal would obey or hide the character. The second set of
/// controls is among them, and marks that reorder or hide text
/// (<https://trojansource.codes>).
fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\t' | ' '..='~' => false,
        '\0'..='\x1f'
        | '\x7f'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

fn push_picture(shown: &mut String, character: char) {
    let code = character as u32;
    match character {
        // Unicode has a picture of each of these, in the same order.
        '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + code)),
        '\x7f' => shown.push('\u{2421}'),
        _ => shown.push_str(&format!("<U+{code:04X}>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, expect) in [
            ("a\tb\nä — 語\n", "a\tb\nä — 語\n"),
            ("+evil\x1b[2K\r+good", "+evil␛[2K␍+good"),
            ("if x \u{202e}", "if x <U+202E>"),
            ("\x7f\u{9b}2J", "␡<U+009B>2J"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
            ("pass\u{200d}word", "pass<U+200D>word"),
            ("tag\u{e0041}", "tag<U+E0041>"),
        ] {
            assert_eq!(visible(text), expect);
        }
    }
}
