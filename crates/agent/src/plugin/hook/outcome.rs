use serde::Serialize;
use serde_json::Value;

use super::{HookEvent, HookRule};

/// How much of what a program says goes on to the model or the user.
const MOST_TEXT_BYTES: usize = 16 << 10;

/// What comes of asking.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HookOutcome {
    /// What is to be done with the call.
    pub decision: HookDecision,
    /// Why: for the model where it is denied, for the user where he is asked.
    pub reason: Option<String>,
    /// The input of the call, where a program changed it.
    pub updated_input: Option<Value>,
    /// The plugin that decided.
    pub decided_by: Option<String>,
    /// What the model is to know.
    pub context: Vec<String>,
    /// What is wrong with what was done: the model is to mend it.
    pub feedback: Vec<String>,
    /// What the user is to know.
    pub messages: Vec<String>,
    /// Programs that failed.
    pub problems: Vec<HookProblem>,
}

/// What a program says of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HookDecision {
    /// Nothing: the user's rules decide.
    #[default]
    None,
    /// The user need not be asked. What the rules deny stays denied.
    Allow,
    /// The user is to be asked, even where the rules allow.
    Ask,
    /// It is not done.
    Deny,
}

/// A program that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HookProblem {
    /// The plugin.
    pub plugin: String,
    /// What happened.
    pub text: String,
}

impl HookOutcome {
    /// Of programs that were stopped: nothing that they might object to is done.
    pub(crate) fn stopped() -> Self {
        let reason = Some("it was stopped before it had answered".to_owned());
        Self { decision: HookDecision::Deny, reason, ..Self::default() }
    }

    /// Adds what another program says: the strictest decision holds.
    pub(super) fn add(&mut self, other: Self) {
        if other.decision > self.decision {
            self.decision = other.decision;
            self.reason = other.reason;
            self.decided_by = other.decided_by;
        }
        if other.updated_input.is_some() {
            self.updated_input = other.updated_input;
        }
        self.context.extend(other.context);
        self.feedback.extend(other.feedback);
        self.messages.extend(other.messages);
        self.problems.extend(other.problems);
    }
}

/// Reads what a program said: its exit code, then its JSON, then its words.
pub(super) fn read(rule: &HookRule, code: i32, stdout: &str, stderr: &str) -> HookOutcome {
    let mut outcome = read_ended(rule, code, stdout, stderr);
    if outcome.decision != HookDecision::None {
        outcome.decided_by = Some(rule.plugin.clone());
        // Some tell the reason to the person alone.
        outcome.reason = outcome.reason.or_else(|| outcome.messages.first().cloned());
    }
    outcome
}

fn read_ended(rule: &HookRule, code: i32, stdout: &str, stderr: &str) -> HookOutcome {
    let mut outcome = HookOutcome::default();
    match code {
        0 => {}
        2 => {
            outcome.decision = HookDecision::Deny;
            outcome.reason = Some(bounded(stderr)).filter(|reason| !reason.is_empty());
            settle(rule.event, &mut outcome);
            return outcome;
        }
        code => {
            let words = bounded(stderr);
            let words = if words.is_empty() { String::new() } else { format!(": {words}") };
            return failed(rule, format!("it ended with exit code {code}{words}"));
        }
    }
    let said = stdout.trim();
    if !said.starts_with('{') {
        // A session and a turn begin with what their programs say.
        let begins = matches!(rule.event, HookEvent::SessionStart | HookEvent::PromptSubmitted);
        if begins && !said.is_empty() {
            outcome.context.push(bounded(said));
        }
        return outcome;
    }
    // Some say first that they take their time, in a document of its own.
    for document in serde_json::Deserializer::from_str(said).into_iter::<Value>() {
        let mut one = HookOutcome::default();
        match document {
            Ok(document) => document_read(rule.event, &document, &mut one),
            Err(error) => {
                return failed(rule, format!("what it said is no JSON document: {error}"));
            }
        }
        outcome.add(one);
    }
    outcome
}

fn document_read(event: HookEvent, document: &Value, outcome: &mut HookOutcome) {
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(bounded);
    let own = document.get("hookSpecificOutput").unwrap_or(&Value::Null);
    // The newer words go before the older.
    let decision = own.get("permissionDecision").or_else(|| document.get("decision"));
    outcome.decision = match decision.and_then(Value::as_str) {
        Some("allow" | "approve") => HookDecision::Allow,
        Some("ask") => HookDecision::Ask,
        Some("deny" | "block") => HookDecision::Deny,
        _ => HookDecision::None,
    };
    outcome.reason = text(own, "permissionDecisionReason").or_else(|| text(document, "reason"));
    if document.get("continue").and_then(Value::as_bool) == Some(false) {
        outcome.decision = HookDecision::Deny;
        outcome.reason = text(document, "stopReason").or(outcome.reason.take());
    }
    if event == HookEvent::BeforeTool {
        let updated = own.get("updatedInput").filter(|input| input.is_object());
        outcome.updated_input = updated.cloned();
    }
    settle(event, outcome);
    outcome.context.extend(text(own, "additionalContext"));
    outcome.messages.extend(text(document, "systemMessage"));
}

/// What a decision means where there is nothing left to allow or to deny.
fn settle(event: HookEvent, outcome: &mut HookOutcome) {
    let decision = outcome.decision;
    match event {
        HookEvent::BeforeTool => return,
        // What was said is passed on, or it is not; the model stops, or not.
        HookEvent::PromptSubmitted | HookEvent::Stop if decision == HookDecision::Deny => return,
        // What is done is done: the model is told why it should not have been.
        HookEvent::AfterTool if decision == HookDecision::Deny => {
            outcome.feedback.extend(outcome.reason.take());
        }
        _ if decision != HookDecision::None => outcome.context.extend(outcome.reason.take()),
        _ => {}
    }
    outcome.decision = HookDecision::None;
}

pub(super) fn failed(rule: &HookRule, text: String) -> HookOutcome {
    let mut outcome = HookOutcome::default();
    if rule.blocks_on_failure && rule.event == HookEvent::BeforeTool {
        outcome.decision = HookDecision::Deny;
        outcome.reason =
            Some(format!("the plugin `{}` could not check the call: {text}", rule.plugin));
    }
    outcome.problems.push(HookProblem { plugin: rule.plugin.clone(), text });
    outcome
}

fn bounded(text: &str) -> String {
    let text = text.trim();
    if text.len() <= MOST_TEXT_BYTES {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MOST_TEXT_BYTES)])
}
