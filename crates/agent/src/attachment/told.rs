//! An attachment in the words of a message.

use mlxcode_context::MediaType;

use super::read::Attached;

impl Attached {
    /// What the model is told of it in text: its text between fences, and what
    /// was left out.
    pub fn told(&self) -> String {
        let kind = match self.media_type {
            MediaType::Pdf => "document",
            _ => "picture",
        };
        let remarks: String = self.remarks.iter().map(|one| format!("\n{one}")).collect();
        let shown = match self.images.len() {
            0 => "",
            1 => " is shown as a picture",
            _ => " is shown as pictures",
        };
        match &self.text {
            None => format!("The {kind} {}{shown}.{remarks}", self.name),
            Some(text) => {
                let fence = fence(text);
                let rest = if shown.is_empty() { "" } else { " What has no text is shown." };
                format!(
                    "The text of the {kind} {}:{rest}\n\n{fence}text\n{text}\n{fence}\n{remarks}",
                    self.name
                )
            }
        }
    }
}

/// A fence that no line of the text ends.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// A text as other programs read it, made plain: without signs that steer a
/// terminal, without blanks at ends of lines, and with one blank line at most.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.split(['\n', '\u{c}', '\r']) {
        let line: String = line.chars().filter(|c| *c == '\t' || !is_steering(*c)).collect();
        let line = line.trim_end();
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if !clean.is_empty() {
            clean.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        clean.push_str(line);
    }
    clean
}

/// Control characters, and those that turn the direction of a text, which hide
/// what a person would see.
fn is_steering(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Numbers that ascend, rows of them as a range: `1, 3 to 5`.
pub(super) fn numbers(all: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in all {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let told = ranges.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_plain() {
        for (text, expect) in [
            ("", ""),
            ("\n\n  \n", ""),
            ("a \r\nb\t\n\n\n\nc\u{c}d\n", "a\n\nb\n\nc\nd"),
            ("  in\u{1b}[31md\0ented\u{202e}", "  in[31mdented"),
        ] {
            assert_eq!(clean(text), expect);
        }
    }

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(numbers(&[1, 3, 4, 5, 8, 9]), "1, 3 to 5, 8, 9");
        assert_eq!(numbers(&[]), "");
    }

    #[test]
    fn no_text_ends_its_fence() {
        for (text, expect) in [("a", 3), ("```\nx\n```", 4), ("a ````` b", 6)] {
            assert_eq!(fence(text).len(), expect);
        }
    }
}
