//! One answer of the model, read as it comes.

use mlxcode_edit::{ParsedItem, ReplyParser};
use mlxcode_models::{
    FinishReason, GenerateRequest, GenerationEvent, Kept, Message, Prompt, ReplyOptions,
    ReplyPiece, ReplyReader, Role, ToolCall,
};

use super::event::Event;
use super::repeats::is_stuck;
use super::worker::{Worker, sum};
use crate::error::Result;

/// Text between two looks at whether the model goes in a circle.
const LOOK_BYTES: usize = 512;

/// An answer that was read to its end.
pub(super) struct Step {
    /// What the model said, thought and calls.
    pub message: Message,
    /// The edits in what it said.
    pub items: Vec<ParsedItem>,
    /// Why a call could not be understood.
    pub broken: Option<String>,
    /// Why it ended.
    pub reason: FinishReason,
}

impl Worker<'_> {
    /// Asks the model once, by a prompt of so many tokens, and hands on what it
    /// says as it comes.
    pub fn step(&mut self, prompt_tokens: usize) -> Result<Step> {
        let mut options = self.options.generate.clone();
        let left = self.options.limits.tokens.saturating_sub(self.usage.completion_tokens);
        let room = self.parts.model.info().context_length.saturating_sub(prompt_tokens);
        options.max_tokens = Some(self.answer_tokens().min(left).min(room).max(1));
        let chat = self.chat();
        let calls_before = chat.messages.iter().map(|message| message.tool_calls.len()).sum();
        let tools = chat.tools.clone();
        let reading = ReplyOptions { tools, calls_before, ..ReplyOptions::default() };
        let mut answer = Answer::new(ReplyReader::new(reading));
        // Dropping a generation cancels it, and it alone.
        let cancel = self.cancel.child();
        let request =
            GenerateRequest::new(Prompt::Chat(chat)).with_options(options).with_cancel(cancel);
        let generation = self.parts.model.generate(request)?;
        let mut reason = FinishReason::Cancelled;
        let mut took = None;
        for event in generation {
            match event? {
                GenerationEvent::Token(token) => {
                    let pieces = answer.reader.push(&token.text);
                    self.take_pieces(pieces, &mut answer);
                }
                GenerationEvent::Thinking(text) => {
                    self.take_pieces(vec![ReplyPiece::Thinking(text)], &mut answer);
                }
                GenerationEvent::ToolCall(call) => {
                    self.take_pieces(vec![ReplyPiece::ToolCall(call)], &mut answer);
                }
                GenerationEvent::Kept(kept) => answer.kept = Some(kept),
                GenerationEvent::Finished(finished) => {
                    reason = finished.reason;
                    took = Some((finished.usage, finished.timings));
                }
                _ => {}
            }
            // What a model had said ahead is not heard any more.
            if self.cancel.is_cancelled() {
                reason = FinishReason::Cancelled;
                break;
            }
            if answer.is_stuck() {
                let text = "the answer repeats itself and was stopped".to_owned();
                self.emit(Event::Notice { text });
                reason = FinishReason::Length;
                break;
            }
        }
        let pieces = answer.reader.finish();
        self.take_pieces(pieces, &mut answer);
        if let Some((usage, timings)) = took {
            self.usage = sum(self.usage, usage);
            self.emit(Event::Usage { usage, timings, reason });
        }
        let mut step = answer.finish(reason);
        self.name_calls(&mut step.message.tool_calls);
        Ok(step)
    }

    fn take_pieces(&mut self, pieces: Vec<ReplyPiece>, answer: &mut Answer) {
        for piece in pieces {
            match piece {
                ReplyPiece::Text(text) => {
                    answer.say(&text);
                    self.emit(Event::Text { text });
                }
                ReplyPiece::Thinking(text) => {
                    answer.thought.push_str(&text);
                    self.emit(Event::Thinking { text });
                }
                ReplyPiece::ToolCall(call) => answer.calls.push(call),
                ReplyPiece::BrokenCall { text, reason } => {
                    // The model sees what it wrote, and what is wrong with it.
                    answer.text.push_str(&text);
                    answer.broken.get_or_insert(reason);
                }
                _ => {}
            }
        }
    }

    /// Gives each call a name that no other of the session has.
    fn name_calls(&mut self, calls: &mut [ToolCall]) {
        for call in calls {
            let is_taken = self.state.entries.iter().any(|entry| {
                entry.message.role == Role::Assistant
                    && entry.message.tool_calls.iter().any(|one| one.id == call.id)
            });
            if is_taken || call.id.is_empty() {
                call.id = self.next_id("call");
            }
        }
    }
}

/// An answer on its way.
struct Answer {
    reader: ReplyReader,
    parser: ReplyParser,
    text: String,
    thought: String,
    calls: Vec<ToolCall>,
    items: Vec<ParsedItem>,
    broken: Option<String>,
    /// What the provider wants back with the next request.
    kept: Option<Box<Kept>>,
    looked: usize,
}

impl Answer {
    fn new(reader: ReplyReader) -> Self {
        Self {
            reader,
            parser: ReplyParser::new(),
            text: String::new(),
            thought: String::new(),
            calls: Vec::new(),
            items: Vec::new(),
            broken: None,
            kept: None,
            looked: 0,
        }
    }

    fn say(&mut self, text: &str) {
        self.text.push_str(text);
        self.items.extend(self.parser.push(text));
    }

    fn is_stuck(&mut self) -> bool {
        let length = self.text.len() + self.thought.len();
        if length < self.looked + LOOK_BYTES {
            return false;
        }
        self.looked = length;
        is_stuck(&self.text) || is_stuck(&self.thought)
    }

    fn finish(mut self, reason: FinishReason) -> Step {
        self.items.extend(self.parser.finish());
        // A command that is shown is for the person.
        self.items.retain(|item| !matches!(item, ParsedItem::Command(_)));
        let mut message = Message::assistant(self.text);
        message.thinking = Some(self.thought).filter(|thought| !thought.is_empty());
        message.tool_calls = self.calls;
        message.kept = self.kept;
        Step { message, items: self.items, broken: self.broken, reason }
    }
}
