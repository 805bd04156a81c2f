//! Places edits for the scripts beside it: a JSON line in, a JSON line out.
//!
//! In: `{"path": …, "before": …, "reply": …}`, where `path` is the only file of
//! a tree and `before` its content. Out: `{"status": "applied", "after": …}`,
//! or `refused`, `already` (the file holds the result) or `none` (no edit in
//! the reply), with the reason in `why`. Without `before` the edits themselves
//! come out, in the words of the library: `{"items": […]}`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a driver of measurements makes its ground and prints"
)]

use std::error::Error;
use std::fs;
use std::io::{BufRead, Write};
use std::path::Path;

use mlxcode_base::Root;
use mlxcode_edit::{EditAction, EditPlan, ParsedItem, ResolveOptions, parse_reply};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let temp = tempfile::tempdir()?;
    let mut out = std::io::stdout().lock();
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = if request["before"].is_null() {
            let items = parse_reply(request["reply"].as_str().unwrap_or_default());
            json!({"items": items.iter().map(item).collect::<Vec<_>>()})
        } else {
            let folder = temp.path().join(number.to_string());
            let answer = place(&folder, &request)?;
            fs::remove_dir_all(&folder)?;
            answer
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn place(folder: &Path, request: &Value) -> Result<Value, Box<dyn Error>> {
    let text = |key: &str| request[key].as_str().ok_or(format!("no {key} in the request"));
    let (path, before, reply) = (text("path")?, text("before")?, text("reply")?);
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap_or(folder))?;
    fs::write(&file, before)?;
    let plan =
        EditPlan::resolve(&Root::open(folder)?, &parse_reply(reply), &ResolveOptions::default())?;
    if let Some(refusal) = plan.refusals().first() {
        return Ok(json!({"status": "refused", "why": refusal.reason.to_string()}));
    }
    Ok(match plan.changes() {
        [change] if change.path.as_str() == path => {
            json!({"status": "applied", "after": change.after()})
        }
        [] if plan.already_there().is_empty() => json!({"status": "none", "why": "no edit"}),
        [] => json!({"status": "already", "why": "the file holds the result"}),
        changes => json!({"status": "applied", "after": null, "why": format!("{changes:?}")}),
    })
}

fn item(item: &ParsedItem) -> Value {
    let edit = match item {
        ParsedItem::Edit(edit) => edit,
        other => return json!({"kind": "none", "why": format!("{other:?}")}),
    };
    let path = &edit.path;
    match &edit.action {
        EditAction::Replace { search, replace } => {
            json!({"kind": "replace", "path": path, "search": search, "replace": replace})
        }
        EditAction::Create { content } => {
            json!({"kind": "create", "path": path, "content": content})
        }
        EditAction::Write { content, .. } => {
            json!({"kind": "write", "path": path, "content": content})
        }
        EditAction::Patch { hunks } => json!({"kind": "patch", "path": path, "hunks": hunks.len()}),
        EditAction::Delete { .. } => json!({"kind": "delete", "path": path}),
        EditAction::Rename { to, hunks } => {
            json!({"kind": "rename", "path": path, "to": to, "hunks": hunks.len()})
        }
        other => json!({"kind": "other", "path": path, "why": format!("{other:?}")}),
    }
}
