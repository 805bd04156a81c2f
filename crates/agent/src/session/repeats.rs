//! Notices when a model does the same again and again.

use std::collections::HashMap;

use mlxcode_models::{Message, ToolCall};

/// The tail of an answer that is looked at: when all of it is one short text,
/// repeated, the model does not get out of it any more. Tables of numbers and
/// rows of dashes in real files are shorter, or not the same line by line.
const TAIL_BYTES: usize = 4_096;

/// The longest text that is looked for.
const LONGEST_UNIT: usize = 256;

/// How often the same call is answered in a turn.
const MOST_CALLS: usize = 3;

/// What a model has done in a turn.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    calls: HashMap<String, usize>,
    answers: HashMap<String, usize>,
}

/// What to do about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It is new, or may be tried again.
    Fine,
    /// The model is told that it was there before.
    Tell,
    /// It was told, and does it still.
    Stop,
}

impl Repeats {
    /// Notes a call.
    pub fn call(&mut self, call: &ToolCall) -> Again {
        let count = self.calls.entry(format!("{} {}", call.name, call.arguments)).or_default();
        *count += 1;
        match *count {
            ..=MOST_CALLS => Again::Fine,
            count if count <= 2 * MOST_CALLS => Again::Tell,
            _ => Again::Stop,
        }
    }

    /// Forgets the calls: the tree is another now, and what they tell too.
    pub fn changed(&mut self) {
        self.calls.clear();
    }

    /// Notes an answer. False where the model has given it twice before.
    pub fn answer(&mut self, message: &Message) -> bool {
        if !message.tool_calls.is_empty() {
            return true;
        }
        let count = self.answers.entry(message.content.clone()).or_default();
        *count += 1;
        *count <= 2
    }
}

/// Tells whether a text ends in nothing but repetitions.
pub(super) fn is_stuck(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(tail) = bytes.len().checked_sub(TAIL_BYTES).map(|start| &bytes[start..]) else {
        return false;
    };
    (1..=LONGEST_UNIT).any(|unit| tail[unit..] == tail[..tail.len() - unit])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_that_goes_in_a_circle_is_seen() {
        assert!(is_stuck(&"I am sorry. ".repeat(400)));
        assert!(is_stuck(&("all well, then\n".to_owned() + &"x".repeat(5_000))));
        assert!(!is_stuck(&"x".repeat(4_000)));
        let numbers: String = (0..2_000).map(|number| format!("{number}, ")).collect();
        assert!(!is_stuck(&numbers));
        let long = "a line of its own that is longer than what is looked for ".repeat(5);
        assert!(!is_stuck(&format!("{long}\n").repeat(40)), "{}", long.len());
    }

    #[test]
    fn a_call_may_come_again_but_not_for_ever() {
        let call =
            ToolCall { id: "1".into(), name: "read".into(), arguments: json!({"path": "a"}) };
        let mut repeats = Repeats::default();
        let seen: Vec<Again> = (0..7).map(|_| repeats.call(&call)).collect();
        assert_eq!(seen[..3], [Again::Fine; 3]);
        assert_eq!(seen[3..6], [Again::Tell; 3]);
        assert_eq!(seen[6], Again::Stop);
        repeats.changed();
        assert_eq!(repeats.call(&call), Again::Fine);
    }
}
