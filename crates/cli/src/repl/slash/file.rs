//! What the model is shown, and the conversation as a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use mlxcode_core::InputError;
use mlxcode_terminal::{PickItem, Picked, Picker, PickerOptions, Role};

use super::Next;
use crate::exit::{Outcome, written};
use crate::repl::{Repl, export as exported, streams};

/// `/files`
pub(super) fn files(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let mut typed: Vec<String> = rest.split_whitespace().map(without_sign).collect();
    if typed.is_empty() {
        typed = pick(repl)?;
    }
    for name in &typed {
        let path = repl.workspace.relative(&repl.host.current_dir, Path::new(name))?;
        if !repl.workspace.root().join(path.as_path()).is_file() {
            repl.say(Role::Warning, &format!("{path} is no file here"))?;
            continue;
        }
        note(repl, &path.to_string(), true);
        repl.session.pin(path)?;
    }
    list(repl)
}

/// `/drop`
pub(super) fn drop(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    if rest.is_empty() {
        for path in repl.session.pinned()? {
            repl.session.unpin(&path)?;
            note(repl, &path.to_string(), false);
        }
    }
    for name in rest.split_whitespace().map(without_sign) {
        let path = repl.workspace.relative(&repl.host.current_dir, Path::new(&name))?;
        if repl.session.unpin(&path)? {
            note(repl, &path.to_string(), false);
        } else {
            repl.say(Role::Warning, &format!("{path} is not shown whole"))?;
        }
    }
    list(repl)
}

/// Writes down that a file is shown whole, or is no longer.
fn note(repl: &Repl<'_, '_>, path: &str, is_pinned: bool) {
    if let Some(recorder) = &repl.recorder {
        recorder.pin(path, is_pinned);
    }
}

/// Lets somebody choose among the files of the tree.
fn pick(repl: &mut Repl<'_, '_>) -> Outcome<Vec<String>> {
    let cancel = repl.host.renew_cancel();
    let files = repl.workspace.files(&cancel)?;
    let items: Vec<PickItem> = files
        .iter()
        .map(|file| PickItem { label: file.to_string(), ..PickItem::default() })
        .collect();
    let question = "Which files are shown whole?".to_owned();
    let options = PickerOptions { question, several: true, rows: None };
    let mut nobody = std::io::empty();
    let (keyboard, out) = streams(repl.host, &mut nobody);
    Ok(match Picker::new(&items, options, &repl.screen).pick(keyboard, out)? {
        // From the root, wherever the current folder is.
        Picked::Items(chosen) => chosen
            .into_iter()
            .map(|index| repl.workspace.root().join(files[index].as_path()))
            .map(|path| path.to_string_lossy().into_owned())
            .collect(),
        Picked::Nothing => Vec::new(),
    })
}

fn list(repl: &mut Repl<'_, '_>) -> Outcome<Next> {
    let pinned = repl.session.pinned()?;
    if pinned.is_empty() {
        repl.say(Role::Faint, "no file is shown whole")?;
    }
    for path in pinned {
        repl.say(Role::Link, &path.to_string())?;
    }
    Ok(Next::Stay)
}

fn without_sign(name: &str) -> String {
    name.strip_prefix('@').unwrap_or(name).to_owned()
}

/// `/context`
pub(super) fn context(repl: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    let ledger = repl.session.context()?;
    for piece in &ledger.pieces {
        let lines = piece.lines.map(|lines| format!(":{lines}")).unwrap_or_default();
        let what = piece.path.as_deref().unwrap_or(&piece.header);
        let kept = if piece.is_kept { ", as before" } else { "" };
        let text = format!("{:>6}  {what}{lines}  {}{kept}", piece.tokens, piece.reason);
        repl.say(Role::Faint, &text)?;
    }
    for left in &ledger.left_out {
        repl.say(Role::Faint, &format!("     –  {left}"))?;
    }
    let (code, most) = (ledger.tokens, ledger.budget);
    let (all, length) = (repl.session.tokens()?, repl.model.info().context_length);
    let text =
        format!("{code} tokens of code, {most} might be; {all} of {length} with all that was said");
    repl.say(Role::Strong, &text)?;
    Ok(Next::Stay)
}

/// `/export`
#[allow(clippy::disallowed_methods, reason = "a file that the person names, and a new one")]
pub(super) fn export(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let entries = repl.session.entries()?;
    let name = if rest.is_empty() { "conversation.md" } else { rest };
    let path: PathBuf = repl.host.current_dir.join(name);
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let text = if is_json {
        serde_json::to_string_pretty(&entries).unwrap_or_default() + "\n"
    } else {
        exported::markdown(&entries, "A conversation with mlx-code")
    };
    // What is there stays: it may be anything.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(|source| InputError::Unwritable { path: path.clone(), source })?;
    written(file.write_all(text.as_bytes()))?;
    repl.say(Role::Success, &format!("wrote {}", path.display()))?;
    Ok(Next::Stay)
}
