//! Diffs that were copied from a terminal.

/// The text without the escapes that colour it (ECMA-48, SGR, and the erasing
/// of a line's rest, which git writes beside it).
pub fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let body = &rest[at + 2..];
        let length = body.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
        out.push_str(&rest[..at]);
        if let Some(b'm' | b'K') = body.as_bytes().get(length) {
            rest = &body[length + 1..];
        } else {
            out.push_str("\u{1b}[");
            rest = body;
        }
    }
    out.push_str(rest);
    out
}
