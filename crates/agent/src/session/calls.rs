//! The calls of tools in an answer: judged, done, told back.

use mlxcode_edit::ParsedItem;
use mlxcode_models::{Message, ToolCall};

use super::event::{Decision, Event, TurnEnd};
use super::hooked::Advice;
use super::policy::Verdict;
use super::propose::Proposed;
use super::repeats::Again;
use super::worker::{Next, Worker};
use crate::error::Result;
use crate::tool::{Access, Outcome, World};

/// What a model is told of a call that was not done any more.
pub(super) const STOPPED: &str = "it was not done, since the turn was stopped";

/// What a call came to.
enum Answered {
    /// The model is told this.
    Told { text: String, ok: bool },
    /// The turn ends here.
    End(TurnEnd),
}

impl Worker<'_> {
    /// Does what an answer calls for, one after the other, and tells the model.
    pub fn answer_calls(&mut self, calls: &[ToolCall]) -> Result<Next> {
        for (place, call) in calls.iter().enumerate() {
            self.emit(Event::ToolCalled { call: call.clone() });
            match self.answer_call(&mut call.clone())? {
                Answered::Told { text, ok } => self.tell_answer(call, text, ok),
                Answered::End(end) => {
                    self.tell_answer(call, STOPPED.to_owned(), false);
                    self.leave_calls(&calls[place + 1..], STOPPED);
                    return Ok(Next::End(end));
                }
            }
        }
        Ok(Next::Again)
    }

    /// Tells the model that calls were not done: each is answered, or the next
    /// prompt would be refused.
    pub fn leave_calls(&mut self, calls: &[ToolCall], why: &str) {
        for call in calls {
            self.emit(Event::ToolCalled { call: call.clone() });
            self.tell_answer(call, why.to_owned(), false);
        }
    }

    fn tell_answer(&mut self, call: &ToolCall, text: String, ok: bool) {
        let (id, name) = (call.id.clone(), call.name.clone());
        self.emit(Event::ToolAnswered { id, name, text: text.clone(), ok });
        self.say(Message::tool(call.id.clone(), text), None);
    }

    fn answer_call(&mut self, call: &mut ToolCall) -> Result<Answered> {
        match self.repeats.call(call) {
            Again::Fine => {}
            Again::Tell => {
                return Ok(told_not(
                    "this was asked before, and the answer is the same; do something else, or \
                     answer with what is known",
                ));
            }
            Again::Stop => return Ok(Answered::End(TurnEnd::Loop)),
        }
        if self.cancel.is_cancelled() {
            return Ok(Answered::End(TurnEnd::Cancelled));
        }
        let tools = self.tools.clone();
        let Some(tool) = tools.tool(&call.name) else {
            let names: Vec<String> = tools.specs().into_iter().map(|spec| spec.name).collect();
            let (name, names) = (&call.name, names.join(", "));
            return Ok(told_not(format!("there is no tool `{name}`; there are {names}")));
        };
        let mut access = match tool.access(&call.arguments) {
            Ok(access) => access,
            Err(error) => return Ok(told_not(error.to_string())),
        };
        // What changes files is judged where the change is known.
        let is_change = matches!(access, Access::Write { .. });
        if !is_change {
            let mut advice = Advice::default();
            if !matches!(self.judge(&call.name, &access), Verdict::Deny { .. }) {
                match self.hear_call(call, tool, access) {
                    Ok(heard) => (advice, access) = heard,
                    Err(error) => return Ok(told_not(error.to_string())),
                }
            }
            let what = access.to_string();
            let (decision, _) = self.advised(&call.id, &call.name, &access, &what, &advice);
            match decision {
                Decision::Yes
                | Decision::Always
                | Decision::Only(_)
                | Decision::Parts(_)
                | Decision::PartsBecause(..) => {}
                Decision::Because(why) => return Ok(told_not(why)),
                Decision::No | Decision::Why(_) => return Ok(Answered::End(self.declined())),
            }
        }
        let ground = &self.parts.ground;
        let lookup = &*self.parts.lookup;
        let world = World { root: ground.root(), lookup, cancel: &self.cancel };
        let answered = match tool.call(&call.arguments, &world) {
            Ok(Outcome::Text(text)) => Answered::Told { text, ok: true },
            Ok(Outcome::Edits(items)) => self.answer_edits(&items, &call.name)?,
            Ok(Outcome::Task { prompt }) => {
                let text = self.report(&call.id, &prompt);
                Answered::Told { text, ok: true }
            }
            Err(error) => told_not(error.to_string()),
        };
        if let Answered::Told { text, ok } = &answered
            && !is_change
        {
            self.hear_answer(call, &access, text, *ok);
        }
        Ok(match answered {
            Answered::Told { text, ok } => {
                let remarks = self.take_remarks();
                let between = if remarks.is_empty() { "" } else { "\n\n" };
                Answered::Told { text: format!("{text}{between}{}", remarks.trim_end()), ok }
            }
            end @ Answered::End(_) => end,
        })
    }

    fn answer_edits(&mut self, items: &[ParsedItem], tool: &str) -> Result<Answered> {
        let proposed = self.propose(items, tool)?;
        let note = self.note.take();
        Ok(match proposed {
            Proposed::Done => {
                let text = note.unwrap_or_else(|| "it is changed".to_owned());
                Answered::Told { text, ok: true }
            }
            Proposed::Nothing => {
                Answered::Told { text: "the file holds this already".to_owned(), ok: true }
            }
            Proposed::Wrong(why) | Proposed::Told(why) => {
                told_not(note.map_or(why.clone(), |note| format!("{note}\n\n{why}")))
            }
            Proposed::End(end) => Answered::End(end),
        })
    }

    /// How a turn ends to which somebody said no.
    pub fn declined(&self) -> TurnEnd {
        if self.cancel.is_cancelled() { TurnEnd::Cancelled } else { TurnEnd::Declined }
    }
}

fn told_not(words: impl Into<String>) -> Answered {
    Answered::Told { text: words.into(), ok: false }
}
