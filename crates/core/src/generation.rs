use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use mlxcode_base::CancelToken;
use mlxcode_models::{Finished, GenerationEvent, Token};

use crate::error::Result;

/// A bare model's text as it comes: an iterator that blocks, and a [`Stream`].
/// Dropping it cancels.
#[derive(Debug)]
pub struct Generation {
    running: mlxcode_models::Generation,
    cancel: CancelToken,
    finished: Option<Finished>,
}

impl Generation {
    pub(crate) fn new(running: mlxcode_models::Generation, cancel: CancelToken) -> Self {
        Self { running, cancel, finished: None }
    }

    /// How it ended; `None` while it runs.
    pub fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    /// The next token, for callers that want nothing else; `None` at the end.
    pub fn next_token(&mut self) -> Option<Result<Token>> {
        self.find_map(|event| match event {
            Ok(GenerationEvent::Token(token)) => Some(Ok(token)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// Reads to the end and gives the text of all tokens that remain.
    pub fn read_to_end(&mut self) -> Result<String> {
        let mut text = String::new();
        while let Some(token) = self.next_token() {
            text.push_str(&token?.text);
        }
        Ok(text)
    }

    /// Ends the generation from any thread, within one token.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    fn note(&mut self, event: mlxcode_models::Result<GenerationEvent>) -> Result<GenerationEvent> {
        if let Ok(GenerationEvent::Finished(finished)) = &event {
            self.finished = Some(finished.clone());
        }
        Ok(event?)
    }
}

impl Iterator for Generation {
    type Item = Result<GenerationEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.running.next()?;
        Some(self.note(event))
    }
}

impl Stream for Generation {
    type Item = Result<GenerationEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let event = ready!(Pin::new(&mut self.running).poll_next(context));
        Poll::Ready(event.map(|event| self.note(event)))
    }
}
