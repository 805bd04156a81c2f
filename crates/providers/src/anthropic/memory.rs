//! Answers as they came, for what a conversation cannot hold.

use std::collections::VecDeque;

use mlxcode_models::{Kept, Message};
use serde_json::Value;

/// Answers that are remembered. A turn has some dozens at most, and the
/// thoughts of earlier turns are not asked for.
const MOST_ANSWERS: usize = 256;

/// The most bytes of what is remembered.
const MOST_BYTES: usize = 16 << 20;

/// The latest answers that hold signed thoughts.
#[derive(Debug, Default)]
pub struct Memory {
    answers: VecDeque<(usize, Vec<Value>)>,
    bytes: usize,
}

impl Memory {
    /// Keeps the blocks of an answer, if there is thinking among them.
    pub fn keep(&mut self, blocks: Vec<Value>) {
        if !blocks.iter().any(is_thinking) {
            return;
        }
        let bytes: usize = blocks.iter().map(|block| block.to_string().len()).sum();
        self.bytes += bytes;
        self.answers.push_back((bytes, blocks));
        while self.answers.len() > MOST_ANSWERS || self.bytes > MOST_BYTES {
            let Some((bytes, _)) = self.answers.pop_front() else { break };
            self.bytes -= bytes;
        }
    }

    /// The blocks that a message was, if it still says the same.
    pub fn find(&self, message: &Message) -> Option<&[Value]> {
        let same = |blocks: &&(usize, Vec<Value>)| says(&blocks.1, message);
        self.answers.iter().rev().find(same).map(|(_, blocks)| &**blocks)
    }
}

/// The protocol that what is kept belongs to.
const PROTOCOL: &str = "anthropic";

/// The most bytes that a message carries along: an answer's thoughts have some
/// hundred thousand at most. Longer ones are remembered here alone.
const MOST_KEPT_BYTES: usize = 1 << 20;

/// What a message carries along, so that the thoughts are there when the
/// conversation goes on in another process: an answer's blocks, if there is
/// thinking among them.
pub fn to_keep(model: &str, blocks: &[Value]) -> Option<Kept> {
    if !blocks.iter().any(is_thinking) {
        return None;
    }
    let value = Value::Array(blocks.to_vec());
    let fits = value.to_string().len() <= MOST_KEPT_BYTES;
    fits.then(|| Kept { protocol: PROTOCOL.to_owned(), model: model.to_owned(), value })
}

/// The blocks that a message carries along, if they are of this model and the
/// message still says the same.
pub fn carried<'m>(message: &'m Message, model: &str) -> Option<&'m [Value]> {
    let kept = message.kept.as_ref()?;
    let blocks = kept.value.as_array()?;
    let is_own = kept.protocol == PROTOCOL && kept.model == model;
    (is_own && says(blocks, message)).then_some(&**blocks)
}

/// Whether a block holds thinking.
pub fn is_thinking(block: &Value) -> bool {
    matches!(kind(block), "thinking" | "redacted_thinking")
}

fn kind(block: &Value) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn says(blocks: &[Value], message: &Message) -> bool {
    let field = |block: &Value, name: &str| {
        block.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let of = |wanted: &'static str| blocks.iter().filter(move |block| kind(block) == wanted);
    let text: String = of("text").map(|block| field(block, "text")).collect();
    // A call's name is unique; its arguments are the model's own.
    let calls = of("tool_use").map(|block| field(block, "id"));
    text.trim() == message.content.trim()
        && calls.eq(message.tool_calls.iter().map(|call| call.id.clone()))
}

#[cfg(test)]
mod tests {
    use mlxcode_models::ToolCall;
    use serde_json::json;

    use super::*;

    fn answer(text: &str, id: &str) -> Vec<Value> {
        vec![
            json!({"type": "thinking", "thinking": "hm", "signature": "s"}),
            json!({"type": "text", "text": text}),
            json!({"type": "tool_use", "id": id, "name": "read", "input": {}}),
        ]
    }

    fn message(text: &str, id: &str) -> Message {
        let arguments = json!({});
        let call = ToolCall { id: id.to_owned(), name: "read".to_owned(), arguments };
        Message { tool_calls: vec![call], ..Message::assistant(text) }
    }

    #[test]
    fn an_answer_is_found_while_it_says_the_same() {
        let mut memory = Memory::default();
        memory.keep(answer("look", "a"));
        memory.keep(vec![json!({"type": "text", "text": "no thoughts"})]);
        assert!(memory.find(&message("look ", "a")).is_some());
        assert!(memory.find(&message("look", "b")).is_none());
        assert!(memory.find(&message("looked", "a")).is_none());
        assert!(memory.find(&Message::assistant("no thoughts")).is_none());
    }

    #[test]
    fn it_does_not_grow() {
        let mut memory = Memory::default();
        for number in 0..MOST_ANSWERS + 10 {
            memory.keep(answer("x", &number.to_string()));
        }
        assert_eq!(memory.answers.len(), MOST_ANSWERS);
        assert!(memory.find(&message("x", "3")).is_none());
        memory.keep(answer(&"y".repeat(MOST_BYTES), "big"));
        assert_eq!((memory.answers.len(), memory.bytes), (0, 0));
    }
}
