//! What replies are read apart into.

mod formats;
mod property;
mod repair;
mod thinking;

use mlxcode_models::{ReplyOptions, ReplyPiece, ReplyReader, ToolSpec};
use serde_json::{Value, json};

fn tool(name: &str, properties: &Value, required: &[&str]) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("The tool {name}."),
        parameters: json!({"type": "object", "properties": properties, "required": required}),
    }
}

pub fn tools() -> Vec<ToolSpec> {
    let text = json!({"type": "string"});
    vec![
        tool("read_file", &json!({"path": text, "line": {"type": "integer"}}), &["path"]),
        tool("write_file", &json!({"path": text, "content": text}), &["path", "content"]),
        tool("list-files", &json!({"deep": {"type": "boolean"}}), &[]),
        tool(
            "edit",
            &json!({
                "edits": {"type": "array", "items": {"type": "object"}},
                "limit": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                "note": {"type": ["string", "null"]},
                "any": {},
            }),
            &[],
        ),
    ]
}

/// The pieces of `reply`, adjacent texts joined, a line each.
pub fn shown(options: &ReplyOptions, pieces: &[&str]) -> String {
    let mut reader = ReplyReader::new(options.clone());
    let mut all: Vec<ReplyPiece> = Vec::new();
    let read = pieces.iter().flat_map(|piece| reader.push(piece)).collect::<Vec<_>>();
    for piece in read.into_iter().chain(reader.finish()) {
        match (all.last_mut(), piece) {
            (Some(ReplyPiece::Text(last)), ReplyPiece::Text(text))
            | (Some(ReplyPiece::Thinking(last)), ReplyPiece::Thinking(text)) => {
                last.push_str(&text);
            }
            (_, piece) => all.push(piece),
        }
    }
    let lines = all.iter().map(|piece| match piece {
        ReplyPiece::Text(text) => format!("text {text:?}"),
        ReplyPiece::Thinking(text) => format!("thinking {text:?}"),
        ReplyPiece::ToolCall(call) => format!("{} {} {}", call.id, call.name, call.arguments),
        ReplyPiece::BrokenCall { reason, .. } => format!("broken {reason}"),
        other => format!("{other:?}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A reply gives these pieces, whole and letter by letter.
#[track_caller]
pub fn check_with(options: &ReplyOptions, reply: &str, expect: &[&str]) {
    assert_eq!(shown(options, &[reply]), expect.join("\n"), "{reply}");
    let letters: Vec<String> = reply.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    assert_eq!(shown(options, &letters), expect.join("\n"), "letter by letter: {reply}");
}

#[track_caller]
pub fn check(reply: &str, expect: &[&str]) {
    check_with(&ReplyOptions { tools: tools(), ..ReplyOptions::default() }, reply, expect);
}
