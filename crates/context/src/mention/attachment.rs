//! Pictures and documents: recognised by their first bytes, never read as text.

use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;

use mlxcode_base::{LineRange, RelPath, Root};
use serde::Serialize;

/// A picture or a document that a question names, for a model that takes such.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attachment {
    /// The file.
    pub path: RelPath,
    /// What its first bytes say that it is, whatever its name.
    pub media_type: MediaType,
    /// Its length.
    pub size_bytes: u64,
    /// The pages of a document, where the question names some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<LineRange>,
}

/// What a picture or a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants are their names")]
pub enum MediaType {
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/gif")]
    Gif,
    #[serde(rename = "image/webp")]
    WebP,
    #[serde(rename = "image/bmp")]
    Bmp,
    #[serde(rename = "image/tiff")]
    Tiff,
    #[serde(rename = "image/avif")]
    Avif,
    #[serde(rename = "application/pdf")]
    Pdf,
}

impl MediaType {
    /// The marks of all kinds lie within so many bytes.
    pub const MARK_BYTES: u64 = 16;

    /// Its registered name, such as `image/png`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Avif => "image/avif",
            Self::Pdf => "application/pdf",
        }
    }

    /// Reads it from the first bytes of a file, of which
    /// [`MARK_BYTES`](Self::MARK_BYTES) are enough. `None` for anything else.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let starts = |mark: &[u8]| bytes.starts_with(mark);
        let holds = |at: usize, mark: &[u8]| bytes.get(at..at + mark.len()) == Some(mark);
        Some(match () {
            () if starts(b"\x89PNG\r\n\x1a\n") => Self::Png,
            () if starts(b"\xff\xd8\xff") => Self::Jpeg,
            () if starts(b"GIF87a") || starts(b"GIF89a") => Self::Gif,
            () if starts(b"RIFF") && holds(8, b"WEBP") => Self::WebP,
            // Its length stands behind the mark, and two words of zeros.
            () if starts(b"BM") && holds(6, &[0; 4]) => Self::Bmp,
            () if starts(b"II*\0") || starts(b"MM\0*") => Self::Tiff,
            () if holds(4, b"ftypavif") => Self::Avif,
            () if starts(b"%PDF-") => Self::Pdf,
            () => return None,
        })
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Attachment {
    /// Looks at the file at `path`; `None` where there is none, or none of
    /// these.
    pub(crate) fn at(root: &Root, path: &RelPath) -> Option<Self> {
        let place = root.resolve(path).ok()?;
        let meta = fs::metadata(&place).ok().filter(fs::Metadata::is_file)?;
        let mut mark = Vec::new();
        File::open(&place).ok()?.take(MediaType::MARK_BYTES).read_to_end(&mut mark).ok()?;
        let media_type = MediaType::of(&mark)?;
        Some(Self { path: path.clone(), media_type, size_bytes: meta.len(), pages: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_what_a_file_is() {
        for (bytes, expect) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Some(MediaType::Png)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(MediaType::Jpeg)),
            (b"GIF89a", Some(MediaType::Gif)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some(MediaType::WebP)),
            (b"RIFF\x24\0\0\0WAVEfmt ", None),
            (b"BM\x36\0\0\0\0\0\0\0\x36", Some(MediaType::Bmp)),
            (b"BM is a word of text", None),
            (b"MM\0*\0\0", Some(MediaType::Tiff)),
            (b"\0\0\0\x20ftypavif", Some(MediaType::Avif)),
            (b"%PDF-1.7\n", Some(MediaType::Pdf)),
            (b"\x89PNG", None),
            (b"", None),
        ] {
            assert_eq!(MediaType::of(bytes), expect, "{bytes:?}");
        }
    }
}
