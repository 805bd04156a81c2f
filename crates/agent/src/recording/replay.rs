use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mlxcode_base::ErrorKind;
use mlxcode_models::{
    GenerateRequest, Generation, GenerationEvent, LanguageModel, ModelInfo, Prompt, Result,
    generation_channel,
};

use super::error::RecordingError;
use super::line::{
    Line, MOST_RECORDING_BYTES, RECORDING_VERSION, cut, difference, options_in_words, prompt_key,
    request_key,
};
use super::record::engine;

/// A model that answers from a recording, in its order, at once, with the same
/// events to the last byte.
///
/// A request that is not the recorded one fails, and tells where it differs.
#[derive(Debug)]
pub struct ReplayModel {
    info: ModelInfo,
    counts: HashMap<String, usize>,
    exchanges: Vec<Exchange>,
    next: Mutex<usize>,
}

/// A request, and what came.
#[derive(Debug)]
struct Exchange {
    key: String,
    prompt: Prompt,
    options: String,
    events: Vec<GenerationEvent>,
    failed: Option<(String, String)>,
}

impl ReplayModel {
    /// Reads a recording. One that was cut off, as by a crash, ends with its
    /// last whole line.
    pub fn read(recording: &str) -> std::result::Result<Self, RecordingError> {
        let wrong =
            |line: usize, what: &str| RecordingError::Unreadable { line, what: what.to_owned() };
        if recording.len() > MOST_RECORDING_BYTES {
            return Err(wrong(1, &format!("is one of more than {MOST_RECORDING_BYTES} bytes")));
        }
        let mut lines = recording.split_inclusive('\n').enumerate();
        let head = lines.next().map(|(_, text)| serde_json::from_str::<Line>(text));
        let info = match head {
            Some(Ok(Line::Recording { version: RECORDING_VERSION, model })) => model.into(),
            Some(Ok(Line::Recording { version, .. })) => {
                return Err(wrong(1, &format!("has version {version}, not {RECORDING_VERSION}")));
            }
            _ => return Err(wrong(1, "does not begin as a recording does")),
        };
        let mut replay =
            Self { info, counts: HashMap::new(), exchanges: Vec::new(), next: Mutex::default() };
        for (number, text) in lines {
            let line = match serde_json::from_str(text) {
                Ok(line) => line,
                Err(_) if !text.ends_with('\n') => break,
                Err(error) => return Err(wrong(number + 1, &format!("cannot be read: {error}"))),
            };
            if !replay.take(line) {
                return Err(wrong(number + 1, "stands where it means nothing"));
            }
        }
        Ok(replay)
    }

    /// How many requests of the recording were not made again.
    pub fn remaining(&self) -> usize {
        let next = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.exchanges.len().saturating_sub(next)
    }

    fn take(&mut self, line: Line) -> bool {
        match line {
            Line::Recording { .. } => false,
            Line::Count { key, tokens } => {
                self.counts.insert(key, tokens);
                true
            }
            Line::Request { key, prompt, options } => {
                let (events, failed) = (Vec::new(), None);
                self.exchanges.push(Exchange { key, prompt, options, events, failed });
                true
            }
            Line::Event(event) => {
                let last = self.exchanges.last_mut();
                last.map(|exchange| exchange.events.push(event)).is_some()
            }
            Line::EarlierEvent { request, event } => {
                let one = self.exchange(request);
                one.map(|exchange| exchange.events.push(event)).is_some()
            }
            Line::Failed { request, kind, message } => {
                let one = self.exchange(request.unwrap_or(self.exchanges.len()));
                one.map(|exchange| exchange.failed = Some((kind, message))).is_some()
            }
        }
    }

    /// A request by its number, from one.
    fn exchange(&mut self, number: usize) -> Option<&mut Exchange> {
        self.exchanges.get_mut(number.checked_sub(1)?)
    }

    fn counted(&self, what: &str, prompt: &Prompt) -> Result<usize> {
        let found = self.counts.get(&prompt_key(what, prompt)).copied();
        found.ok_or_else(|| {
            let text = match prompt {
                Prompt::Text(text) => text.clone(),
                other => other.as_messages().last().map(|m| m.content.clone()).unwrap_or_default(),
            };
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            engine(RecordingError::NotCounted { excerpt: cut(&line) })
        })
    }
}

impl LanguageModel for ReplayModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.counted("prompt", prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.counted("text", &Prompt::text(text))
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *next + 1;
        let Some(exchange) = self.exchanges.get(*next) else {
            let requests = self.exchanges.len();
            return Err(engine(RecordingError::Ended { requests }));
        };
        if exchange.key != request_key(&request.prompt, &request.options) {
            let (place, recorded, asked) = if exchange.prompt == request.prompt {
                let options = options_in_words(&request.options);
                let (recorded, asked) = first_option(&exchange.options, &options);
                ("an option".to_owned(), recorded, asked)
            } else {
                difference(&exchange.prompt, &request.prompt)
            };
            return Err(engine(RecordingError::Differs { number, place, recorded, asked }));
        }
        *next += 1;
        drop(next);
        let failed = exchange.failed.as_ref().map(|(kind, message)| {
            let (kind, message) =
                (ErrorKind::from_name(kind).unwrap_or(ErrorKind::Internal), message.clone());
            engine(RecordingError::Recorded { kind, message })
        });
        // What failed before the first event failed when it was asked.
        if exchange.events.is_empty()
            && let Some(error) = failed
        {
            return Err(error);
        }
        let (sender, generation) = generation_channel(request.cancel);
        for event in &exchange.events {
            sender.send(Ok(event.clone()));
        }
        if let Some(error) = failed {
            sender.send(Err(error));
        }
        Ok(generation)
    }
}

/// The first option that differs, in both.
fn first_option(recorded: &str, asked: &str) -> (String, String) {
    let pair = recorded.split(' ').zip(asked.split(' ')).find(|(one, other)| one != other);
    let (one, other) = pair.unwrap_or((recorded, asked));
    (cut(one), cut(other))
}
