//! How much a record holds.

use super::RecordsError;
use crate::error::Result;

/// The most bytes of a tag or of a category's name.
const MOST_WORD_BYTES: usize = 60;
/// The most bytes of a note: some pages.
const MOST_NOTE_BYTES: usize = 16 << 10;
/// The most tags of a model.
pub const MOST_TAGS: usize = 60;
/// The most measurements that are kept of a model on a machine.
pub const MOST_BENCHMARKS: usize = 100;
/// The most bytes of an exported state.
pub const MOST_DOCUMENT_BYTES: usize = 64 << 20;
/// The end of the year 9999: times beyond it are mistakes.
pub const MOST_TIME_MS: u64 = 253_402_300_799_999;

/// A tag or a category: small letters, no spaces around, one line.
pub fn word(what: &'static str, text: &str) -> Result<String> {
    let word = text.trim().to_lowercase();
    let sound = !word.is_empty()
        && word.len() <= MOST_WORD_BYTES
        && !word.contains(|c: char| c.is_control() || c == ',');
    if sound {
        return Ok(word);
    }
    let range = format!("1 to {MOST_WORD_BYTES} bytes in one line, without a comma");
    Err(RecordsError::BadText { what, range }.into())
}

/// A note: as it was written, without what a terminal would obey.
pub fn note(text: &str) -> Result<String> {
    let note = text.trim();
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if !note.is_empty() && note.len() <= MOST_NOTE_BYTES && note.chars().all(plain) {
        return Ok(note.to_owned());
    }
    let range = format!("1 to {MOST_NOTE_BYTES} bytes of plain text");
    Err(RecordsError::BadText { what: "note", range }.into())
}
