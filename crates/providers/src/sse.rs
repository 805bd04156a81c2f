//! Server-sent events, read as they come.
//!
//! The grammar and the steps are those of the WHATWG HTML standard, section
//! 9.2.6, "Interpreting an event stream". What it says of reconnecting (`id`,
//! `retry`) is read over: an answer of a model cannot be taken up again.

use crate::error::ProviderError;

/// The longest line: a whole answer in one event, where a server does not
/// stream, has some hundred kilobytes; a picture in it a few megabytes.
pub const MOST_LINE_BYTES: usize = 8 << 20;

/// The most bytes of the data of one event, its lines together.
pub const MOST_EVENT_BYTES: usize = 8 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// Its type; empty where the stream names none, which means `message`.
    pub kind: String,
    /// Its data: the lines, with a line feed between them.
    pub data: String,
}

/// Reads a stream of events from bytes that are cut anywhere.
///
/// ```
/// # fn main() -> Result<(), mlxcode_providers::ProviderError> {
/// use mlxcode_providers::SseParser;
///
/// let mut parser = SseParser::default();
/// let mut events = Vec::new();
/// for part in [&b"data: one\r"[..], b"\ndata: two\r\n\r", b"\n"] {
///     parser.feed(part, &mut |event| events.push(event.data))?;
/// }
/// assert_eq!(events, ["one\ntwo"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct SseParser {
    /// The line so far.
    line: Vec<u8>,
    /// A carriage return ended the last line: a line feed now belongs to it.
    after_return: bool,
    /// Something other than a byte order mark has come.
    begun: bool,
    kind: String,
    data: String,
    has_data: bool,
}

impl SseParser {
    /// Takes the next bytes and hands over what is complete. What stands
    /// unfinished at the end of a stream is no event.
    ///
    /// # Errors
    /// A line or an event that is longer than the limits.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(SseEvent),
    ) -> Result<(), ProviderError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_return) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() > MOST_LINE_BYTES {
                return Err(too_long("a line", MOST_LINE_BYTES));
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { break };
            self.after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            let mut line = std::mem::take(&mut self.line);
            self.end_of_line(&line, take)?;
            line.clear();
            self.line = line;
        }
        Ok(())
    }

    fn end_of_line(
        &mut self,
        line: &[u8],
        take: &mut dyn FnMut(SseEvent),
    ) -> Result<(), ProviderError> {
        // The mark can only be the very first thing in the stream.
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if line.is_empty() {
            let event = SseEvent {
                kind: std::mem::take(&mut self.kind),
                data: std::mem::take(&mut self.data),
            };
            if std::mem::take(&mut self.has_data) {
                take(event);
            }
            return Ok(());
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            // A comment: servers send them so that nobody hangs up.
            Some(0) => return Ok(()),
            Some(at) => {
                let value = &line[at + 1..];
                (&line[..at], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &[][..]),
        };
        match field {
            b"event" => self.kind = String::from_utf8_lossy(value).into_owned(),
            b"data" => {
                let text = String::from_utf8_lossy(value);
                if self.data.len() + text.len() + 1 > MOST_EVENT_BYTES {
                    return Err(too_long("an event", MOST_EVENT_BYTES));
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(&text);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Reads documents that stand on a line each, as Ollama sends them.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineParser {
    line: Vec<u8>,
}

impl LineParser {
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(SseEvent),
    ) -> Result<(), ProviderError> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() > MOST_LINE_BYTES {
                return Err(too_long("a line", MOST_LINE_BYTES));
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end(take);
            }
        }
        Ok(())
    }

    /// The last line may lack its end.
    pub(crate) fn end(&mut self, take: &mut dyn FnMut(SseEvent)) {
        let line = std::mem::take(&mut self.line);
        let data = String::from_utf8_lossy(&line).trim().to_owned();
        if !data.is_empty() {
            take(SseEvent { kind: String::new(), data });
        }
    }
}

fn too_long(what: &'static str, most_bytes: usize) -> ProviderError {
    ProviderError::TooLong { what, most_bytes }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(parts: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = SseParser::default();
        let mut events = Vec::new();
        for part in parts {
            parser.feed(part, &mut |event| events.push((event.kind, event.data))).unwrap();
        }
        events
    }

    #[test]
    fn reads_what_the_standard_describes() {
        let check = |stream: &str, expect: &[(&str, &str)]| {
            let own = |(kind, data): &(&str, &str)| (kind.to_string(), data.to_string());
            let expect: Vec<_> = expect.iter().map(own).collect();
            assert_eq!(parse(&[stream.as_bytes()]), expect, "{stream:?}");
            // The same bytes, one at a time.
            let single: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            assert_eq!(parse(&single), expect, "{stream:?}");
        };
        // The standard's own examples.
        check("data: YHOO\ndata: +2\ndata: 10\n\n", &[("", "YHOO\n+2\n10")]);
        check(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            &[("", "first event"), ("", "second event")],
        );
        check("data\n\ndata\ndata\n\ndata:", &[("", ""), ("", "\n")]);
        check("data:test\n\ndata: test\n\n", &[("", "test"), ("", "test")]);
        check("event: add\ndata: 1\n\ndata: 2\n\n", &[("add", "1"), ("", "2")]);
        check("data: a\rdata: b\r\r", &[("", "a\nb")]);
        check("data: a\r\n\r\ndata: b\n\r", &[("", "a"), ("", "b")]);
        check("\u{feff}data: a\n\n\u{feff}data: b\n\n", &[("", "a")]);
        check("event: lost\n\ndata: x\n\n", &[("", "x")]);
        check("retry: 10\nunknown: 1\n:\n\n", &[]);
        check("data: half", &[]);
    }

    #[test]
    fn half_a_character_is_no_panic() {
        assert_eq!(parse(&[b"data: \xc3", b"\xa9\n\n"]), [(String::new(), "é".to_owned())]);
        assert_eq!(parse(&[b"data: \xc3\n\n"]), [(String::new(), "\u{fffd}".to_owned())]);
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let long = vec![b'x'; MOST_LINE_BYTES + 1];
        assert!(SseParser::default().feed(&long, &mut |_| ()).is_err());
        assert!(LineParser::default().feed(&long, &mut |_| ()).is_err());
        let mut parser = SseParser::default();
        let half = [b"data: ".to_vec(), vec![b'x'; MOST_EVENT_BYTES / 2], b"\n".to_vec()].concat();
        assert!(parser.feed(&half, &mut |_| ()).is_ok());
        assert!(parser.feed(&half, &mut |_| ()).is_err());
    }

    #[test]
    fn lines_are_documents() {
        let mut parser = LineParser::default();
        let mut lines = Vec::new();
        parser.feed(b"{\"a\":1}\r\n\n{\"b\"", &mut |event| lines.push(event.data)).unwrap();
        parser.feed(b":2}\n{}", &mut |event| lines.push(event.data)).unwrap();
        parser.end(&mut |event| lines.push(event.data));
        assert_eq!(lines, ["{\"a\":1}", "{\"b\":2}", "{}"]);
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(
            stream in "([ \\r\\n:a\u{feff}]|data|event|data: [a-z]{0,3}|\\r\\n){0,60}",
            cuts in prop::collection::vec(0_usize..200, 0..12),
        ) {
            let bytes = stream.as_bytes();
            let whole = parse(&[bytes]);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut from = 0;
            for cut in cuts {
                parts.push(&bytes[from..cut]);
                from = cut;
            }
            parts.push(&bytes[from..]);
            prop_assert_eq!(parse(&parts), whole);
        }

        #[test]
        fn what_was_written_is_read(events in prop::collection::vec(
            ("[a-z_]{0,8}", prop::collection::vec("[^\\r\\n\u{0}]{0,20}", 1..4)), 0..8,
        )) {
            let mut stream = String::new();
            let mut expect = Vec::new();
            for (kind, lines) in &events {
                if !kind.is_empty() {
                    stream.push_str(&format!("event: {kind}\r\n"));
                }
                for line in lines {
                    stream.push_str(&format!("data: {line}\n"));
                }
                stream.push('\n');
                expect.push((kind.clone(), lines.join("\n")));
            }
            prop_assert_eq!(parse(&[stream.as_bytes()]), expect);
        }
    }
}
