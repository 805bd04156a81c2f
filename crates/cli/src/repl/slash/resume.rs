//! Earlier conversations.

use std::sync::Arc;

use mlxcode_core::{Role as Who, SessionFilter, SessionId, SessionStore};
use mlxcode_terminal::{PickItem, Picked, Picker, PickerOptions, Renderer, RendererOptions, Role};

use super::Next;
use crate::command::route::summaries;
use crate::exit::{Outcome, written};
use crate::repl::approve::Pending;
use crate::repl::edit_blocks::EditBlocks;
use crate::repl::record::{self, Recorded};
use crate::repl::{Repl, begin, streams};

/// `/resume`
pub(super) fn resume(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let Some(store) = store(repl)? else { return Ok(Next::Stay) };
    let id = match rest {
        "" => pick(repl, &store)?,
        typed => Some(store.find(typed)?),
    };
    if let Some(id) = id {
        go_on(repl, &store, &id)?;
    }
    Ok(Next::Stay)
}

/// `/fork`
pub(super) fn fork(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let Some(store) = store(repl)? else { return Ok(Next::Stay) };
    let Some(id) = current(repl)? else { return Ok(Next::Stay) };
    let turns = store.summary(&id)?.turns;
    let copy = store.fork(&id, turns, Some(rest).filter(|name| !name.is_empty()))?;
    go_on(repl, &store, &copy)?;
    Ok(Next::Stay)
}

/// `/rename`
pub(super) fn rename(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let Some(store) = store(repl)? else { return Ok(Next::Stay) };
    let Some(id) = current(repl)? else { return Ok(Next::Stay) };
    if rest.is_empty() {
        repl.say(Role::Warning, "say which name: /rename NAME")?;
    } else {
        store.rename(&id, Some(rest))?;
        repl.say(Role::Success, &format!("this conversation is {rest}"))?;
    }
    Ok(Next::Stay)
}

fn store(repl: &mut Repl<'_, '_>) -> Outcome<Option<Arc<SessionStore>>> {
    let store = repl.store.clone();
    if store.is_none() {
        repl.say(Role::Warning, "conversations are not kept here")?;
    }
    Ok(store)
}

fn current(repl: &mut Repl<'_, '_>) -> Outcome<Option<SessionId>> {
    let id = repl.recorder.as_ref().and_then(|recorder| recorder.id());
    if id.is_none() {
        repl.say(Role::Faint, "nothing was said yet")?;
    }
    Ok(id)
}

fn pick(repl: &mut Repl<'_, '_>, store: &SessionStore) -> Outcome<Option<SessionId>> {
    let sessions = store.list(&SessionFilter::default())?;
    if sessions.is_empty() {
        repl.say(Role::Faint, "there is no earlier conversation")?;
        return Ok(None);
    }
    let items: Vec<PickItem> = sessions
        .iter()
        .map(|session| PickItem {
            label: session.label().to_owned(),
            detail: format!("{} turns, {}", session.turns, session.model),
            preview: String::new(),
        })
        .collect();
    let question = "Which conversation?".to_owned();
    let options = PickerOptions { question, several: false, rows: None };
    let mut nobody = std::io::empty();
    let (keyboard, out) = streams(repl.host, &mut nobody);
    Ok(match Picker::new(&items, options, &repl.screen).pick(keyboard, out)? {
        Picked::Items(chosen) => {
            chosen.first().and_then(|index| sessions.get(*index)).map(|session| session.id.clone())
        }
        Picked::Nothing => None,
    })
}

fn go_on(repl: &mut Repl<'_, '_>, store: &Arc<SessionStore>, id: &SessionId) -> Outcome<()> {
    let recorded = record::read(store, id)?;
    let mode = repl.session.mode()?;
    let (workspace, model) = (&repl.workspace, &repl.model);
    let mut begun =
        begin(workspace, model, (mode, repl.tools), Some(store), Some(&recorded), repl.host)?;
    let summaries = summaries(model, repl.common, repl.host, workspace.config())?;
    begun.session.set_summaries(summaries.as_ref())?;
    repl.session = begun.session;
    if !repl.shows_thinking {
        repl.session.set_thinking(Some(false));
    }
    repl.recorder = begun.recorder;
    repl.change = Pending::default();
    repl.proposed.clear();
    repl.show_end(&recorded)
}

impl Repl<'_, '_> {
    /// Shows what was said last in a conversation that goes on.
    pub(in crate::repl) fn show_end(&mut self, recorded: &Recorded) -> Outcome<()> {
        let text = format!("going on with {} ({} turns)", recorded.label, recorded.turns);
        self.say(Role::Faint, &text)?;
        let last =
            |who: Who| {
                recorded.entries.iter().rev().find(|entry| {
                    entry.message.role == who && !entry.message.content.trim().is_empty()
                })
            };
        if let Some(asked) = last(Who::User).and_then(|entry| entry.words.as_deref()) {
            self.say(Role::Quote, &format!("› {}", asked.trim()))?;
        }
        if let Some(answer) = last(Who::Assistant) {
            let mut blocks = EditBlocks::default();
            let text = blocks.push(&answer.message.content) + &blocks.finish();
            self.show_markdown(&text)?;
        }
        Ok(())
    }

    /// Shows a text in Markdown.
    pub(in crate::repl) fn show_markdown(&mut self, text: &str) -> Outcome<()> {
        let mut renderer = Renderer::new(self.screen.clone(), RendererOptions::default());
        let shown = renderer.push(text) + &renderer.finish();
        written(writeln!(self.host.output, "{shown}"))
    }
}
