use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use futures_core::Stream;
use mlxcode_base::CancelToken;

use super::channel::Channel;
use super::event::{Decision, Event};

/// A running turn of a session: an [`Iterator`] over its events that blocks,
/// and a [`Stream`]. Dropping it cancels the turn and waits for its end, which
/// comes within one token.
#[derive(Debug)]
pub struct SessionTurn {
    channel: Arc<Channel>,
    cancel: CancelToken,
    worker: Option<JoinHandle<()>>,
    /// Somebody was asked, and has not decided.
    is_asked: bool,
}

impl SessionTurn {
    pub(super) fn start(
        channel: Arc<Channel>,
        cancel: CancelToken,
        work: impl FnOnce() + Send + 'static,
    ) -> Self {
        let closing = Closing(Arc::clone(&channel));
        let worker = thread::spawn(move || {
            let _closing = closing;
            work();
        });
        Self { channel, cancel, worker: Some(worker), is_asked: false }
    }

    /// Decides what an [`Event::ApprovalNeeded`] asks for. Without one, nothing
    /// happens.
    pub fn decide(&mut self, decision: Decision) {
        if std::mem::take(&mut self.is_asked) {
            self.channel.decide(decision);
        }
    }

    /// Ends the turn from any thread, within one token.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    fn note(&mut self, event: Option<&Event>) {
        let mut event = event;
        while let Some(Event::Task { event: inner, .. }) = event {
            event = Some(inner);
        }
        self.is_asked = matches!(event, Some(Event::ApprovalNeeded(_)));
    }
}

impl Iterator for SessionTurn {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.decide(Decision::No);
        let event = self.channel.next();
        self.note(event.as_ref());
        event
    }
}

impl Stream for SessionTurn {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.decide(Decision::No);
        let polled = self.channel.poll(context);
        if let Poll::Ready(event) = &polled {
            self.note(event.as_ref());
        }
        polled
    }
}

impl Drop for SessionTurn {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.channel.leave();
        if let Some(worker) = self.worker.take() {
            // What a turn panics with is a fault of this crate; the session
            // itself is whole.
            let _ = worker.join();
        }
    }
}

/// Closes the channel also when the turn panics, so that nobody waits for ever.
struct Closing(Arc<Channel>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
