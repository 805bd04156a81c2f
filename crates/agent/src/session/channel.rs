//! The way of events from the thread of a turn to whoever reads them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mlxcode_base::CancelToken;

use super::event::{Decision, Event};

/// Events that may wait for a reader: a screen of tokens. A turn whose reader
/// is slow waits for it.
const MOST_WAITING: usize = 1_024;

/// How often somebody who waits looks whether the turn was cancelled, which
/// wakes nobody.
const LOOK: Duration = Duration::from_millis(20);

/// Both ways: events to the reader, decisions back.
#[derive(Debug, Default)]
pub struct Channel {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    decision: Option<Decision>,
    waker: Option<Waker>,
    /// The turn is over.
    is_closed: bool,
    /// Nobody reads any more.
    is_left: bool,
}

impl Channel {
    /// A channel, for both sides.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Hands an event on, and waits where many wait to be read.
    pub fn send(&self, event: Event, cancel: &CancelToken) {
        let mut state = self.lock();
        while state.events.len() >= MOST_WAITING && !state.is_left && !cancel.is_cancelled() {
            state = self.wait(state);
        }
        state.events.push_back(event);
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Says that no more events come.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Says that nobody reads any more.
    pub fn leave(&self) {
        self.lock().is_left = true;
        self.changed.notify_all();
    }

    /// The next event; waits for it. `None` after the last.
    pub fn next(&self) -> Option<Event> {
        let mut state = self.lock();
        loop {
            if let Some(event) = state.events.pop_front() {
                drop(state);
                self.changed.notify_all();
                return Some(event);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`next`](Self::next), for who is woken.
    pub fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.lock();
        if let Some(event) = state.events.pop_front() {
            drop(state);
            self.changed.notify_all();
            return Poll::Ready(Some(event));
        }
        if state.is_closed {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Tells the turn what was decided.
    pub fn decide(&self, decision: Decision) {
        self.lock().decision = Some(decision);
        self.changed.notify_all();
    }

    /// Waits for a decision; nobody there, or a turn that was cancelled, says
    /// no.
    pub fn decision(&self, cancel: &CancelToken) -> Decision {
        let mut state = self.lock();
        loop {
            if let Some(decision) = state.decision.take() {
                return decision;
            }
            if state.is_left || cancel.is_cancelled() {
                return Decision::No;
            }
            state = self.wait(state);
        }
    }
}
