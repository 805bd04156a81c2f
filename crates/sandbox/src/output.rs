use std::collections::VecDeque;

use serde::Serialize;

/// What a command printed: its beginning and its end, and how much was left
/// out between them. Bytes that are no UTF-8 stand as `U+FFFD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Output {
    /// The beginning, or all of it.
    pub head: String,
    /// Bytes that were left out.
    pub elided_bytes: u64,
    /// The end, where something was left out.
    pub tail: String,
    /// Bytes in all.
    pub total_bytes: u64,
}

impl Output {
    /// The whole as one text, with a line that tells how much is missing.
    pub fn text(&self) -> String {
        if self.elided_bytes == 0 {
            return format!("{}{}", self.head, self.tail);
        }
        format!("{}\n[{} bytes left out]\n{}", self.head, self.elided_bytes, self.tail)
    }
}

/// Keeps the beginning and the end of a stream.
#[derive(Debug)]
pub(crate) struct Keeper {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Keeper {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { half: limit_bytes / 2, head: Vec::new(), tail: VecDeque::new(), total: 0 }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        self.tail.extend(rest);
        let beyond = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..beyond);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn finish(self) -> Output {
        let mut tail: Vec<u8> = self.tail.into();
        let elided = self.total - (self.head.len() + tail.len()) as u64;
        let mut head = self.head;
        if elided == 0 {
            head.append(&mut tail);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // A character that the gap cuts belongs to the gap.
        let whole_head = if elided == 0 { head.len() } else { head.len() - cut_end(&head) };
        let lead = tail.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
        let cut = (head.len() - whole_head) + lead;
        Output {
            head: text(&head[..whole_head]),
            elided_bytes: if elided == 0 { 0 } else { elided + cut as u64 },
            tail: text(&tail[lead..]),
            total_bytes: self.total,
        }
    }
}

/// Decodes a stream piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    rest: Vec<u8>,
}

impl Decoder {
    /// The text of a piece; a character that is not whole yet waits.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() - cut_end(&self.rest);
        let text = String::from_utf8_lossy(&self.rest[..whole]).into_owned();
        self.rest.drain(..whole);
        text
    }

    /// What still waits at the end of the stream.
    pub(crate) fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned()
    }
}

/// How many bytes at the end are the beginning of a character that is not
/// whole.
fn cut_end(bytes: &[u8]) -> usize {
    let last = &bytes[bytes.len().saturating_sub(3)..];
    for length in 1..=last.len() {
        let end = &last[last.len() - length..];
        let wanted = match end[0] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        // Not every beginning can be completed, such as that of a surrogate.
        let may_go_on = std::str::from_utf8(end).is_err_and(|error| error.error_len().is_none());
        return if wanted > length && may_go_on { length } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(limit: usize, pieces: &[&[u8]]) -> Output {
        let mut keeper = Keeper::new(limit);
        for piece in pieces {
            keeper.add(piece);
        }
        keeper.finish()
    }

    #[test]
    fn the_beginning_and_the_end_are_kept_with_a_count_between() {
        let check = |limit, pieces: &[&[u8]], text: &str| {
            let output = kept(limit, pieces);
            assert_eq!(output.text(), text);
            let sum = (output.head.len() + output.tail.len()) as u64 + output.elided_bytes;
            assert_eq!(sum, output.total_bytes, "{output:?}");
        };
        check(8, &[], "");
        check(8, &[b"12345678"], "12345678");
        check(8, &[b"123", b"4567", b"8"], "12345678");
        check(8, &[b"123456789"], "1234\n[1 bytes left out]\n6789");
        check(8, &[b"1", &[b'x'; 1_000], b"89"], "1xxx\n[995 bytes left out]\nxx89");
        check(0, &[b"12"], "\n[2 bytes left out]\n");
        // The gap takes what is left of a character.
        check(8, &["aaaä-----üzzz".as_bytes()], "aaa\n[9 bytes left out]\nzzz");
    }

    #[test]
    fn pieces_decode_to_the_text_of_the_whole() {
        let samples: [&[u8]; 7] = [
            "aä€🦀z".as_bytes(),
            b"\xff\xfe\x80abc",
            b"\xe2\x82",
            b"\xf0\x9f\xa6",
            b"\xed\xa0\x80x",
            b"\xc0\xafx\xf5\x80",
            b"\xe2\x82\xe2\x82\xac\xf0\x9f",
        ];
        for sample in samples {
            for size in 1..=sample.len() {
                let mut decoder = Decoder::default();
                let mut text: String =
                    sample.chunks(size).map(|piece| decoder.decode(piece)).collect();
                text.push_str(&decoder.finish());
                assert_eq!(text, String::from_utf8_lossy(sample), "{sample:?} by {size}");
            }
        }
    }
}
