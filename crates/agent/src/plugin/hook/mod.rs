//! Programs of plugins that hear what happens, and may object.

mod condition;
mod outcome;
mod rule;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use serde_json::{Value, json};

pub use outcome::{HookDecision, HookOutcome, HookProblem};
pub(super) use rule::read_rules;
pub use rule::{HookEvent, HookRule};

use super::PluginError;
use super::service::without_secrets;
use crate::program::{DirectRunner, ProgramCall, ProgramInput, ProgramRunner, ProgramStop};

/// How much is read of what a program says.
const MOST_BYTES: usize = 1 << 20;

/// What a call of a tool is called, and by what it is asked.
#[derive(Clone, Debug, Default)]
pub struct HookedCall {
    /// The tool's own name.
    pub tool: String,
    /// What others call such a tool, such as `Bash` and `Edit`: a matcher may
    /// name any of these, and the program is told the one that matched.
    pub aliases: Vec<String>,
    /// The arguments of the call.
    pub input: Value,
}

/// What happens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// A tool is about to be called.
    BeforeTool(HookedCall),
    /// A tool has been called.
    AfterTool {
        /// The call.
        call: HookedCall,
        /// What came back.
        response: Value,
    },
    /// A session begins: `startup`, `resume` or `clear`.
    SessionStart {
        /// Why.
        source: String,
    },
    /// Somebody said something, and no model has heard it yet.
    PromptSubmitted {
        /// What was said.
        prompt: String,
    },
    /// The model has done what was asked, and stops.
    Stop {
        /// Whether a program let it go on in this turn already.
        is_again: bool,
    },
    /// A session ends.
    SessionEnd {
        /// Why.
        reason: String,
    },
}

/// What all programs are told beside what happens.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct HookSurroundings {
    /// The session's name.
    pub session: String,
    /// The project's root, in which the programs run.
    pub folder: PathBuf,
    /// The environment that they inherit, without the variables that hold
    /// secrets.
    pub environment: BTreeMap<OsString, OsString>,
    /// A file with the conversation so far, a JSON object a line.
    pub transcript: Option<PathBuf>,
    /// How long all programs that hear of one thing may take together, where
    /// that is less than each may take by its rule.
    pub time: Option<Duration>,
}

impl HookSurroundings {
    /// A session in a project's root.
    pub fn new(
        session: impl Into<String>,
        folder: impl Into<PathBuf>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        Self {
            session: session.into(),
            folder: folder.into(),
            environment: environment.into_iter().collect(),
            transcript: None,
            time: None,
        }
    }
}

/// The hooks of the plugins that are enabled.
///
/// Programs that hear of the same thing run one after another, each with the
/// input as the one before left it; the first that denies is the last that is
/// asked. What a program allows is advice: it spares the user a question, and
/// lifts no rule of his.
#[derive(Clone, Debug, Default)]
pub struct Hooks {
    rules: Vec<HookRule>,
}

impl Hooks {
    /// Takes the rules of plugins, in their order.
    pub fn new(rules: impl IntoIterator<Item = HookRule>) -> Self {
        Self { rules: rules.into_iter().collect() }
    }

    /// Whether nobody listens to anything.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether something happens that somebody listens to.
    pub fn hears(&self, happening: &Happening) -> bool {
        self.rules.iter().any(|rule| rule.concerns(happening).is_some())
    }

    /// Tells all whom it concerns, and puts together what they say.
    ///
    /// A program that fails is a problem in the outcome and no objection,
    /// unless its rule says `"onFailure": "block"`.
    ///
    /// # Errors
    /// Where the work was cancelled.
    pub fn run(
        &self,
        happening: &Happening,
        around: &HookSurroundings,
        cancel: &CancelToken,
    ) -> Result<HookOutcome, PluginError> {
        let mut outcome = HookOutcome::default();
        let begun = Instant::now();
        let mut input = match happening {
            Happening::BeforeTool(call) | Happening::AfterTool { call, .. } => call.input.clone(),
            _ => Value::Null,
        };
        for rule in &self.rules {
            let Some(name) = rule.concerns(happening) else { continue };
            let payload = payload(happening, around, name, &input);
            let left = around.time.map(|time| time.saturating_sub(begun.elapsed()));
            let time = left.map_or(rule.timeout(), |left| left.min(rule.timeout()));
            let said = rule.ask(&payload, around, time, cancel)?;
            if let Some(changed) = &said.updated_input {
                input = changed.clone();
            }
            outcome.add(said);
            if outcome.decision == HookDecision::Deny {
                break;
            }
        }
        Ok(outcome)
    }
}

/// The document that a program reads.
fn payload(happening: &Happening, around: &HookSurroundings, name: &str, input: &Value) -> Value {
    let mut payload = json!({
        "session_id": around.session,
        "cwd": around.folder.to_string_lossy(),
        "hook_event_name": happening.event().name(),
    });
    if let Some(path) = &around.transcript {
        payload["transcript_path"] = path.to_string_lossy().into();
    }
    let more = match happening {
        Happening::BeforeTool(_) => json!({"tool_name": name, "tool_input": input}),
        Happening::AfterTool { response, .. } => {
            json!({"tool_name": name, "tool_input": input, "tool_response": response})
        }
        Happening::SessionStart { source } => json!({"source": source}),
        // Programs know the one name or the other.
        Happening::PromptSubmitted { prompt } => json!({"prompt": prompt, "user_prompt": prompt}),
        Happening::Stop { is_again } => json!({"stop_hook_active": is_again}),
        Happening::SessionEnd { reason } => json!({"reason": reason}),
    };
    if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
        payload.extend(more);
    }
    payload
}

impl Happening {
    pub(super) fn event(&self) -> HookEvent {
        match self {
            Self::BeforeTool(_) => HookEvent::BeforeTool,
            Self::AfterTool { .. } => HookEvent::AfterTool,
            Self::SessionStart { .. } => HookEvent::SessionStart,
            Self::PromptSubmitted { .. } => HookEvent::PromptSubmitted,
            Self::Stop { .. } => HookEvent::Stop,
            Self::SessionEnd { .. } => HookEvent::SessionEnd,
        }
    }
}

impl HookRule {
    fn ask(
        &self,
        payload: &Value,
        around: &HookSurroundings,
        time: Duration,
        cancel: &CancelToken,
    ) -> Result<HookOutcome, PluginError> {
        let mut call = ProgramCall::new(self.program()).args(self.arguments());
        call.folder = Some(around.folder.clone());
        call.inherits = false;
        let inherited = without_secrets(&around.environment);
        call.environment = inherited.map(|(name, value)| (name.clone(), value.clone())).collect();
        call.environment.extend([
            ("CLAUDE_PLUGIN_ROOT".into(), self.root.clone().into()),
            ("PLUGIN_ROOT".into(), self.root.clone().into()),
            // Else Python would write beside the plugin's files, and so change
            // what the user approved.
            ("PYTHONDONTWRITEBYTECODE".into(), "1".into()),
            ("CLAUDE_PROJECT_DIR".into(), around.folder.clone().into()),
        ]);
        call.input = ProgramInput::Bytes(payload.to_string().into_bytes());
        call.time = time;
        call.output_bytes = MOST_BYTES;
        let program = call.program.display().to_string();
        let failed = |reason: String| Ok(outcome::failed(self, reason));
        let end = match DirectRunner.run(call, cancel) {
            Ok(end) => end,
            Err(error) => return failed(format!("`{program}` cannot be started: {error}")),
        };
        match (end.stopped, end.status) {
            (Some(ProgramStop::Cancelled), _) => Err(PluginError::Cancelled),
            (Some(ProgramStop::Time), _) => {
                failed(format!("it did not end within {} s", time.as_secs()))
            }
            (Some(ProgramStop::Output), _) => {
                failed(format!("it said more than {} KiB", MOST_BYTES >> 10))
            }
            (None, None) => {
                let signal = end.signal.map(|signal| format!(" (signal: {signal})"));
                failed(format!("it crashed{}", signal.unwrap_or_default()))
            }
            (None, Some(code)) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                Ok(outcome::read(self, code, &text(&end.output), &text(&end.errors)))
            }
        }
    }

    /// How long the program may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}
