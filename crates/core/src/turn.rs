use mlxcode_agent::TurnEvent;
use mlxcode_base::CancelToken;
use mlxcode_context::PackedContext;
use mlxcode_models::Finished;

use crate::error::Result;

/// A model's answer as it comes: an iterator over its events. Dropping it
/// cancels.
#[derive(Debug)]
pub struct Turn {
    running: mlxcode_agent::Turn,
    cancel: CancelToken,
}

impl Turn {
    pub(crate) fn new(running: mlxcode_agent::Turn, cancel: CancelToken) -> Self {
        Self { running, cancel }
    }

    /// The passages that the model was shown.
    pub fn context(&self) -> &PackedContext {
        self.running.context()
    }

    /// The answer as far as it has come.
    pub fn reply(&self) -> &str {
        self.running.reply()
    }

    /// How the answer ended; `None` while it runs.
    pub fn finished(&self) -> Option<&Finished> {
        self.running.finished()
    }

    /// The next piece of the answer's text, for callers that want nothing else;
    /// `None` at the end.
    pub fn next_text(&mut self) -> Option<Result<String>> {
        Some(self.running.next_text()?.map_err(Into::into))
    }

    /// Reads the answer to its end and gives it whole.
    pub fn read_to_end(&mut self) -> Result<&str> {
        Ok(self.running.read_to_end()?)
    }

    /// Ends the answer from any thread, within one token.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }
}

impl Iterator for Turn {
    type Item = Result<TurnEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.running.next()?.map_err(Into::into))
    }
}
