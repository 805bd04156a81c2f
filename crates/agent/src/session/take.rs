//! What an answer leads to: calls, edits, a repair, the end.

use minijinja::context;
use mlxcode_models::{FinishReason, Message, ToolCall};

use super::calls::STOPPED;
use super::event::{Approval, Decision, Event, TurnEnd};
use super::propose::Proposed;
use super::step::Step;
use super::worker::{Next, Worker};
use crate::error::Result;
use crate::tool::Access;

impl Worker<'_> {
    /// What an answer leads to.
    pub fn take(&mut self, step: Step) -> Result<Next> {
        let Step { message, items, broken, reason } = step;
        let calls = message.tool_calls.clone();
        let text = message.content.clone();
        let is_new = self.repeats.answer(&message);
        self.say(message, None);
        match reason {
            FinishReason::Cancelled => return Ok(Next::End(TurnEnd::Cancelled)),
            FinishReason::Length if self.usage.completion_tokens >= self.options.limits.tokens => {
                return Ok(Next::End(TurnEnd::Tokens));
            }
            FinishReason::Length if items.is_empty() && calls.is_empty() => {
                return Ok(Next::End(TurnEnd::Length));
            }
            FinishReason::Length => {
                self.leave_calls(&calls, CUT_OFF);
                let why = self.words("repair_length", context! {})?;
                return Ok(self.repair(TurnEnd::Length, &why));
            }
            _ => {}
        }
        if !is_new {
            return Ok(Next::End(TurnEnd::Loop));
        }
        if let Some(reason) = broken {
            if let Next::End(end) = self.answer_calls(&calls)? {
                return Ok(Next::End(end));
            }
            let mut why = self.words("repair_call", context! { reason })?;
            if !items.is_empty() {
                why.push_str("\n\n");
                why.push_str(NOT_APPLIED);
            }
            return Ok(self.repair(TurnEnd::Unrepaired, &why));
        }
        match (self.plans, calls.is_empty(), items.is_empty()) {
            (true, true, _) => self.plan(text),
            (false, true, true) => Ok(Next::End(TurnEnd::Done)),
            // What is planned is not done yet, and the plan is not whole.
            (true, false, _) | (false, false, true) => self.answer_calls(&calls),
            (false, _, false) => {
                // A command that is called for runs on what the edits made.
                let proposed = self.propose(&items, "edit")?;
                self.take_edits(proposed, &calls)
            }
        }
    }

    /// What came of the edits of an answer, and its calls, which are answered
    /// in any case.
    fn take_edits(&mut self, proposed: Proposed, calls: &[ToolCall]) -> Result<Next> {
        if let Proposed::End(end) = proposed {
            self.leave_calls(calls, STOPPED);
            return Ok(Next::End(end));
        }
        // A call may change files too, and has a note of its own.
        let note = self.note.take();
        let answered = self.answer_calls(calls)?;
        self.state.note(note.clone());
        let told = match proposed {
            Proposed::Done if calls.is_empty() => return Ok(self.pass_on_remarks()),
            Proposed::End(_) | Proposed::Nothing if calls.is_empty() => {
                return Ok(Next::End(TurnEnd::Done));
            }
            Proposed::Wrong(why) if matches!(answered, Next::Again) => {
                return Ok(self.repair(TurnEnd::Unrepaired, &why));
            }
            Proposed::Done if note.is_some() => GO_ON.to_owned(),
            Proposed::Done => APPLIED.to_owned(),
            Proposed::End(_) | Proposed::Nothing => ALREADY_THERE.to_owned(),
            Proposed::Wrong(why) | Proposed::Told(why) => why,
        };
        self.say(Message::user(told), None);
        Ok(answered)
    }

    /// After a change nobody says anything to the model any more, unless
    /// programs of plugins do. Where it was asked again often enough, it hears
    /// them with the next message.
    fn pass_on_remarks(&mut self) -> Next {
        if self.state.remarks.is_empty() || self.attempts >= self.options.limits.repairs {
            return Next::End(TurnEnd::Done);
        }
        let remarks = self.take_remarks();
        let is_noted = self.state.entries.last().is_some_and(|last| last.note.is_some());
        let applied = if is_noted { String::new() } else { format!("{APPLIED}\n\n") };
        self.say(Message::user(format!("{applied}{}", remarks.trim_end())), None);
        Next::Again
    }

    /// Shows a plan, and goes on where somebody agrees.
    fn plan(&mut self, plan: String) -> Result<Next> {
        self.emit(Event::PlanProposed { plan });
        let approval = Approval {
            id: self.next_id("plan"),
            what: "carry out the plan".to_owned(),
            why: "a plan was asked for first".to_owned(),
            access: Access::Other,
        };
        let words = match self.ask("plan", approval) {
            Decision::No => return Ok(Next::End(TurnEnd::Declined)),
            Decision::Because(why) => self.words("plan", context! { words => why })?,
            _ => {
                self.plans = false;
                self.words("plan_accepted", context! {})?
            }
        };
        self.say(Message::user(words), None);
        Ok(Next::Again)
    }

    /// Tells the model what was wrong, unless that was done often enough.
    pub fn repair(&mut self, otherwise: TurnEnd, why: &str) -> Next {
        if self.attempts >= self.options.limits.repairs {
            return Next::End(otherwise);
        }
        self.attempts += 1;
        self.emit(Event::Repair { attempt: self.attempts, reason: why.to_owned() });
        self.say(Message::user(why), None);
        Next::Again
    }
}

/// What a model is told of a call behind which its answer was cut off.
const CUT_OFF: &str = "it was not done, since the answer was cut off";

/// What a model is told of edits beside its calls.
const APPLIED: &str = "The edits were applied.";
const GO_ON: &str = "Go on from there.";
const NOT_APPLIED: &str = "The edits of this answer were not applied; write them again.";
const ALREADY_THERE: &str = "The files hold what the edits would write already.";
