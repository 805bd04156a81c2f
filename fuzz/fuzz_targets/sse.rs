//! A stream of events: any bytes are read, to the same events however they are
//! cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mlxcode_providers::SseParser;

/// The first bytes say how long the pieces are, in turn.
const CUTS: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    let Some((cuts, stream)) = bytes.split_at_checked(CUTS) else { return };
    let mut whole = Vec::new();
    let _ = SseParser::default().feed(stream, &mut |event| whole.push(event));

    let mut parser = SseParser::default();
    let mut events = Vec::new();
    let mut rest = stream;
    for length in cuts.iter().cycle().map(|cut| usize::from(*cut) + 1) {
        if rest.is_empty() {
            break;
        }
        let (piece, below) = rest.split_at(length.min(rest.len()));
        let _ = parser.feed(piece, &mut |event| events.push(event));
        rest = below;
    }
    assert_eq!(events, whole);
    assert!(whole.iter().all(|event| !event.kind.contains(['\r', '\n'])));
});
