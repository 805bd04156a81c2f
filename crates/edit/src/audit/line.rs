//! One line of the log.

use std::io;

use mlxcode_base::ContentHash;
use serde::{Deserialize, Serialize};

use super::AuditRecord;

/// What stands between a line's content and its hash.
const HASH: &str = ",\"hash\":\"";
/// What stands behind it.
const END: &str = "\"}";

/// A line that is whole and fits its own hash.
#[derive(Debug)]
pub struct Line {
    pub record: AuditRecord,
    pub previous: ContentHash,
    pub hash: ContentHash,
}

#[derive(Serialize)]
struct Written<'r> {
    #[serde(flatten)]
    record: &'r AuditRecord,
    previous: ContentHash,
}

#[derive(Deserialize)]
struct Read {
    #[serde(flatten)]
    record: AuditRecord,
    previous: ContentHash,
}

/// The text of a line, without its end, and its hash.
pub fn encode(record: &AuditRecord, previous: ContentHash) -> io::Result<(String, ContentHash)> {
    let text = serde_json::to_string(&Written { record, previous })?;
    let body = text.strip_suffix('}').unwrap_or(&text);
    let hash = ContentHash::of(body.as_bytes());
    Ok((format!("{body}{HASH}{hash}{END}"), hash))
}

/// Reads a line; `None` where one byte of it is not as it was written.
pub fn decode(line: &[u8]) -> Option<Line> {
    let line = std::str::from_utf8(line).ok()?;
    let (body, hash) = line.strip_suffix(END)?.rsplit_once(HASH)?;
    let digits: ContentHash = hash.parse().ok()?;
    // `parse` takes capitals too, which are not what was written.
    if digits.to_string() != hash || ContentHash::of(body.as_bytes()) != digits {
        return None;
    }
    let read: Read = serde_json::from_str(&format!("{body}}}")).ok()?;
    Some(Line { record: read.record, previous: read.previous, hash: digits })
}
