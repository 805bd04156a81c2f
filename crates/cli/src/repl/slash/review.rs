//! A review of what changed.

use std::path::{Path, PathBuf};

use mlxcode_core::RelPath;
use mlxcode_core::task::{Range, ReviewOptions, ReviewSubject};
use mlxcode_terminal::Role;

use super::Next;
use super::sending::may_send;
use crate::command::task::{Telling, review as shown, show_replaced, task_model};
use crate::exit::{Outcome, written};
use crate::repl::Repl;

/// `/review`
pub(super) fn review(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let subject = subject(repl, rest)?;
    written(repl.host.output.flush())?;
    if !may_send(repl, subject.leaks())? {
        repl.say(Role::Faint, "nothing was sent")?;
        return Ok(Next::Stay);
    }
    let mut options = ReviewOptions::default();
    options.remote = repl.is_remote;
    options.send_secrets = true;
    show_replaced(&repl.workspace.prompts(), &["review"], repl.host)?;
    repl.host.renew_cancel();
    let telling = Telling::new(repl.host.live && repl.screen.capabilities.cursor);
    let told = |what: &str| telling.tell(what);
    let model = task_model(&repl.model, &told, repl.host);
    let report = repl.workspace.review(&subject, &model, &options);
    telling.clear();
    shown::show(&report?, repl.host)?;
    Ok(Next::Stay)
}

/// Files that are named, else a range of commits, else what is staged, else
/// what changed.
fn subject(repl: &Repl<'_, '_>, rest: &str) -> Outcome<ReviewSubject> {
    let workspace = &repl.workspace;
    let named = |name: &str| name.strip_prefix('@').unwrap_or(name).to_owned();
    let names: Vec<PathBuf> = rest.split_whitespace().map(named).map(PathBuf::from).collect();
    let is_file = |name: &PathBuf| repl.host.current_dir.join(name).is_file();
    if names.is_empty() {
        return shown::changed(workspace);
    }
    if !names.iter().any(is_file) {
        return Ok(workspace.review_subject(&Range::parse(rest), &[])?);
    }
    let relative = |name: &PathBuf| workspace.relative(&repl.host.current_dir, Path::new(name));
    let files: Vec<RelPath> = names.iter().map(relative).collect::<Result<_, _>>()?;
    Ok(workspace.review_files(&files)?)
}
