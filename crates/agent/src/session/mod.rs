//! A conversation that remembers, looks, changes and checks.

mod additions;
mod attached;
mod calls;
mod channel;
mod compact;
mod decide;
mod event;
mod hooked;
mod instructions;
mod issues;
mod ledger;
mod offered;
mod options;
mod policy;
mod propose;
mod published;
mod repeats;
mod skills;
mod state;
mod step;
mod summary;
mod take;
mod taken;
mod transcript;
mod turn;
mod why;
mod worker;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use mlxcode_base::{CancelToken, RelPath, Root};
use mlxcode_context::{Budget, PackRequest, PackedContext, Published, PublishedText};
use mlxcode_edit::{Actor, AuditedDecision, EditPlan, JournalEntry, ParsedItem};
use mlxcode_models::{Image, LanguageModel, Message};

use crate::attachment::{Attached, AttachedFile, AttachmentOptions};
use crate::error::{Error, Result};
use crate::tool::{Lookup, ToolBox};
use channel::Channel;
use state::State;
use worker::Worker;

pub use additions::{Additions, SessionHooks};
pub use event::{
    Approval, Compaction, Decision, Event, FilePart, PartOfFile, Proposal, ProposedChange, TurnEnd,
};
pub use ledger::{ContextLedger, LedgerPiece};
pub use offered::OfferedTool;
pub use options::{SessionOptions, ToolsWhen, TurnLimits};
pub use policy::{Mode, ModePolicy, Policy, Verdict};
pub use state::Entry;
pub use turn::SessionTurn;

/// The tree that a session works on.
pub trait Ground: Send + Sync {
    /// The folder that all work is confined to.
    fn root(&self) -> &Root;

    /// Packs what of the code matters.
    fn pack(&self, request: &PackRequest<'_>, budget: &Budget<'_>) -> Result<PackedContext>;

    /// Finds where edits belong. Touches nothing.
    fn plan(&self, items: &[ParsedItem]) -> Result<EditPlan>;

    /// Writes a plan, all files or none.
    fn apply(&self, plan: &EditPlan, actor: Actor) -> Result<JournalEntry>;

    /// Writes down for good that something was allowed or refused.
    fn note_decision(&self, actor: Actor, decision: AuditedDecision) -> Result<()> {
        let _ = (actor, decision);
        Ok(())
    }

    /// Reads a picture or a document that a message names. `None` where nobody
    /// reads such.
    fn attach(
        &self,
        which: &AttachedFile,
        options: &AttachmentOptions,
    ) -> Option<Result<Attached>> {
        let _ = (which, options);
        None
    }

    /// Reads an issue or a change that a message names, where the tree's
    /// repository is published. `None` where nobody reads such.
    fn published(&self, which: &Published, cancel: &CancelToken) -> Option<Result<PublishedText>> {
        let _ = (which, cancel);
        None
    }
}

/// Looks at files after they were changed: compiles, lints, tests.
pub trait Checker: Send + Sync {
    /// Looks at files that will be changed, so that what is wrong with them
    /// already need not be told of afterwards.
    fn before(&self, files: &[RelPath], cancel: &CancelToken) {
        let _ = (files, cancel);
    }

    /// Hears that a file that was looked at has another name since.
    fn renamed(&self, from: &RelPath, to: &RelPath) {
        let _ = (from, to);
    }

    /// Runs the checks that these files ask for, and hands each result on as it
    /// comes.
    fn check(&self, files: &[RelPath], cancel: &CancelToken, found: &mut dyn FnMut(CheckReport));
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// What was run, such as `cargo check`.
    pub check: String,
    /// Whether it found nothing wrong.
    pub ok: bool,
    /// What it said.
    pub output: String,
}

/// Writes down what happens in a session, as it happens.
pub trait SessionLog: Send + Sync {
    /// Something happened.
    fn event(&self, turn: u64, event: &Event);

    /// A message was added to what the model is told.
    fn message(&self, entry: &Entry);

    /// The messages that the model is told are others now.
    fn history(&self, entries: &[Entry]);
}

/// What a session is made of.
#[derive(Clone)]
pub struct SessionParts {
    /// The tree.
    pub ground: Arc<dyn Ground>,
    /// What is known of its code.
    pub lookup: Arc<dyn Lookup>,
    /// The model.
    pub model: Arc<dyn LanguageModel>,
    /// What the model can do.
    pub tools: ToolBox,
    /// Who decides what may be done.
    pub policy: Arc<dyn Policy>,
    /// Who looks at what was changed.
    pub checker: Option<Arc<dyn Checker>>,
    /// Who writes down what happens.
    pub log: Option<Arc<dyn SessionLog>>,
    /// What others add.
    pub additions: Additions,
    /// The model that sums up what does not fit any more; `None`, and where it
    /// fails: that of the conversation.
    pub summaries: Option<Arc<dyn LanguageModel>>,
}

/// What a person says.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Input {
    /// The words. Files, symbols and `@diff` in them are shown to the model.
    pub text: String,
    /// Pictures, for a model that sees.
    pub images: Vec<Image>,
    /// Pictures and documents to read for the model, next to those that the
    /// words name.
    pub attached: Vec<AttachedFile>,
    /// Skills to read for the model, by their names.
    pub skills: Vec<String>,
    /// Whether only a plan is wanted, which is carried out once somebody agrees.
    pub plan_first: bool,
    /// Stops the turn within one token.
    pub cancel: CancelToken,
}

impl<T: Into<String>> From<T> for Input {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A conversation over a tree: what is said, seen, proposed and done in it.
///
/// One turn runs at a time, on a thread of its own; [`ask`](Self::ask) gives
/// its events as they come.
pub struct Session {
    parts: SessionParts,
    options: SessionOptions,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("name", &self.options.name).finish_non_exhaustive()
    }
}

impl Session {
    /// A session in which nothing was said yet. The instructions of the project
    /// are read now, and stay for its life.
    ///
    /// # Errors
    /// A template of the instructions that cannot be rendered.
    pub fn new(mut parts: SessionParts, options: SessionOptions) -> Result<Self> {
        additions::offer_skills(&mut parts);
        let (system, notices) = instructions::system_message(&parts, &options)?;
        let (system, mode) = (Some(system), options.mode);
        let state = State { system, notices, mode, ..State::default() };
        Ok(Self { parts, options, state: Arc::new(Mutex::new(state)) })
    }

    /// A session that goes on from what was written down of an earlier one.
    /// `last_turn` is the last one that was, also where it was forgotten since:
    /// the next one follows it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn resume(
        parts: SessionParts,
        options: SessionOptions,
        entries: Vec<Entry>,
        last_turn: u64,
    ) -> Result<Self> {
        let session = Self::new(parts, options)?;
        session.with_state(|state| {
            let told = entries.iter().map(|entry| entry.turn).max().unwrap_or_default();
            state.turn = last_turn.max(told);
            state.entries = entries;
            state.close_turn();
        })?;
        Ok(session)
    }

    /// Says something, and gives what comes of it, event by event.
    ///
    /// # Errors
    /// Nothing that was said, and [`Error::Busy`] while a turn runs.
    pub fn ask(&self, input: impl Into<Input>) -> Result<SessionTurn> {
        let input = input.into();
        if input.text.trim().is_empty() {
            return Err(Error::EmptyInput { what: "question" });
        }
        drop(self.state()?);
        let (channel, cancel) = (Channel::new(), input.cancel.clone());
        let (parts, options) = (self.parts.clone(), self.options.clone());
        let (state, out) = (Arc::clone(&self.state), Arc::clone(&channel));
        Ok(SessionTurn::start(channel, cancel, move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            Worker::new(&parts, &options, &mut state, &out, &input).run(&input);
        }))
    }

    /// Shows a file whole from now on.
    pub fn pin(&self, path: RelPath) -> Result<()> {
        self.with_state(|state| {
            if !state.pinned.contains(&path) {
                state.pinned.push(path);
            }
        })
    }

    /// Shows a file no longer. False where it was not pinned.
    pub fn unpin(&self, path: &RelPath) -> Result<bool> {
        self.with_state(|state| {
            let before = state.pinned.len();
            state.pinned.retain(|one| one != path);
            state.pinned.len() < before
        })
    }

    /// The files that are shown whole.
    pub fn pinned(&self) -> Result<Vec<RelPath>> {
        self.with_state(|state| state.pinned.clone())
    }

    /// How much may be done without asking.
    pub fn mode(&self) -> Result<Mode> {
        self.with_state(|state| state.mode)
    }

    /// Sets how much may be done without asking, from the next turn on.
    pub fn set_mode(&self, mode: Mode) -> Result<()> {
        self.with_state(|state| state.mode = mode)
    }

    /// Lets another model go on.
    ///
    /// # Errors
    /// [`Error::Busy`] while a turn runs.
    pub fn set_model(&mut self, model: Arc<dyn LanguageModel>) -> Result<()> {
        drop(self.state()?);
        let before = self.has_tools();
        self.parts.model = model;
        if self.has_tools() != before {
            self.instruct()?;
        }
        Ok(())
    }

    /// Lets a model sum up what does not fit any more; `None`: that of the
    /// conversation.
    ///
    /// # Errors
    /// [`Error::Busy`] while a turn runs.
    pub fn set_summaries(&mut self, model: Option<Arc<dyn LanguageModel>>) -> Result<()> {
        drop(self.state()?);
        self.parts.summaries = model;
        Ok(())
    }

    /// Sets whether the model thinks before it answers.
    pub fn set_thinking(&mut self, thinking: Option<bool>) {
        self.options.thinking = thinking;
    }

    /// What was said, as the model is told it.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        self.with_state(|state| state.entries.clone())
    }

    /// What of the code stands in what the model is told.
    pub fn context(&self) -> Result<ContextLedger> {
        self.with_state(|state| state.context.as_ref().map(ContextLedger::of).unwrap_or_default())
    }

    /// Forgets what was said; pinned files stay.
    pub fn clear(&self) -> Result<()> {
        self.end("clear")?;
        self.with_state(|state| {
            state.is_cleared = true;
            state.remarks.clear();
            state.entries.clear();
            state.context = None;
            state.instructed.clear();
        })?;
        if let Some(log) = &self.parts.log {
            log.history(&[]);
        }
        Ok(())
    }

    /// Makes what was said shorter now: answers of tools and passages go, older
    /// turns become a summary.
    ///
    /// # Errors
    /// What the model says against it.
    pub fn compact(&self, cancel: &CancelToken) -> Result<Compaction> {
        let mut state = self.state()?;
        let input = Input { cancel: cancel.clone(), ..Input::default() };
        let channel = Channel::new();
        channel.leave();
        Worker::new(&self.parts, &self.options, &mut state, &channel, &input).compact_all()
    }

    /// The model that answers.
    pub fn model(&self) -> &dyn LanguageModel {
        &*self.parts.model
    }

    /// The tokens of the whole conversation, instructions included.
    pub fn tokens(&self) -> Result<usize> {
        let messages: Vec<Message> = self.with_state(|state| state.messages())?;
        Ok(self.parts.model.count_tokens(&mlxcode_models::Prompt::messages(messages))?)
    }

    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T> {
        Ok(work(&mut *self.state()?))
    }

    fn state(&self) -> Result<std::sync::MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            // A turn that panicked left what it had said until then.
            Err(TryLockError::Poisoned(state)) => Ok(state.into_inner()),
            Err(TryLockError::WouldBlock) => Err(Error::Busy),
        }
    }
}
