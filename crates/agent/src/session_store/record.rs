use std::fmt;

use mlxcode_base::ContentHash;
use mlxcode_models::Finished;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{Result, SessionError};
use super::limits::{FINDABLE_BYTES, MOST_KIND_CHARS, MOST_RECORD_BYTES};

/// What a record tells of. Others than these are kept as they are, whatever a
/// later program means by them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum RecordKind {
    /// What the person said: `{"text"}`.
    User,
    /// More of what the model says: `{"text"}`. Those of one turn that follow
    /// each other become one record.
    Text,
    /// More of what the model thinks, joined as `Text` is.
    Thinking,
    /// Something that happened, in the words of whoever drives the session.
    Event,
    /// A message as it went to the model, a tool's answer for one.
    Message,
    /// The end of an answer: `{"model", "reason", "usage", "timings"}`.
    Generation,
    /// What became of edits: `{"outcome", "edits"}`.
    Edit,
    /// What stands for the turns before it: `{"text"}`.
    Summary,
    /// The title from here on: `{"text"}`.
    Title,
    /// A file that stays in the context: `{"path"}`.
    Pin,
    /// A file that no longer does: `{"path"}`.
    Unpin,
    /// Another kind, by its name.
    Other(String),
}

impl RecordKind {
    const KNOWN: [(Self, &'static str); 11] = [
        (Self::User, "user"),
        (Self::Text, "text"),
        (Self::Thinking, "thinking"),
        (Self::Event, "event"),
        (Self::Message, "message"),
        (Self::Generation, "generation"),
        (Self::Edit, "edit"),
        (Self::Summary, "summary"),
        (Self::Title, "title"),
        (Self::Pin, "pin"),
        (Self::Unpin, "unpin"),
    ];

    /// The kind's name, such as `user`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => Self::KNOWN.iter().find(|(kind, _)| kind == known).map_or("", |(_, n)| n),
        }
    }

    /// Whether records of this kind come piece by piece.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Text | Self::Thinking)
    }
}

impl From<String> for RecordKind {
    fn from(name: String) -> Self {
        let known = Self::KNOWN.into_iter().find(|(_, known)| *known == name);
        known.map_or(Self::Other(name), |(kind, _)| kind)
    }
}

impl From<&str> for RecordKind {
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl From<RecordKind> for String {
    fn from(kind: RecordKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditOutcome {
    /// The model proposed them.
    Proposed,
    /// They were written.
    Applied,
    /// The person, or a rule, said no.
    Rejected,
    /// They were taken back later.
    Undone,
}

/// One line of a session's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number in the session, from 0, without a gap.
    pub seq: u64,
    /// The turn that it belongs to, from 1; 0 before the first.
    pub turn: u32,
    /// What it tells of.
    pub kind: RecordKind,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// What it tells.
    pub data: Value,
}

impl Record {
    /// The text that a person said or read, where it has one.
    pub fn said(&self) -> Option<&str> {
        said(&self.kind, &self.data)
    }
}

/// A record before it is stored, which gives it its number and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    /// The turn that it belongs to, from 1; 0 before the first.
    pub turn: u32,
    /// What it tells of.
    pub kind: RecordKind,
    /// What it tells.
    pub data: Value,
    /// When, in milliseconds since 1970; `None`: now.
    pub time_ms: Option<u64>,
}

impl NewRecord {
    /// A record of any kind.
    pub fn new(turn: u32, kind: impl Into<RecordKind>, data: Value) -> Self {
        Self { turn, kind: kind.into(), data, time_ms: None }
    }

    /// What the person said.
    pub fn user(turn: u32, text: &str) -> Self {
        Self::new(turn, RecordKind::User, json!({ "text": text }))
    }

    /// More of what the model says.
    pub fn text(turn: u32, delta: &str) -> Self {
        Self::new(turn, RecordKind::Text, json!({ "text": delta }))
    }

    /// How an answer ended.
    pub fn generation(turn: u32, model: &str, finished: &Finished) -> Self {
        let data = json!({
            "model": model,
            "reason": finished.reason,
            "usage": finished.usage,
            "timings": finished.timings,
        });
        Self::new(turn, RecordKind::Generation, data)
    }

    /// What became of so many edits.
    pub fn edit(turn: u32, outcome: EditOutcome, edits: usize) -> Self {
        Self::new(turn, RecordKind::Edit, json!({ "outcome": outcome, "edits": edits }))
    }

    /// The data as it is stored, where the record can be.
    pub(super) fn checked(&self) -> Result<String> {
        let wrong = |why: String| Err(SessionError::BadRecord { why });
        let kind = self.kind.as_str();
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if kind.is_empty()
            || kind.len() > MOST_KIND_CHARS
            || !kind.bytes().all(|byte| known(byte) || byte == b'.')
        {
            return wrong(format!("`{}` is no kind", kind.escape_debug()));
        }
        let data = self.data.to_string();
        if data.len() > MOST_RECORD_BYTES {
            return wrong(format!("{} bytes are more than {MOST_RECORD_BYTES}", data.len()));
        }
        Ok(data)
    }
}

/// The text of a record that a person said or read.
pub(super) fn said<'d>(kind: &RecordKind, data: &'d Value) -> Option<&'d str> {
    let name = match kind {
        RecordKind::Message => "content",
        RecordKind::User
        | RecordKind::Text
        | RecordKind::Event
        | RecordKind::Summary
        | RecordKind::Title => "text",
        _ => return None,
    };
    data.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// That of it which is made findable. What stands here is part of the layout:
/// words are taken out of the index by it.
pub(super) fn findable<'d>(kind: &RecordKind, data: &'d Value) -> Option<&'d str> {
    let text = said(kind, data)?;
    Some(&text[..text.floor_char_boundary(FINDABLE_BYTES)])
}

/// The piece that a record adds to a text that comes piece by piece, where it
/// holds nothing else.
pub(super) fn piece(record: &NewRecord) -> Option<&str> {
    let fields = record.data.as_object()?;
    (record.kind.is_stream() && fields.len() == 1).then(|| fields.get("text")?.as_str())?
}

/// Tells a record that was changed on the disk from the one that was written.
pub(super) fn sum(seq: u64, turn: u32, kind: &str, time_ms: u64, data: &str) -> i64 {
    let mut hasher = ContentHash::hasher();
    for number in [seq, u64::from(turn), time_ms, kind.len() as u64] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(kind.as_bytes());
    hasher.update(data.as_bytes());
    let hash = hasher.finish();
    let (first, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    i64::from_le_bytes(*first)
}
