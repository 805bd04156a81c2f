use mlxcode_core::{Event, TurnEnd};
use schemars::JsonSchema;
use serde::Serialize;

/// What `--print` prints as one document: a turn.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct PrintOutput {
    /// The model that answered.
    pub model: String,
    /// How much was allowed without asking.
    pub mode: String,
    /// What the model said, all of its answers one after the other.
    pub answer: String,
    /// What of the code it was shown: path and lines, or what it is.
    pub sources: Vec<String>,
    /// The tools that it called, in order.
    pub tools: Vec<String>,
    /// The files that were changed.
    pub changed: Vec<String>,
    /// The journal's entries, which take the changes back.
    pub entries: Vec<String>,
    /// What the person should know, a sentence each.
    pub notices: Vec<String>,
    /// Why the turn ended, such as `done` or `declined`.
    pub end: String,
    /// The error, where it failed.
    pub error: Option<String>,
    /// Tokens that the model read.
    pub prompt_tokens: usize,
    /// Tokens that it wrote.
    pub completion_tokens: usize,
}

impl PrintOutput {
    /// A turn of which nothing happened yet.
    pub fn new(model: &str, mode: &str) -> Self {
        Self { model: model.to_owned(), mode: mode.to_owned(), ..Self::default() }
    }

    /// Takes what happened.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Context(ledger) => {
                let place = |piece: &mlxcode_core::LedgerPiece| match (&piece.path, piece.lines) {
                    (Some(path), Some(lines)) => format!("{path}:{lines}"),
                    (Some(path), None) => path.clone(),
                    _ => piece.header.clone(),
                };
                self.sources = ledger.pieces.iter().map(place).collect();
            }
            Event::Text { text } => self.answer.push_str(text),
            Event::Notice { text } => self.notices.push(text.clone()),
            Event::ToolCalled { call } => self.tools.push(call.name.clone()),
            Event::Applied { entry, files } => {
                self.entries.push(entry.clone());
                self.changed.extend(files.iter().cloned());
            }
            Event::Finished { reason, usage } => {
                self.prompt_tokens = usage.prompt_tokens;
                self.completion_tokens = usage.completion_tokens;
                if let TurnEnd::Failed { message, .. } = reason {
                    self.error = Some(message.clone());
                    "failed".clone_into(&mut self.end);
                } else {
                    let name = serde_json::to_value(reason).unwrap_or_default();
                    name.as_str().unwrap_or("failed").clone_into(&mut self.end);
                }
            }
            _ => {}
        }
    }
}
