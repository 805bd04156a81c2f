//! Foreign text on a terminal.

use std::fmt::Display;

/// Makes characters visible that a terminal would obey or hide: a file, a
/// reply or a path must not be able to repaint the diff that a person agrees
/// to. Line ends and tabs stay.
pub fn visible(text: impl Display) -> String {
    let text = text.to_string();
    if !text.chars().any(|character| picture(character).is_some()) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match picture(character) {
            Some(picture) => shown.push_str(&picture),
            None => shown.push(character),
        }
    }
    shown
}

/// What stands for a character that is not shown as it is.
fn picture(character: char) -> Option<String> {
    let code = character as u32;
    match character {
        '\n' | '\t' => None,
        // Unicode has a picture of each of these, in the same order.
        '\0'..='\x1f' => char::from_u32(0x2400 + code).map(String::from),
        '\x7f' => Some('\u{2421}'.to_string()),
        // The second set of controls; marks that reorder or hide text
        // (<https://trojansource.codes>).
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => Some(format!("<U+{code:04X}>")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a\tb\nä — 語\n"), "a\tb\nä — 語\n");
        assert_eq!(visible("+evil\x1b[2K\r+good"), "+evil␛[2K␍+good");
        assert_eq!(visible("if x \u{202e}"), "if x <U+202E>");
        assert_eq!(visible("\x7f\u{9b}2J"), "␡<U+009B>2J");
    }
}
