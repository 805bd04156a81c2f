//! Markdown as a conversation: what `markdown` wrote, also where somebody
//! changed the texts since.

use serde_json::{Map, Value};

use super::markdown::{MARK, MARK_END, shown, unescaped};
use super::{EXPORT_VERSION, ExportedRecord, ExportedSession};
use crate::session_store::error::{Result, SessionError};
use crate::session_store::limits::MOST_IMPORT_RECORDS;
use crate::session_store::record::RecordKind;

/// Reads the page.
pub fn read(text: &str) -> Result<ExportedSession> {
    let mut marks = marks(text);
    let head = marks.next().filter(|mark| mark.inside.starts_with("session "));
    let Some(head) = head else {
        return Err(bad(1, "does not begin as an exported session does"));
    };
    let mut fields: Map<String, Value> =
        serde_json::from_str(head.inside.trim_start_matches("session "))
            .map_err(|error| bad(head.line, &format!("cannot be read: {error}")))?;
    let version = fields.get("version").and_then(Value::as_u64);
    if version != Some(u64::from(EXPORT_VERSION)) {
        return Err(bad(head.line, "is of another version"));
    }
    fields.insert("records".to_owned(), Value::Array(Vec::new()));
    let mut session: ExportedSession = serde_json::from_value(Value::Object(fields))
        .map_err(|error| bad(head.line, &format!("cannot be read: {error}")))?;
    for mark in marks {
        if session.records.len() == MOST_IMPORT_RECORDS {
            return Err(bad(mark.line, &format!("is over {MOST_IMPORT_RECORDS} records")));
        }
        session.records.push(record(&mark)?);
    }
    Ok(session)
}

/// One comment of ours, and what follows until the next.
struct Mark<'t> {
    line: usize,
    inside: &'t str,
    after: &'t str,
}

/// The comments of a page, each with the text that follows it.
fn marks(text: &str) -> impl Iterator<Item = Mark<'_>> {
    let mut starts = Vec::new();
    let mut offset = 0;
    for (number, line) in text.split('\n').enumerate() {
        if line.starts_with(MARK) {
            starts.push((number + 1, offset));
        }
        offset += line.len() + 1;
    }
    (0..starts.len()).map(move |at| {
        let (line, start) = starts[at];
        let end = starts.get(at + 1).map_or(text.len(), |(_, next)| *next);
        let whole = &text[start..end];
        let (mark, after) = whole.split_once('\n').unwrap_or((whole, ""));
        let mark = mark.strip_suffix('\r').unwrap_or(mark);
        let inside = mark.strip_prefix(MARK).unwrap_or(mark);
        Mark { line, inside: inside.strip_suffix(MARK_END).unwrap_or(inside), after }
    })
}

fn record(mark: &Mark<'_>) -> Result<ExportedRecord> {
    let mut parts = mark.inside.splitn(4, ' ');
    let mut part =
        |what: &str| parts.next().ok_or_else(|| bad(mark.line, &format!("has no {what}")));
    let kind = part("kind")?.to_owned();
    let turn = part("turn")?.parse().map_err(|_| bad(mark.line, "has a turn that is no number"))?;
    let time_ms =
        part("time")?.parse().map_err(|_| bad(mark.line, "has a time that is no number"))?;
    let mut data: Value = serde_json::from_str(part("data")?)
        .map_err(|error| bad(mark.line, &format!("cannot be read: {error}")))?;
    let known = RecordKind::from(&*kind);
    // The field of a text that is shown is not in the comment.
    let mut with_text = data.clone();
    for field in ["text", "content"] {
        if let Some(fields) = with_text.as_object_mut() {
            fields.entry(field).or_insert_with(|| Value::String(String::new()));
        }
    }
    let is_hidden = |field: &str| data.get(field).is_none();
    if let Some((field, _)) = shown(&known, &with_text, "").filter(|(field, _)| is_hidden(field)) {
        // A heading, an empty line, the text, an empty line.
        let text = mark.after.split_once('\n').map_or("", |(_, text)| text);
        let text = text.strip_prefix("\r\n").or(text.strip_prefix('\n')).unwrap_or(text);
        let text = text.strip_suffix("\n\n").unwrap_or(text.trim_end());
        if let Some(fields) = data.as_object_mut() {
            fields.insert(field.to_owned(), Value::String(unescaped(text)));
        }
    }
    Ok(ExportedRecord { turn, kind, time_ms, data })
}

fn bad(line: usize, what: &str) -> SessionError {
    SessionError::BadImport { what: format!("{what}, at line {line}") }
}
