//! What programs of plugins hear of a turn, and what they say to it.

use std::time::Duration;

use mlxcode_base::CancelToken;
use mlxcode_edit::FileChange;
use mlxcode_models::{Message, ToolCall};
use serde_json::{Value, json};

use super::event::{Decision, Event};
use super::policy::Verdict;
use super::published;
use super::transcript::Transcript;
use super::worker::Worker;
use super::{Entry, SessionHooks};
use crate::plugin::{Happening, HookDecision, HookOutcome, HookedCall};
use crate::tool::{Access, Tool, ToolResult};

/// How long the programs may take together that hear of the end of a session:
/// somebody wants to leave.
const END_TIME: Duration = Duration::from_secs(5);

/// How often programs may let a model go on that wants to stop, in a turn. One
/// that always wants it must not keep it at work for ever.
const MOST_STOPS: usize = 5;

/// What programs say of something that is about to be done.
#[derive(Debug, Default)]
pub(super) struct Advice {
    decision: HookDecision,
    reason: Option<String>,
    by: String,
}

impl Advice {
    fn of(outcome: &HookOutcome) -> Self {
        let by = outcome.decided_by.clone().unwrap_or_default();
        Self { decision: outcome.decision, reason: outcome.reason.clone(), by }
    }

    /// Whether it is not to be done.
    pub fn denies(&self) -> bool {
        self.decision == HookDecision::Deny
    }

    /// What a policy says, with this advice. What the policy denies stays
    /// denied.
    pub fn on(&self, verdict: Verdict) -> Verdict {
        let by = || match &self.reason {
            Some(reason) => format!("the plugin {}: {reason}", self.by),
            None => format!("the plugin {}", self.by),
        };
        match (self.decision, verdict) {
            (_, denied @ Verdict::Deny { .. }) => denied,
            (HookDecision::Deny, _) => Verdict::Deny { why: by() },
            (HookDecision::Ask, _) => Verdict::Ask { why: by() },
            (HookDecision::Allow, Verdict::Ask { .. }) => Verdict::Allow { rule: by() },
            (_, verdict) => verdict,
        }
    }

    /// The stricter of two.
    fn and(self, other: Self) -> Self {
        // One file that may be changed says nothing of the others.
        let allows = |one: &Self| one.decision == HookDecision::Allow;
        match (allows(&self), allows(&other)) {
            (true, false) => other,
            (false, true) => self,
            _ if other.decision > self.decision => other,
            _ => self,
        }
    }
}

impl Worker<'_> {
    /// Tells the programs, and tells the person what they say to him.
    fn hear(&mut self, happening: &Happening) -> HookOutcome {
        let Some(listening) = self.parts.additions.hooks.clone() else {
            return HookOutcome::default();
        };
        let (name, entries) = (&self.options.name, &self.state.entries);
        let (outcome, unwritten) = ask(&listening, happening, (name, entries), None, &self.cancel);
        if let Some(error) = unwritten {
            let text = format!("hooks do not find the conversation: {error}");
            self.emit(Event::Notice { text });
        }
        for text in &outcome.messages {
            self.emit(Event::Notice { text: text.clone() });
        }
        for text in outcome.context.iter().chain(&outcome.feedback) {
            let text = format!("a hook tells the model: {}", beginning(text));
            self.emit(Event::Notice { text });
        }
        for problem in &outcome.problems {
            let text = format!("a hook of the plugin {} failed: {}", problem.plugin, problem.text);
            self.emit(Event::Notice { text });
        }
        outcome
    }

    /// Programs hear that the session begins, once, and what was said. False
    /// where one of them wants it not to be passed on.
    pub fn hear_prompt(&mut self, said: &str) -> bool {
        if self.is_inner() {
            return true;
        }
        if !std::mem::replace(&mut self.state.is_begun, true) {
            let source = match (self.state.is_cleared, self.state.entries.is_empty()) {
                (true, _) => "clear",
                (false, true) => "startup",
                (false, false) => "resume",
            };
            let outcome = self.hear(&Happening::SessionStart { source: source.to_owned() });
            self.state.remarks.extend(outcome.context);
        }
        let outcome = self.hear(&Happening::PromptSubmitted { prompt: said.to_owned() });
        // Who stops the turn has no need to hear that nobody answered.
        if self.cancel.is_cancelled() {
            return false;
        }
        if outcome.decision == HookDecision::Deny {
            let by = outcome.decided_by.unwrap_or_default();
            let why = outcome.reason.unwrap_or_else(|| "it says no more".to_owned());
            let text = format!("the plugin {by} does not let this be said: {why}");
            self.emit(Event::Notice { text });
            return false;
        }
        self.state.remarks.extend(outcome.context);
        true
    }

    /// Programs hear that the model stops. True where one wants it to go on,
    /// and it was told why.
    pub fn goes_on(&mut self) -> bool {
        if self.is_inner() || self.kept_going >= MOST_STOPS {
            return false;
        }
        let outcome = self.hear(&Happening::Stop { is_again: self.kept_going > 0 });
        self.state.remarks.extend(outcome.context.iter().cloned());
        let wants = outcome.decision == HookDecision::Deny && !self.cancel.is_cancelled();
        let Some(why) = outcome.reason.filter(|_| wants) else { return false };
        self.kept_going += 1;
        let by = outcome.decided_by.unwrap_or_default();
        let first = why.lines().next().unwrap_or_default();
        self.emit(Event::Notice { text: format!("the plugin {by} lets it go on: {first}") });
        self.say(Message::user(why), None);
        true
    }

    /// Programs hear of a call that is about to be done, and may change its
    /// arguments: what it touches then comes with it.
    pub fn hear_call(
        &mut self,
        call: &mut ToolCall,
        tool: &dyn Tool,
        access: Access,
    ) -> ToolResult<(Advice, Access)> {
        let root = self.parts.ground.root().path().to_owned();
        let hooked = published::call(&call.name, &access, &call.arguments, &root);
        let outcome = self.hear(&Happening::BeforeTool(hooked));
        self.state.remarks.extend(outcome.context.iter().cloned());
        let advice = Advice::of(&outcome);
        let Some(input) = outcome.updated_input else { return Ok((advice, access)) };
        call.arguments = published::arguments(&access, &input, &root);
        let access = tool.access(&call.arguments)?;
        let text = format!("a hook changed the call of {} to {}", call.name, call.arguments);
        self.emit(Event::Notice { text });
        Ok((advice, access))
    }

    /// Programs hear what a call came to. What is told to the model besides.
    pub fn hear_answer(&mut self, call: &ToolCall, access: &Access, text: &str, ok: bool) {
        let root = self.parts.ground.root().path().to_owned();
        let call = published::call(&call.name, access, &call.arguments, &root);
        let response = match access {
            Access::Run { .. } => json!({"stdout": text, "stderr": "", "interrupted": false}),
            _ => json!({"content": text, "success": ok}),
        };
        self.hear_done(call, response);
    }

    /// Programs hear of changes that are about to be written.
    pub fn hear_changes(&mut self, changes: &[FileChange], tool: &str) -> Advice {
        let root = self.parts.ground.root().path().to_owned();
        let mut advice: Option<Advice> = None;
        for change in changes {
            let hooked = published::change(tool, change, &root);
            let outcome = self.hear(&Happening::BeforeTool(hooked));
            self.state.remarks.extend(outcome.context.iter().cloned());
            let one = Advice::of(&outcome);
            let is_denied = one.decision == HookDecision::Deny;
            advice = Some(match advice {
                Some(before) => before.and(one),
                None => one,
            });
            if is_denied {
                break;
            }
        }
        advice.unwrap_or_default()
    }

    /// Programs hear of changes that were written. What they have against them.
    pub fn hear_changed(&mut self, changes: &[FileChange], tool: &str) -> Vec<String> {
        let root = self.parts.ground.root().path().to_owned();
        let mut feedback = Vec::new();
        for change in changes {
            let hooked = published::change(tool, change, &root);
            let response = json!({"filePath": hooked.input["file_path"], "success": true});
            feedback.extend(self.hear_done(hooked, response));
        }
        feedback
    }

    /// What they have against it comes back where it can be mended, and is a
    /// remark where it is not.
    fn hear_done(&mut self, call: HookedCall, response: Value) -> Vec<String> {
        let is_change = call.aliases.iter().any(|name| name == "Edit" || name == "Write");
        let outcome = self.hear(&Happening::AfterTool { call, response });
        self.state.remarks.extend(outcome.context);
        if is_change {
            return outcome.feedback;
        }
        self.state.remarks.extend(outcome.feedback);
        Vec::new()
    }

    /// What programs said that the model has not heard yet.
    pub fn take_remarks(&mut self) -> String {
        let remarks = std::mem::take(&mut self.state.remarks);
        remarks.iter().map(|text| format!("From a hook:\n{}\n\n", text.trim())).collect()
    }

    /// Judges with the advice of programs.
    pub fn advised(
        &mut self,
        id: &str,
        tool: &str,
        access: &Access,
        what: &str,
        advice: &Advice,
    ) -> (Decision, Option<String>) {
        let verdict = advice.on(self.judge(tool, access));
        self.carry_out(id, tool, access, what, verdict)
    }
}

/// What of a text is shown to the person, in a line.
const SHOWN_CHARS: usize = 240;

/// The beginning of a text, in one line.
fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Tells the programs that a session ends. They have little time.
pub(super) fn hear_end(listening: &SessionHooks, session: &str, entries: &[Entry], reason: &str) {
    let happening = Happening::SessionEnd { reason: reason.to_owned() };
    ask(listening, &happening, (session, entries), Some(END_TIME), &CancelToken::new());
}

/// Asks those who listen. The conversation is written for them first; the error
/// where it could not be.
fn ask(
    listening: &SessionHooks,
    happening: &Happening,
    (session, entries): (&str, &[Entry]),
    time: Option<Duration>,
    cancel: &CancelToken,
) -> (HookOutcome, Option<std::io::Error>) {
    if !listening.hooks.hears(happening) {
        return (HookOutcome::default(), None);
    }
    let mut around = listening.around.clone();
    around.time = time.or(around.time);
    if around.session.is_empty() {
        session.clone_into(&mut around.session);
    }
    let written = listening
        .transcripts
        .as_ref()
        .map(|folder| Transcript::write(folder, &around.session, &around.folder, entries));
    let (transcript, unwritten) = match written.transpose() {
        Ok(transcript) => (transcript, None),
        Err(error) => (None, Some(error)),
    };
    around.transcript = transcript.as_ref().map(|transcript| transcript.path().to_owned());
    // A turn that is stopped looks for that itself; until then nothing is done.
    let outcome = listening.hooks.run(happening, &around, cancel);
    (outcome.unwrap_or_else(|_| HookOutcome::stopped()), unwritten)
}
