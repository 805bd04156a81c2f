//! One turn on a terminal.

use std::io;
use std::time::{Duration, Instant};

use mlxcode_core::{Approval, Decision, Event, Input, Timings, TurnEnd, Usage};
use mlxcode_terminal::{Role, forget_typed};

use super::approve::{Asked, Pending};
use super::spinner::Spinner;
use super::view::View;
use super::{Repl, approve, proposal, streams};
use crate::exit::{Failure, Outcome, show_error, written};
use crate::typing::Hidden;

/// What a conversation took so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub turns: usize,
    pub usage: Usage,
    pub decode_ms: f64,
    pub time: Duration,
    /// Changes that were applied, and that were not.
    pub applied: usize,
    pub declined: usize,
}

impl Repl<'_, '_> {
    /// Says something and shows what comes of it.
    pub(super) fn turn(&mut self, text: &str, plan_first: bool) -> Outcome<()> {
        let mut input = Input::from(text);
        input.plan_first = plan_first;
        self.converse(input)
    }

    /// As [`turn`](Self::turn), with all that goes with what is said.
    pub(super) fn converse(&mut self, mut input: Input) -> Outcome<()> {
        input.cancel = self.host.renew_cancel();
        let begun = Instant::now();
        let mut turn = self.session.ask(input)?;
        let spinner = Spinner::new(&self.screen);
        let mut view = View::new(&self.screen, self.shows_thinking);
        let mut spent = Spent::default();
        let mut asked = Duration::ZERO;
        let mut hidden = self.keep_typing_out();
        spinner.begin("reading the code");
        while let Some(event) = turn.next() {
            spinner.end();
            if let Some(size) = (self.host.size)() {
                self.screen.set_columns(Some(size.columns));
                written(view.resize(size, &mut *self.host.output))?;
            }
            spent.note(&event);
            match &event {
                Event::ApprovalNeeded(approval) => {
                    written(view.finish_text(&mut *self.host.output))?;
                    drop(hidden.take());
                    let since = Instant::now();
                    let decision = self.decide(approval)?;
                    asked += since.elapsed();
                    hidden = self.keep_typing_out();
                    turn.decide(decision);
                }
                Event::Proposed(proposed) => {
                    self.proposed.clone_from(&proposed.changes);
                    self.change = Pending::default();
                    self.change.files = proposal::files(proposed);
                    written(view.event(&event, &mut *self.host.output))?;
                    let out = &mut *self.host.output;
                    written(proposal::show(&self.change.files, &self.screen, out))?;
                }
                event => written(view.event(event, &mut *self.host.output))?,
            }
            written(self.host.output.flush())?;
            if view.is_at_line_start() {
                spinner.begin(view.doing());
            }
        }
        spinner.end();
        drop((turn, hidden));
        // How long somebody thought about a question is no work.
        let took = begun.elapsed().saturating_sub(asked);
        if let Some(why) = self.recorder.as_ref().and_then(|recorder| recorder.take_broken()) {
            self.say(Role::Warning, &format!("the conversation is not kept: {why}"))?;
        }
        self.totals.add(&spent, took);
        let line = spent.line(took);
        self.say(Role::Faint, &line)?;
        written(writeln!(self.host.output))
    }
}

impl Repl<'_, '_> {
    /// What is typed while the model works is for the next prompt, and would
    /// stand in the middle of what is being written.
    pub(super) fn keep_typing_out(&self) -> Option<Hidden> {
        if self.screen.capabilities.cursor { Hidden::for_later() } else { None }
    }

    /// What was typed before a question was shown is no answer to it.
    pub(super) fn forget_typed(&self) -> Outcome<()> {
        if self.screen.capabilities.cursor {
            forget_typed()?;
        }
        Ok(())
    }

    /// Asks until it is decided; the editor comes in between.
    fn decide(&mut self, approval: &Approval) -> Outcome<Decision> {
        self.forget_typed()?;
        loop {
            let can_edit = self.host.editor.is_some();
            let mut nobody = io::empty();
            let (keyboard, out) = streams(self.host, &mut nobody);
            let change = &mut self.change;
            match approve::ask(approval, change, can_edit, &self.screen, keyboard, out)? {
                Asked::Decided(decision) => return Ok(decision),
                Asked::Edit(files) => match self.edit_change(&files) {
                    Ok(()) => {}
                    // What went wrong is told, and the question stands.
                    Err(Failure::Error(error)) => {
                        written(self.host.output.flush())?;
                        show_error(&error, false, self.host);
                    }
                    Err(failure) => return Err(failure),
                },
            }
        }
    }
}

/// What a turn took.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    usage: Usage,
    timings: Timings,
    applied: usize,
    declined: usize,
}

impl Spent {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Usage { usage, timings, .. } => {
                self.usage.prompt_tokens += usage.prompt_tokens;
                self.usage.completion_tokens += usage.completion_tokens;
                self.timings.prefill_ms += timings.prefill_ms;
                self.timings.decode_ms += timings.decode_ms;
            }
            Event::Applied { .. } => self.applied += 1,
            Event::Finished { reason: TurnEnd::Declined, .. } => self.declined += 1,
            Event::Task { event, .. } => self.note(event),
            _ => {}
        }
    }

    /// `1,204 tokens read, 96 written, 31.2 a second, 4.1 s`.
    fn line(&self, time: Duration) -> String {
        let Usage { prompt_tokens, completion_tokens } = self.usage;
        let mut line = format!("{prompt_tokens} tokens read, {completion_tokens} written");
        if let Some(speed) = speed(completion_tokens, self.timings.decode_ms) {
            line.push_str(&format!(", {speed:.1} a second"));
        }
        line + &format!(", {:.1} s", time.as_secs_f64())
    }
}

impl Totals {
    fn add(&mut self, spent: &Spent, time: Duration) {
        self.turns += 1;
        self.usage.prompt_tokens += spent.usage.prompt_tokens;
        self.usage.completion_tokens += spent.usage.completion_tokens;
        self.decode_ms += spent.timings.decode_ms;
        self.time += time;
        self.applied += spent.applied;
        self.declined += spent.declined;
    }

    /// Tokens written a second.
    pub fn speed(&self) -> Option<f64> {
        speed(self.usage.completion_tokens, self.decode_ms)
    }
}

fn speed(tokens: usize, milliseconds: f64) -> Option<f64> {
    (tokens > 1 && milliseconds > 1.0).then(|| tokens as f64 * 1000.0 / milliseconds)
}
