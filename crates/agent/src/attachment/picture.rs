//! The size of a picture, from its head. Nothing is decoded.

use mlxcode_context::MediaType;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
}

/// What the head of a picture says; `None` where it is damaged or of a kind
/// whose head is not read.
pub fn pixels(media_type: MediaType, bytes: &[u8]) -> Option<Pixels> {
    let (width, height) = match media_type {
        // https://www.w3.org/TR/png/#11IHDR: the first chunk, after the mark.
        MediaType::Png if bytes.get(12..16)? == b"IHDR" => {
            (big_u32(bytes, 16)?, big_u32(bytes, 20)?)
        }
        // https://www.w3.org/Graphics/GIF/spec-gif89a.txt, 18: the logical screen.
        MediaType::Gif => (little_u16(bytes, 6)?, little_u16(bytes, 8)?),
        MediaType::Bmp => bmp(bytes)?,
        MediaType::Jpeg => jpeg(bytes)?,
        MediaType::WebP => webp(bytes)?,
        _ => return None,
    };
    (width > 0 && height > 0).then_some(Pixels { width, height })
}

/// The sizes of the old head have two bytes; heights below zero mean that the
/// rows begin at the top.
fn bmp(bytes: &[u8]) -> Option<(u32, u32)> {
    if little_u32(bytes, 14)? == 12 {
        return Some((little_u16(bytes, 18)?, little_u16(bytes, 20)?));
    }
    Some((little_u32(bytes, 18)?, (little_u32(bytes, 22)? as i32).unsigned_abs()))
}

/// Walks the segments (ITU-T T.81, annex B) to the one that begins a frame.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            // Filling.
            0xff => at += 1,
            // Markers without a length.
            0x01 | 0xd0..=0xd8 => at += 2,
            // Heads of frames, among which are the tables of codes.
            marker @ 0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&marker) => {
                return Some((big_u16(bytes, at + 7)?, big_u16(bytes, at + 5)?));
            }
            // The picture begins or ends before any size was said.
            0xd9 | 0xda | 0x00 => return None,
            _ => at += 2 + (big_u16(bytes, at + 2)? as usize).max(2),
        }
    }
}

/// The first chunk of RFC 9649: lossy, lossless or extended.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8 " if bytes.get(23..26)? == [0x9d, 0x01, 0x2a] => {
            Some((little_u16(bytes, 26)? & 0x3fff, little_u16(bytes, 28)? & 0x3fff))
        }
        b"VP8L" if *bytes.get(20)? == 0x2f => {
            let bits = little_u32(bytes, 21)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let three = |at| Some(little_u16(bytes, at)? | u32::from(*bytes.get(at + 2)?) << 16);
            Some((three(24)? + 1, three(27)? + 1))
        }
        _ => None,
    }
}

fn big_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn little_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn big_u16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?).into())
}

fn little_u16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(media_type: MediaType, bytes: &[u8], expect: (u32, u32)) {
        let expect = Pixels { width: expect.0, height: expect.1 };
        assert_eq!(pixels(media_type, bytes), Some(expect), "{media_type}");
        // Cut off anywhere, or with any byte changed, it is read or refused.
        for end in 0..bytes.len() {
            let read = pixels(media_type, &bytes[..end]);
            assert!(read.is_none_or(|read| read == expect));
            for flip in [0x01, 0x80, 0xff] {
                let mut other = bytes.to_vec();
                other[end] ^= flip;
                let _ = pixels(media_type, &other);
            }
        }
    }

    #[test]
    fn heads_tell_the_size() {
        check(MediaType::Png, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x02\0\0\0\x07", (258, 7));
        check(MediaType::Gif, b"GIF89a\x02\x01\x07\0\xf0", (258, 7));
        let jpeg =
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x03x\xff\xc2\0\x11\x08\0\x07\x01\x02\x03";
        check(MediaType::Jpeg, jpeg, (258, 7));
        let lossy = b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a\x02\x01\x07\0";
        check(MediaType::WebP, lossy, (258, 7));
        let lossless = b"RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x01\x81\x01\0";
        check(MediaType::WebP, lossless, (258, 7));
        let extended = b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x01\x01\0\x06\0\0";
        check(MediaType::WebP, extended, (258, 7));
        let mut bmp = b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\x01\0\0".to_vec();
        bmp.extend((-7_i32).to_le_bytes());
        check(MediaType::Bmp, &bmp, (258, 7));
        assert_eq!(pixels(MediaType::Gif, b"GIF89a\0\0\x07\0"), None);
    }
}
