//! Lines of a reply that say nothing to the block that they stand in.

/// How many bytes and lines at the beginning of `text` are quiet, in the sense
/// of `is_quiet`, which is given lines without their end. A line that ends with
/// CRLF is none, and neither is one without an end.
pub fn quiet_lines(text: &str, is_quiet: impl Fn(&[u8]) -> bool) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut end, mut lines) = (0, 0);
    for at in memchr::memchr_iter(b'\n', bytes) {
        let line = &bytes[end..at];
        if line.last() == Some(&b'\r') || !is_quiet(line) {
            break;
        }
        end = at + 1;
        lines += 1;
    }
    (end, lines)
}
