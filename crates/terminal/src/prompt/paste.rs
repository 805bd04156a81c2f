//! What is pasted.

use std::sync::{Arc, Mutex, PoisonError};

/// More lines than these, or more bytes, are shown as one mark.
const SHOWN_LINES: usize = 10;
const SHOWN_BYTES: usize = 2000;
/// So much of past pastes is kept, so that they can be recalled from the
/// history of this session.
const KEPT_BYTES: usize = 64 << 20;

/// Long pastes, by the marks that stand for them. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Pastes(Arc<Mutex<Vec<(String, String)>>>);

impl Pastes {
    /// What is inserted for a pasted text.
    pub fn take(&self, pasted: &str) -> String {
        let text: String = pasted
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .chars()
            .filter(|character| !character.is_control() || matches!(character, '\n' | '\t'))
            .collect();
        let lines = text.lines().count();
        if lines <= SHOWN_LINES && text.len() <= SHOWN_BYTES {
            return text;
        }
        let what = if lines > SHOWN_LINES {
            format!("pasted {} lines", grouped(lines))
        } else {
            format!("pasted {} characters", grouped(text.chars().count()))
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((mark, _)) = kept.iter().find(|(_, same)| *same == text) {
            return mark.clone();
        }
        let mut mark = format!("[{what}]");
        let mut count = 1;
        while kept.iter().any(|(taken, _)| *taken == mark) {
            count += 1;
            mark = format!("[{what} #{count}]");
        }
        kept.push((mark.clone(), text));
        while kept.len() > 1 && kept.iter().map(|(_, text)| text.len()).sum::<usize>() > KEPT_BYTES
        {
            kept.remove(0);
        }
        mark
    }

    /// The text with what the marks in it stand for.
    pub fn expanded(&self, text: &str) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        // What a paste holds is not looked through for other marks.
        while let Some(at) = rest.find("[pasted ") {
            expanded.push_str(&rest[..at]);
            rest = &rest[at..];
            let known = kept.iter().find(|(mark, _)| rest.starts_with(mark.as_str()));
            let length = if let Some((mark, text)) = known {
                expanded.push_str(text);
                mark.len()
            } else {
                expanded.push('[');
                1
            };
            rest = &rest[length..];
        }
        expanded.push_str(rest);
        expanded
    }

    /// Where marks stand in a text, so that they can look like ones.
    pub fn marks(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marks: Vec<_> = kept
            .iter()
            .flat_map(|(mark, _)| text.match_indices(mark.as_str()))
            .map(|(at, mark)| at..at + mark.len())
            .collect();
        marks.sort_unstable_by_key(|mark| mark.start);
        marks
    }
}

/// `10,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_paste_stands_as_it_is() {
        let pastes = Pastes::default();
        assert_eq!(pastes.take("a\r\nb\rc\td\x1b[2J\u{9b}"), "a\nb\nc\td[2J");
    }

    #[test]
    fn a_long_paste_is_a_mark_until_it_is_sent() {
        let pastes = Pastes::default();
        let long = "line\n".repeat(10_000);
        let other = "[pasted 10,000 lines]\n".repeat(10_000);
        assert_eq!(pastes.take(&long), "[pasted 10,000 lines]");
        assert_eq!(pastes.take(&other), "[pasted 10,000 lines #2]");
        assert_eq!(pastes.take(&long), "[pasted 10,000 lines]");
        assert_eq!(pastes.take(&"x".repeat(3000)), "[pasted 3,000 characters]");
        let typed = "why? [pasted 10,000 lines] and [pasted 10,000 lines #2], [pasted 7 lines]";
        assert_eq!(pastes.expanded(typed), format!("why? {long} and {other}, [pasted 7 lines]"));
        assert_eq!(pastes.marks(typed), [5..26, 31..55]);
    }
}
