//! A conversation as Markdown.
//!
//! Each record begins with a comment that a page does not show:
//! `<!-- mlx-code KIND TURN TIME_MS {"other":"fields"} -->`. A text that is
//! shown follows under a heading. A line of it that begins like such a comment
//! gets a backslash in front, which a page does not show either.

use serde_json::{Map, Value, json};

use super::{ExportedRecord, ExportedSession};
use crate::session_store::record::RecordKind;

/// How a comment of ours begins.
pub const MARK: &str = "<!-- mlx-code ";

/// How it ends.
pub const MARK_END: &str = " -->";

/// The most bytes of a record that stand in a comment.
const MOST_HIDDEN: usize = 2 << 10;

/// Writes the page.
pub fn write(session: &ExportedSession) -> String {
    let mut head = match serde_json::to_value(session) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    head.remove("records");
    let title = if session.title.is_empty() { &session.id } else { &session.title };
    let mut page = format!("{MARK}session {}{MARK_END}\n# {}\n\n", hidden(&head), one_line(title));
    for record in &session.records {
        page.push_str(&written(record, &session.model));
    }
    page
}

/// The field whose text is shown, and the heading above it.
pub fn shown(kind: &RecordKind, data: &Value, model: &str) -> Option<(&'static str, String)> {
    let name = if model.is_empty() { "Model" } else { model };
    Some(match kind {
        RecordKind::User => ("text", "You".to_owned()),
        RecordKind::Text => ("text", name.to_owned()),
        RecordKind::Thinking => ("text", format!("{name}, thinking")),
        RecordKind::Summary => ("text", "Summary of what came before".to_owned()),
        RecordKind::Message => {
            let role = data["role"].as_str().unwrap_or("message");
            ("content", format!("Message of {role}"))
        }
        _ => return None,
    })
    .filter(|(field, _)| data[*field].is_string())
}

fn written(record: &ExportedRecord, model: &str) -> String {
    let kind = RecordKind::from(&*record.kind);
    let mut rest = record.data.clone();
    let shown = shown(&kind, &record.data, model);
    if let (Some((field, _)), Some(fields)) = (&shown, rest.as_object_mut()) {
        fields.retain(|name, _| name != field);
    }
    let mark = |rest: &str| {
        format!("{MARK}{} {} {} {rest}{MARK_END}\n", record.kind, record.turn, record.time_ms)
    };
    let Some((field, heading)) = shown else {
        let rest = hidden(&rest);
        if rest.len() > MOST_HIDDEN {
            return format!("{}\n", what_it_shows(&kind, &record.data));
        }
        return format!("{}{}\n", mark(&rest), what_it_shows(&kind, &record.data));
    };
    let mut hidden_rest = hidden(&rest);
    if hidden_rest.len() > MOST_HIDDEN {
        hidden_rest = hidden(&json!({}));
    }
    let text = record.data[field].as_str().unwrap_or_default();
    let heading = one_line(&heading);
    format!("{}## {heading}\n\n{}\n\n", mark(&hidden_rest), escaped(text))
}

/// A line, or a diff, for a record that is no message.
fn what_it_shows(kind: &RecordKind, data: &Value) -> String {
    let mut lines = String::new();
    if *kind == RecordKind::Edit {
        let edits = data["edits"].as_u64().unwrap_or(0);
        let outcome = one_line(data["outcome"].as_str().unwrap_or("changed"));
        let noun = if edits == 1 { "edit" } else { "edits" };
        lines.push_str(&format!("*{edits} {noun} {outcome}*\n"));
    }
    if let Some(diff) = data["diff"].as_str().filter(|diff| !diff.is_empty()) {
        // A fence longer than any in the diff.
        let mut fence = "```".to_owned();
        while diff.contains(&fence) {
            fence.push('`');
        }
        lines.push_str(&format!("\n{fence}diff\n{}\n{fence}\n", escaped(diff.trim_end())));
    }
    lines
}

/// JSON that cannot end a comment.
fn hidden(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value)
        .unwrap_or_default()
        .replace("--", "-\\u002d")
        .replace('>', "\\u003e")
}

/// A text of which no line looks like a comment of ours.
fn escaped(text: &str) -> String {
    let line = |line: &str| {
        let is_mark = line.trim_start_matches('\\').starts_with(MARK);
        if is_mark { format!("\\{line}") } else { line.to_owned() }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The text that [`escaped`] was made of.
pub fn unescaped(text: &str) -> String {
    let line = |line: &str| {
        let is_mark = line.starts_with('\\') && line.trim_start_matches('\\').starts_with(MARK);
        if is_mark { line[1..].to_owned() } else { line.to_owned() }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
