//! What a session remembers.

use std::collections::BTreeSet;

use mlxcode_base::RelPath;
use mlxcode_context::PackedContext;
use mlxcode_models::{Message, Role};
use serde::{Deserialize, Serialize};

use super::policy::Mode;

/// A message, and what is needed to make it shorter later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The turn that it belongs to, from one.
    pub turn: u64,
    /// The message as the model reads it.
    pub message: Message,
    /// Of a person's message, the words without the passages of code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What the model is told of it at the beginning of the next message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a session remembers from turn to turn.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The instructions, which stay the same.
    pub system: Option<Message>,
    /// What the person is told when the next turn begins.
    pub notices: Vec<String>,
    /// What was said.
    pub entries: Vec<Entry>,
    /// What of the code stands in the messages.
    pub context: Option<PackedContext>,
    /// Instructions of folders that stand in the messages.
    pub instructed: BTreeSet<String>,
    /// Files that are shown whole.
    pub pinned: Vec<RelPath>,
    /// The turn that runs, or was last.
    pub turn: u64,
    /// How much may be done without asking.
    pub mode: Mode,
    /// Whether programs of plugins heard that the session begins.
    pub is_begun: bool,
    /// Whether it was cleared.
    pub is_cleared: bool,
    /// What programs said that the model is told with the next message.
    pub remarks: Vec<String>,
    /// The tools that others offered last; `None` before they were asked.
    pub served: Option<BTreeSet<String>>,
}

impl State {
    /// All messages, the instructions first.
    pub fn messages(&self) -> Vec<Message> {
        let said = self.entries.iter().map(|entry| &entry.message);
        self.system.iter().chain(said).cloned().collect()
    }

    /// Adds a message to the turn that runs.
    pub fn push(&mut self, message: Message, words: Option<String>) -> &Entry {
        let place = self.entries.len();
        self.entries.push(Entry { turn: self.turn, message, words, note: None });
        &self.entries[place]
    }

    /// Notes with the last message what the model is told of it with the next.
    pub fn note(&mut self, note: Option<String>) {
        if let (Some(last), Some(_)) = (self.entries.last_mut(), &note) {
            last.note = note;
        }
    }

    /// A text that follows the message before `place`, with what was noted of
    /// that one.
    pub fn noted(&self, place: usize, text: &str) -> String {
        let before = place.checked_sub(1).and_then(|before| self.entries.get(before));
        match before.and_then(|before| before.note.as_ref()) {
            Some(note) => format!("{note}\n\n{text}"),
            None => text.to_owned(),
        }
    }

    /// Ends a turn that was stopped so that the next can follow: templates want
    /// an answer after each question, and to each call.
    pub fn close_turn(&mut self) {
        let Some(last) = self.entries.last_mut() else { return };
        if last.message.role == Role::Assistant {
            last.message.tool_calls.clear();
            if last.message.content.is_empty() {
                STOPPED.clone_into(&mut last.message.content);
            }
        } else {
            self.push(Message::assistant(STOPPED), None);
        }
    }
}

const STOPPED: &str = "(This was stopped before the answer was complete.)";
