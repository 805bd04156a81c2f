//! What a model says when somebody who decides asks why.

use minijinja::context;
use mlxcode_base::Diagnostic as _;
use mlxcode_models::{
    GenerateOptions, GenerateRequest, GenerationEvent, Message, Prompt, ReplyOptions, ReplyPiece,
    ReplyReader, Role,
};

use super::event::{Approval, Event};
use super::worker::Worker;
use crate::error::Result;

/// The most tokens of such an answer: a few sentences, thoughts included.
const WHY_TOKENS: usize = 1_024;

/// What stands for the answers to calls that wait for the decision.
const WAITS: &str = "(this waits for a decision)";

impl Worker<'_> {
    /// Asks the model why it wants to do something, and hands on what it says.
    /// The conversation stays as it is.
    pub fn explain(&mut self, approval: &Approval, question: Option<&str>) {
        if let Err(error) = self.try_explain(approval, question) {
            let text = format!("the model could not be asked why: {error}");
            let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
            self.emit(Event::Notice { text: text + &help });
        }
    }

    fn try_explain(&mut self, approval: &Approval, question: Option<&str>) -> Result<()> {
        let what = approval.what.as_str();
        let why = self.words("why", context! { what, question => question.unwrap_or_default() })?;
        let mut chat = self.chat();
        chat.messages.extend(unanswered(&chat.messages));
        chat.messages.push(Message::user(why));
        // They stand in front of all: without them nothing of what the model has
        // read would be of use.
        let tools = chat.tools.clone();
        let calls_before = chat.messages.iter().map(|message| message.tool_calls.len()).sum();
        let options = GenerateOptions {
            max_tokens: Some(WHY_TOKENS.min(self.answer_tokens())),
            ..self.options.generate.clone()
        };
        // Dropping a generation cancels it, and it alone.
        let cancel = self.cancel.child();
        let request =
            GenerateRequest::new(Prompt::Chat(chat)).with_options(options).with_cancel(cancel);
        let reading = ReplyOptions { tools, calls_before, ..ReplyOptions::default() };
        let mut reader = ReplyReader::new(reading);
        for event in self.parts.model.generate(request)? {
            match event? {
                GenerationEvent::Token(token) => self.explained(reader.push(&token.text)),
                GenerationEvent::Finished(finished) => {
                    self.usage = super::worker::sum(self.usage, finished.usage);
                }
                _ => {}
            }
            if self.cancel.is_cancelled() {
                break;
            }
        }
        let rest = reader.finish();
        self.explained(rest);
        Ok(())
    }

    /// Thoughts and calls are passed over: only words explain.
    fn explained(&mut self, pieces: Vec<ReplyPiece>) {
        for piece in pieces {
            if let ReplyPiece::Text(text) = piece {
                self.emit(Event::Explaining { text });
            }
        }
    }
}

/// Answers to the calls that have none yet: a template takes no others.
fn unanswered(messages: &[Message]) -> Vec<Message> {
    let Some(last) = messages.iter().rposition(|one| one.role == Role::Assistant) else {
        return Vec::new();
    };
    let answered = messages[last..].iter().filter(|one| one.role == Role::Tool).count();
    let waiting = messages[last].tool_calls.iter().skip(answered);
    waiting.map(|call| Message::tool(call.id.clone(), WAITS)).collect()
}
