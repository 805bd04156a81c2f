use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use mlxcode_base::CancelToken;
use serde::{Deserialize, Serialize};

use crate::chat::{Kept, ToolCall};
use crate::error::{Error, Result};

/// One generated token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its number in the vocabulary.
    pub id: u32,
    /// The text that became certain with it: never half a character, and
    /// empty while a character or a stop text may still be unfinished.
    pub text: String,
    /// How likely it was, where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probabilities: Option<Box<LogProbabilities>>,
}

impl Token {
    /// A token without log-probabilities.
    pub fn new(id: u32, text: impl Into<String>) -> Self {
        Self { id, text: text.into(), log_probabilities: None }
    }
}

/// How likely a token and its alternatives were: natural logarithms of the
/// softmax over the logits as the model made them, before any bias, penalty,
/// cut or temperature, which is what vLLM and llama.cpp's server report by
/// default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogProbabilities {
    /// That of the token that was chosen.
    pub chosen: f32,
    /// The likeliest tokens, the best first, as many as were asked for. The
    /// chosen one is among them only where it belongs there; tokens that the
    /// model rules out are not.
    pub top: Vec<LikelyToken>,
}

/// One of the likeliest tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LikelyToken {
    /// Its number in the vocabulary.
    pub id: u32,
    /// Its text alone: bytes that are no UTF-8 as `\u{fffd}`, and empty for a
    /// special token.
    pub text: String,
    /// The natural logarithm of its probability.
    pub log_probability: f32,
}

/// What a [`Generation`] gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GenerationEvent {
    /// The prompt was read; the first token comes next.
    Started {
        /// Tokens of the prompt.
        prompt_tokens: usize,
    },
    /// One more token.
    Token(Token),
    /// More of what the model thinks before it answers, from a model that
    /// tells it apart itself. One that runs here writes it into its text.
    Thinking(String),
    /// A whole call of a tool, from a model that tells it apart itself.
    ToolCall(ToolCall),
    /// What has to stand in [`Message::kept`](crate::Message::kept) of the
    /// answer, so that its provider gets it back.
    Kept(Box<Kept>),
    /// The end: nothing comes after it.
    Finished(Finished),
}

/// How a generation ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Why it ended.
    pub reason: FinishReason,
    /// What it took.
    pub usage: Usage,
    /// How long it took.
    pub timings: Timings,
}

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model ended its answer, or a stop text came.
    Stop,
    /// The token limit or the context's end was reached.
    Length,
    /// The caller cancelled.
    Cancelled,
    /// The model called tools and waits for their answers.
    ToolCalls,
}

impl FinishReason {
    /// The reason's stable name: `stop`, `length`, `cancelled` or `tool_calls`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Cancelled => "cancelled",
            Self::ToolCalls => "tool_calls",
        }
    }
}

/// How many tokens were read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens generated.
    pub completion_tokens: usize,
}

/// How long the two phases took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Reading the prompt.
    pub prefill_ms: f64,
    /// Generating all tokens after the first.
    pub decode_ms: f64,
}

/// A running generation: an [`Iterator`] that blocks, and a [`Stream`].
///
/// Dropping it cancels the run. After [`GenerationEvent::Finished`] or an
/// error it gives nothing more.
#[derive(Debug)]
pub struct Generation {
    shared: Arc<Shared>,
    cancel: CancelToken,
    /// Dropped with the generation, after it.
    held: Option<Held>,
    observer: Observer,
}

/// What is kept for as long as somebody reads.
struct Held(#[allow(dead_code, reason = "it is there to be dropped")] Box<dyn Send + Sync>);

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

/// Whoever wants to hear of the end too.
#[derive(Default)]
struct Observer(Option<Box<Then>>);

type Then = dyn FnOnce(&Finished) + Send + Sync;

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "no observer" })
    }
}

/// The working side of a [`Generation`].
///
/// Dropping it without a `Finished` event makes the reader see
/// [`Error::EngineStopped`].
#[derive(Debug)]
pub struct GenerationSender {
    shared: Arc<Shared>,
    cancel: CancelToken,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Result<GenerationEvent>>,
    waker: Option<Waker>,
    /// The sender has said all that it will say.
    closed: bool,
    /// The reader has seen the last event.
    ended: bool,
}

/// Makes both sides of a generation that `cancel` stops.
///
/// The queue between them holds at most one event a token, so the request's
/// token limit bounds it.
pub fn generation_channel(cancel: CancelToken) -> (GenerationSender, Generation) {
    let shared = Arc::new(Shared::default());
    let sender = GenerationSender { shared: Arc::clone(&shared), cancel: cancel.clone() };
    (sender, Generation { shared, cancel, held: None, observer: Observer::default() })
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GenerationSender {
    /// Hands one event to the reader.
    pub fn send(&self, event: Result<GenerationEvent>) {
        let waker = {
            let mut state = self.shared.lock();
            state.queue.push_back(event);
            state.waker.take()
        };
        self.shared.ready.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Tells whether the reader cancelled or went away.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

impl Drop for GenerationSender {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.shared.lock();
            state.closed = true;
            state.waker.take()
        };
        self.shared.ready.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl State {
    /// The next event if one can be given now; `Poll::Pending` if not yet.
    fn next(&mut self) -> Poll<Option<Result<GenerationEvent>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.queue.pop_front() {
            Some(event) => {
                self.ended = matches!(event, Ok(GenerationEvent::Finished(_)) | Err(_));
                Poll::Ready(Some(event))
            }
            None if self.closed => {
                self.ended = true;
                Poll::Ready(Some(Err(Error::EngineStopped)))
            }
            None => Poll::Pending,
        }
    }
}

impl Generation {
    /// Keeps something until this is dropped, such as the word that a model is
    /// in use.
    pub fn holding(mut self, what: impl Send + Sync + 'static) -> Self {
        let before = self.held.take();
        self.held = Some(Held(Box::new((what, before))));
        self
    }

    /// Asks the run to stop; what was already made can still be read.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Calls `then` with the end, once, on the thread that reads it and before
    /// the reader has it. An end that nobody reads calls nothing.
    pub fn on_finished(mut self, then: impl FnOnce(&Finished) + Send + Sync + 'static) -> Self {
        self.observer = Observer(Some(Box::new(then)));
        self
    }

    fn observe(&mut self, event: Option<&Result<GenerationEvent>>) {
        if let Some(Ok(GenerationEvent::Finished(finished))) = event
            && let Some(then) = self.observer.0.take()
        {
            then(finished);
        }
    }

    /// Reads to the end and gives the whole text.
    pub fn text(self) -> Result<String> {
        let mut text = String::new();
        for event in self {
            if let GenerationEvent::Token(token) = event? {
                text.push_str(&token.text);
            }
        }
        Ok(text)
    }
}

impl Iterator for Generation {
    type Item = Result<GenerationEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut state = self.shared.lock();
        let event = loop {
            if let Poll::Ready(event) = state.next() {
                break event;
            }
            state = self.shared.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        self.observe(event.as_ref());
        event
    }
}

impl Stream for Generation {
    type Item = Result<GenerationEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.shared.lock();
        let next = state.next();
        if next.is_pending() {
            state.waker = Some(context.waker().clone());
        }
        drop(state);
        if let Poll::Ready(event) = &next {
            self.observe(event.as_ref());
        }
        next
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    fn finished() -> GenerationEvent {
        GenerationEvent::Finished(Finished {
            reason: FinishReason::Stop,
            usage: Usage::default(),
            timings: Timings::default(),
        })
    }

    #[test]
    fn gives_events_in_order_and_then_nothing() {
        let (sender, mut generation) = generation_channel(CancelToken::new());
        let worker = std::thread::spawn(move || {
            sender.send(Ok(GenerationEvent::Started { prompt_tokens: 2 }));
            sender.send(Ok(finished()));
            sender.send(Ok(finished()));
        });
        assert!(matches!(generation.next(), Some(Ok(GenerationEvent::Started { .. }))));
        assert!(matches!(generation.next(), Some(Ok(GenerationEvent::Finished(_)))));
        assert!(generation.next().is_none());
        worker.join().unwrap();
    }

    #[test]
    fn whoever_wants_to_hear_of_the_end_hears_once() {
        let heard = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&heard);
        let (sender, generation) = generation_channel(CancelToken::new());
        let mut generation = generation.on_finished(move |end| {
            assert_eq!(end.reason, FinishReason::Stop);
            count.fetch_add(1, Ordering::SeqCst);
        });
        sender.send(Ok(GenerationEvent::Started { prompt_tokens: 2 }));
        sender.send(Ok(finished()));
        assert!(generation.next().is_some());
        assert_eq!(heard.load(Ordering::SeqCst), 0);
        assert!(generation.next().is_some() && generation.next().is_none());
        assert_eq!(heard.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_lost_worker_is_an_error_once() {
        let (sender, mut generation) = generation_channel(CancelToken::new());
        drop(sender);
        assert!(matches!(generation.next(), Some(Err(Error::EngineStopped))));
        assert!(generation.next().is_none());
    }

    #[test]
    fn dropping_the_reader_cancels_the_worker() {
        let (sender, generation) = generation_channel(CancelToken::new());
        assert!(!sender.is_cancelled());
        drop(generation);
        assert!(sender.is_cancelled());
    }

    #[test]
    fn wakes_a_task_that_waits() {
        struct Count(AtomicUsize);
        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);

        let (sender, mut generation) = generation_channel(CancelToken::new());
        assert!(Pin::new(&mut generation).poll_next(&mut context).is_pending());
        sender.send(Ok(finished()));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        let polled = Pin::new(&mut generation).poll_next(&mut context);
        assert!(matches!(polled, Poll::Ready(Some(Ok(GenerationEvent::Finished(_))))));
    }
}
