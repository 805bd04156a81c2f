//! Messages as they lie on a stream: a head that tells the length, a blank
//! line, and so many bytes.

use std::io::{self, BufRead, Read as _};

/// The longest message that is read. The uses of a name in a large tree take
/// a few megabytes.
pub const MOST_BYTES: u64 = 64 << 20;

/// A head is two short lines.
const MOST_HEAD: u64 = 4 << 10;

/// Why no message came.
#[derive(Debug)]
pub enum FrameError {
    /// The stream ended, within a message or before it.
    Ended,
    /// The head is none.
    Malformed,
    /// It would be longer than [`MOST_BYTES`].
    TooLong(u64),
    Io,
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Ended } else { Self::Io }
    }
}

/// Reads the next message's bytes.
pub fn read(from: &mut impl BufRead) -> Result<Vec<u8>, FrameError> {
    let mut length: Option<u64> = None;
    let mut left = MOST_HEAD;
    loop {
        let mut line = Vec::new();
        let read = from.by_ref().take(left).read_until(b'\n', &mut line)? as u64;
        left -= read;
        if line.last() != Some(&b'\n') {
            return Err(if left == 0 { FrameError::Malformed } else { FrameError::Ended });
        }
        let line = std::str::from_utf8(&line).map_err(|_| FrameError::Malformed)?.trim();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(FrameError::Malformed)?;
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse().map_err(|_| FrameError::Malformed)?);
        }
    }
    let length = length.ok_or(FrameError::Malformed)?;
    if length > MOST_BYTES {
        return Err(FrameError::TooLong(length));
    }
    // Room is made as the bytes come: the head may promise more than follows.
    let mut body = Vec::new();
    let read = from.by_ref().take(length).read_to_end(&mut body)? as u64;
    if read < length { Err(FrameError::Ended) } else { Ok(body) }
}

/// A message with its head.
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut whole = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    whole.extend_from_slice(body);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], expect: &str) {
        let told = match read(&mut &bytes[..]) {
            Ok(body) => String::from_utf8_lossy(&body).into_owned(),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(told, expect, "{:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn heads_tell_how_long_a_message_is() {
        check(b"Content-Length: 2\r\n\r\n{}", "{}");
        check(b"content-length:2\nContent-Type: x\n\n{}more", "{}");
        check(b"", "Ended");
        check(b"Content-Length: 9\r\n\r\n{}", "Ended");
        check(b"Content-Length: 2\r\n", "Ended");
        check(b"\r\n{}", "Malformed");
        check(b"Content-Length: -1\r\n\r\n", "Malformed");
        check(b"hello there\r\n\r\n", "Malformed");
        check(b"Content-Length: 99999999999999999999999\r\n\r\n", "Malformed");
        check(b"Content-Length: 9999999999\r\n\r\n", "TooLong(9999999999)");
        check(&[b'a'; 9_000], "Malformed");
        check(b"\xff: 1\r\n\r\n", "Malformed");
    }

    proptest! {
        #[test]
        fn what_was_framed_is_read(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(read(&mut &framed(&body)[..]).unwrap(), body);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut &bytes[..]);
        }
    }
}
