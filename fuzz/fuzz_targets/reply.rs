//! A model's reply: any text gives edits, the same ones however it is cut, with
//! ranges inside the reply and lines that count from one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mlxcode_edit::{ParsedItem, ReplyParser, parse_reply};

/// The first bytes say how long the pieces are, in turn.
const CUTS: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    let Some((cuts, text)) = bytes.split_at_checked(CUTS) else { return };
    let reply = String::from_utf8_lossy(text);
    let whole = parse_reply(&reply);

    let mut parser = ReplyParser::new();
    let mut items = Vec::new();
    let mut rest = &*reply;
    for length in cuts.iter().cycle().map(|cut| usize::from(*cut) + 1) {
        if rest.is_empty() {
            break;
        }
        let end = (length..rest.len()).find(|at| rest.is_char_boundary(*at));
        let (piece, below) = rest.split_at(end.unwrap_or(rest.len()));
        items.extend(parser.push(piece));
        rest = below;
    }
    items.extend(parser.finish());
    assert_eq!(items, whole);

    for item in &whole {
        if let ParsedItem::Broken(broken) = item {
            assert!(!broken.reason.to_string().is_empty());
        }
        let (range, line) = (item.range(), item.line());
        assert!(range.start <= range.end);
        assert!(reply.get(range.start..range.end).is_some());
        assert_eq!(reply[..range.start].matches('\n').count() + 1, line);
    }
});
