//! A commit of what is staged.

use mlxcode_core::task::{CommitOptions, CommitPrograms, StagedChange};
use mlxcode_terminal::{Choice, Role, choose};

use super::Next;
use super::sending::may_send;
use crate::command::task::{Telling, show_replaced, task_model};
use crate::exit::{Outcome, written};
use crate::repl::{Repl, streams};

/// What the message is called in the editor.
const MESSAGE: &str = "COMMIT_EDITMSG";

const ANSWERS: [Choice; 4] = [
    Choice { name: "yes", meaning: "commit with this message" },
    Choice { name: "no", meaning: "commit nothing" },
    Choice { name: "edit", meaning: "change the message in the editor" },
    Choice { name: "again", meaning: "have another message written" },
];

/// `/commit`
pub(super) fn commit(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let mut options = CommitOptions::default();
    options.hint = Some(rest.to_owned()).filter(|hint| !hint.is_empty());
    let staged = repl.workspace.staged(&options)?;
    written(repl.host.output.flush())?;
    if !may_send(repl, &staged.leaks)? {
        repl.say(Role::Faint, "nothing was sent, and nothing was committed")?;
        return Ok(Next::Stay);
    }
    options.remote = repl.is_remote;
    options.send_secrets = true;
    show_replaced(&repl.workspace.prompts(), &["commit", "summary"], repl.host)?;
    let mut message = write(repl, &staged, &options)?;
    loop {
        show(repl, &message)?;
        repl.forget_typed()?;
        match ask(repl, "Commit with this message?", &ANSWERS)? {
            Some(0) => break,
            Some(2) if repl.host.editor.is_none() => {
                repl.say(Role::Warning, "no editor is named: set VISUAL or EDITOR")?;
            }
            Some(2) => {
                let edited = repl.edit(&format!("{message}\n"), MESSAGE)?;
                edited.trim().clone_into(&mut message);
            }
            Some(3) => message = write(repl, &staged, &options)?,
            _ => {
                repl.say(Role::Faint, "nothing was committed")?;
                return Ok(Next::Stay);
            }
        }
        if message.is_empty() {
            repl.say(Role::Warning, "the message is empty; nothing was committed")?;
            return Ok(Next::Stay);
        }
    }
    let id = repl.workspace.commit_staged(&message, CommitPrograms::AsGitDoes)?;
    let short = id.get(..12).unwrap_or(&id);
    repl.say(Role::Success, &format!("committed {short}"))?;
    Ok(Next::Stay)
}

/// Has a message written.
fn write(
    repl: &mut Repl<'_, '_>,
    staged: &StagedChange,
    options: &CommitOptions,
) -> Outcome<String> {
    repl.host.renew_cancel();
    let telling = Telling::new(repl.host.live && repl.screen.capabilities.cursor);
    let told = |what: &str| telling.tell(what);
    let model = task_model(&repl.model, &told, repl.host);
    let proposal = repl.workspace.commit_message(staged, &model, options);
    telling.clear();
    let proposal = proposal?;
    for fault in &proposal.faults {
        repl.say(Role::Warning, fault)?;
    }
    if let Some(sign) = proposal.style.trailers.iter().find(|name| *name == "Signed-off-by") {
        repl.say(Role::Faint, &format!("most commits here have `{sign}`, which is yours to add"))?;
    }
    Ok(proposal.message.text())
}

fn ask(repl: &mut Repl<'_, '_>, question: &str, answers: &[Choice]) -> Outcome<Option<usize>> {
    let mut nobody = std::io::empty();
    let (keyboard, out) = streams(repl.host, &mut nobody);
    Ok(choose(question, answers, &repl.screen, keyboard, out)?)
}

/// A message as it is, moved in so that it is seen where it ends.
fn show(repl: &mut Repl<'_, '_>, message: &str) -> Outcome<()> {
    repl.say(Role::Faint, "")?;
    for (number, line) in message.lines().enumerate() {
        let role = if number == 0 { Role::Strong } else { Role::Quote };
        repl.say(role, format!("    {line}").trim_end())?;
    }
    repl.say(Role::Faint, "")
}
