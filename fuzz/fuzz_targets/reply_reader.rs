//! A model's reply, read apart into text, thinking and calls: any text gives
//! the same pieces however it is cut, and calls only of tools that exist.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mlxcode_models::{ReplyOptions, ReplyPiece, ReplyReader, ToolSpec};

/// The first bytes say how long the pieces are, in turn, and how it begins.
const CUTS: usize = 4;

fn options(first: u8) -> ReplyOptions {
    let schema = r#"{"type": "object", "properties": {"path": {"type": "string"},
        "line": {"type": "integer"}, "all": {"type": "array"}}, "required": ["path"]}"#;
    let read_file = ToolSpec {
        name: "read_file".into(),
        description: String::new(),
        parameters: schema.parse().unwrap(),
    };
    let tools = if first & 1 == 0 { vec![read_file] } else { Vec::new() };
    ReplyOptions { tools, starts_thinking: first & 2 == 2, calls_before: 0 }
}

fn joined(pieces: Vec<ReplyPiece>) -> Vec<ReplyPiece> {
    let mut all: Vec<ReplyPiece> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (Some(ReplyPiece::Text(last)), ReplyPiece::Text(text))
            | (Some(ReplyPiece::Thinking(last)), ReplyPiece::Thinking(text)) => {
                last.push_str(&text);
            }
            (_, piece) => all.push(piece),
        }
    }
    all
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cuts, text)) = bytes.split_at_checked(CUTS) else { return };
    let reply = String::from_utf8_lossy(text);
    let options = options(cuts[0]);
    let mut reader = ReplyReader::new(options.clone());
    let mut whole = reader.push(&reply);
    whole.extend(reader.finish());
    let whole = joined(whole);

    let mut reader = ReplyReader::new(options.clone());
    let mut pieces = Vec::new();
    let mut rest = &*reply;
    for length in cuts.iter().cycle().map(|cut| usize::from(*cut) + 1) {
        if rest.is_empty() {
            break;
        }
        let end = (length..rest.len()).find(|at| rest.is_char_boundary(*at));
        let (piece, below) = rest.split_at(end.unwrap_or(rest.len()));
        pieces.extend(reader.push(piece));
        rest = below;
    }
    pieces.extend(reader.finish());
    assert_eq!(joined(pieces), whole);

    for piece in &whole {
        match piece {
            ReplyPiece::ToolCall(call) => {
                assert!(options.tools.iter().any(|tool| tool.name == call.name));
                assert!(call.arguments.is_object());
            }
            ReplyPiece::BrokenCall { reason, .. } => assert!(reason.ends_with('.')),
            _ => {}
        }
    }
});
