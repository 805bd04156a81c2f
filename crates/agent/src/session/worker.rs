//! One turn, from what was said to its end.

use std::time::{Duration, Instant};

use minijinja::{Value, context};
use mlxcode_base::{CancelToken, Diagnostic as _};
use mlxcode_context::{Budget, PackRequest, Piece};
use mlxcode_models::{Chat, Message, Prompt, Role, Usage};

use super::channel::Channel;
use super::event::{Event, TurnEnd};
use super::instructions;
use super::ledger::ContextLedger;
use super::options::ANSWER_TOKENS;
use super::policy::Mode;
use super::repeats::Repeats;
use super::state::State;
use super::{Input, SessionOptions, SessionParts};
use crate::error::{Error, Result};
use crate::tool::ToolBox;
use crate::turn::CONTEXT_TOKENS;

/// Who works on a turn.
pub(super) struct Worker<'a> {
    pub parts: &'a SessionParts,
    pub options: &'a SessionOptions,
    pub state: &'a mut State,
    pub tools: ToolBox,
    pub cancel: CancelToken,
    pub repeats: Repeats,
    pub usage: Usage,
    pub(super) out: &'a Channel,
    /// The call that gave this work away, where one did.
    within: Vec<String>,
    begun: Instant,
    /// What people took to decide.
    pub(super) waited: Duration,
    pub steps: usize,
    pub attempts: usize,
    /// Only a plan is wanted.
    pub plans: bool,
    /// What the model is told of its edits with the next thing that it is told.
    pub note: Option<String>,
    /// How often a program let it go on where it wanted to stop.
    pub kept_going: usize,
    proposals: usize,
    /// The files that get another path by what was proposed last, and the path.
    pub(super) moves: Vec<(String, String)>,
}

/// What a step led to.
pub(super) enum Next {
    /// The model is asked again.
    Again,
    /// The turn is over.
    End(TurnEnd),
}

impl<'a> Worker<'a> {
    pub fn new(
        parts: &'a SessionParts,
        options: &'a SessionOptions,
        state: &'a mut State,
        out: &'a Channel,
        input: &Input,
    ) -> Self {
        let native = options.tools.gives(parts.model.info());
        let tools = if native { parts.tools.clone() } else { ToolBox::default() };
        Self {
            parts,
            options,
            state,
            tools,
            cancel: input.cancel.clone(),
            repeats: Repeats::default(),
            usage: Usage::default(),
            out,
            within: Vec::new(),
            begun: Instant::now(),
            waited: Duration::ZERO,
            steps: 0,
            attempts: 0,
            plans: input.plan_first,
            note: None,
            kept_going: 0,
            proposals: 0,
            moves: Vec::new(),
        }
    }

    /// Runs the turn to its end.
    pub fn run(mut self, input: &Input) {
        self.state.turn += 1;
        let end = self.turn(input).unwrap_or_else(|error| failed(&error));
        self.state.close_turn();
        if let Some(log) = &self.parts.log {
            log.history(&self.state.entries);
        }
        let usage = self.usage;
        self.emit(Event::Finished { reason: end, usage });
    }

    /// Works for a call in a conversation of its own, which only looks, and
    /// gives the report.
    pub fn report(&mut self, call: &str, prompt: &str) -> String {
        let mut state = State {
            system: self.state.system.clone(),
            turn: self.state.turn,
            mode: Mode::ReadOnly,
            ..State::default()
        };
        let input = Input { cancel: self.cancel.clone(), ..Input::from(prompt) };
        let mut inner = Worker::new(self.parts, self.options, &mut state, self.out, &input);
        inner.within = [self.within.clone(), vec![call.to_owned()]].concat();
        inner.tools = self.tools.clone();
        inner.tools.keep(|name| !["edit", "write", "run", "task"].contains(&name));
        // It shares what is left of the turn, and people's time is not its own.
        inner.usage = self.usage;
        inner.steps = self.steps;
        inner.begun = self.begun;
        inner.waited = self.waited;
        let end = inner.turn(&input).unwrap_or_else(|error| failed(&error));
        (self.usage, self.steps, self.waited) = (inner.usage, inner.steps, inner.waited);
        let said = state.entries.iter().rev().map(|entry| &entry.message);
        let report = said.map(|message| message.content.trim()).find(|text| !text.is_empty());
        match (end, report) {
            (TurnEnd::Done, Some(report)) => report.to_owned(),
            (end, _) => format!("the task came to no end: {}", serde_json::json!(end)),
        }
    }

    fn turn(&mut self, input: &Input) -> Result<TurnEnd> {
        let (turn, said) = (self.state.turn, input.text.trim().to_owned());
        self.emit(Event::Started { turn, input: said.clone() });
        for text in std::mem::take(&mut self.state.notices) {
            self.emit(Event::Notice { text });
        }
        if !self.hear_prompt(&said) {
            return Ok(self.declined());
        }
        self.gather_tools();
        let words = if self.plans { self.words("plan", context! { words => said })? } else { said };
        self.open(&words, input)?;
        loop {
            if let Some(end) = self.limit() {
                return Ok(end);
            }
            self.gather_tools();
            let prompt_tokens = self.fit()?;
            let step = self.step(prompt_tokens)?;
            if let Next::End(end) = self.take(step)? {
                if end == TurnEnd::Done && self.goes_on() {
                    continue;
                }
                return Ok(end);
            }
        }
    }

    /// Packs what matters for the words, and adds both to the conversation.
    fn open(&mut self, words: &str, input: &Input) -> Result<()> {
        let frame = self.prompt_tokens(Some(words))?;
        let context_length = self.parts.model.info().context_length;
        let taken = frame + self.answer_tokens() + self.later_tokens();
        // The conversation before can be made shorter, the words cannot.
        let room = context_length.saturating_sub(taken);
        let room = if room < context_length / 8 { self.make_room(words)? } else { room };
        let kept = self.state.context.as_ref().map_or(0, |context| context.tokens);
        let (published, mut text) = self.read_published(&input.text);
        let model = &self.parts.model;
        let counter = |text: &str| model.count_text(text).unwrap_or(usize::MAX);
        let budget = Budget {
            tokens: kept + room,
            search_tokens: kept + self.options.context_tokens.unwrap_or(CONTEXT_TOKENS).min(room),
            counter: &counter,
        };
        let earlier = self.state.context.take();
        let mut request = PackRequest::new(input.text.trim());
        request.published = &published;
        request.files = &self.state.pinned;
        request.earlier = earlier.as_ref();
        // An overview is needed once.
        request.with_map = self.state.entries.is_empty();
        request.cancel = self.cancel.clone();
        let context = self.parts.ground.pack(&request, &budget)?;
        self.emit(Event::Context(ContextLedger::of(&context)));
        let new = context.pieces.iter().filter(|piece| !piece.is_kept());
        text.extend(new.map(Piece::render));
        let files = context.pieces.iter().filter_map(Piece::path).chain(&self.state.pinned);
        let seen = &self.state.instructed;
        for mut one in instructions::of_folders(self.parts.ground.root(), files, seen) {
            if let Some(text) = instructions::fit(&mut one, &*self.parts.model)? {
                self.emit(Event::Notice { text });
            }
            text.push_str(&format!("From {}, for that folder:\n{}\n\n", one.path, one.text));
            self.state.instructed.insert(one.path);
        }
        let room = (kept + room).saturating_sub(context.tokens);
        let (attached, images) = self.attach(input, &context.attachments, room);
        text.push_str(&attached);
        self.state.context = Some(context);
        text.push_str(&self.take_remarks());
        text.push_str(&self.skills(&input.skills)?);
        if !text.is_empty() {
            text.truncate(text.trim_end().len());
            text.push_str("\n\n");
        }
        text.push_str(words);
        let mut message = Message::user(text);
        if self.parts.model.info().images {
            message.images.clone_from(&input.images);
            message.images.extend(images);
        } else if !input.images.is_empty() {
            let text = "this model does not see pictures: they are not shown to it".to_owned();
            self.emit(Event::Notice { text });
        }
        self.say(message, Some(words.to_owned()));
        Ok(())
    }

    fn limit(&mut self) -> Option<TurnEnd> {
        let limits = self.options.limits;
        if self.cancel.is_cancelled() {
            return Some(TurnEnd::Cancelled);
        }
        self.steps += 1;
        if self.steps > limits.steps {
            return Some(TurnEnd::Steps);
        }
        if self.usage.completion_tokens >= limits.tokens {
            return Some(TurnEnd::Tokens);
        }
        (self.begun.elapsed().saturating_sub(self.waited) > limits.time).then_some(TurnEnd::Time)
    }

    /// What the model is told, by the name of a prompt.
    pub fn words(&self, prompt: &str, values: Value) -> Result<String> {
        Ok(self.options.prompts.text(prompt, values)?)
    }

    /// Adds a message to the conversation.
    pub fn say(&mut self, mut message: Message, words: Option<String>) {
        let is_inner = !self.within.is_empty();
        if message.role == Role::User {
            message.content = self.state.noted(self.state.entries.len(), &message.content);
        }
        let entry = self.state.push(message, words);
        if let Some(log) = self.parts.log.as_ref().filter(|_| !is_inner) {
            log.message(entry);
        }
    }

    /// Hands an event to the reader, and to the log.
    pub fn emit(&mut self, event: Event) {
        let wrap = |event, id: &String| Event::Task { id: id.clone(), event: Box::new(event) };
        let event = self.within.iter().rev().fold(event, wrap);
        if let Some(log) = &self.parts.log {
            log.event(self.state.turn, &event);
        }
        self.out.send(event, &self.cancel);
    }

    /// Whether it works for a call that gave work away.
    pub fn is_inner(&self) -> bool {
        !self.within.is_empty()
    }

    /// A name for something that is decided.
    pub fn next_id(&mut self, what: &str) -> String {
        self.proposals += 1;
        format!("{what}_{}_{}", self.state.turn, self.proposals)
    }

    /// What the model is asked to continue.
    pub fn chat(&self) -> Chat {
        Chat {
            messages: self.state.messages(),
            tools: self.tools.specs(),
            thinking: self.options.thinking,
        }
    }

    /// The tokens of the conversation, with `more` said after it.
    pub fn prompt_tokens(&self, more: Option<&str>) -> Result<usize> {
        let mut chat = self.chat();
        chat.messages.extend(more.map(Message::user));
        Ok(self.parts.model.count_tokens(&Prompt::Chat(chat))?)
    }

    /// The tokens that are left free for what a turn says after its first
    /// answer: answers of tools, what a check found, a repair.
    pub fn later_tokens(&self) -> usize {
        self.parts.model.info().context_length / 8
    }

    /// The most tokens of the next answer.
    pub fn answer_tokens(&self) -> usize {
        let half = (self.parts.model.info().context_length / 2).max(1);
        self.options.generate.max_tokens.unwrap_or(ANSWER_TOKENS).clamp(1, half)
    }
}

fn failed(error: &Error) -> TurnEnd {
    let message = match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    };
    TurnEnd::Failed { code: error.code().to_owned(), message }
}

pub(super) fn sum(one: Usage, other: Usage) -> Usage {
    Usage {
        prompt_tokens: one.prompt_tokens + other.prompt_tokens,
        completion_tokens: one.completion_tokens + other.completion_tokens,
    }
}
