//! The thread that hands on, keeps the limits on time and minds a cancel.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use mlxcode_models::{
    FinishReason, Finished, GenerationEvent, GenerationSender, Timings, Token, Usage,
};

use super::Step;
use crate::client::Client;
use crate::error::ProviderError;
use crate::exchange::Said;
use crate::notice::Notice;
use crate::stop::StopFilter;

/// How long a cancel may go unnoticed.
const POLL: Duration = Duration::from_millis(20);

/// The thread that hands on.
pub struct Driver {
    client: Arc<Client>,
    sender: GenerationSender,
    stop: StopFilter,
    started: bool,
    prompt: Option<usize>,
    completion: Option<usize>,
    /// What the prompt probably takes, until the server says.
    estimate: usize,
    /// Parts of text: tokens, where a server sends each alone.
    pieces: usize,
    calls: bool,
    /// Why the answer ends. No end comes from the other thread before this.
    reason: FinishReason,
    since: Instant,
    first: Option<Instant>,
}

impl Driver {
    /// Prepares to hand on; `estimate` is what the prompt probably takes, until
    /// the server says.
    pub fn new(
        client: Arc<Client>,
        sender: GenerationSender,
        stop: StopFilter,
        estimate: usize,
    ) -> Self {
        Self {
            client,
            sender,
            stop,
            started: false,
            prompt: None,
            completion: None,
            estimate,
            pieces: 0,
            calls: false,
            reason: FinishReason::Stop,
            since: Instant::now(),
            first: None,
        }
    }

    /// Hands on; tells whether the answer was read to its end.
    pub fn drive(mut self, from: &Receiver<Step>) -> bool {
        let mut begun = false;
        let mut alive = Instant::now();
        let mut progress = Instant::now();
        loop {
            if self.sender.is_cancelled() {
                self.finish(FinishReason::Cancelled);
                return false;
            }
            match from.recv_timeout(POLL) {
                // The limits of the socket hold until the first byte.
                Ok(Step::Asked) => begun = false,
                Ok(Step::Begun) => {
                    begun = true;
                    alive = Instant::now();
                    progress = alive;
                }
                Ok(Step::Alive) => alive = Instant::now(),
                Ok(Step::Failed(error)) => {
                    self.sender.send(Err(error.into()));
                    return false;
                }
                Ok(Step::Said(said)) => {
                    progress = Instant::now();
                    match self.hear(said) {
                        Heard::More => {}
                        Heard::Stopped => return false,
                        Heard::Ended => return true,
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let limits = &self.client.limits;
            let (silence, no_progress) = (limits.silence, limits.no_progress);
            if begun && alive.elapsed() > silence {
                self.fail_silent("sent nothing more", silence);
                return false;
            }
            if begun && progress.elapsed() > no_progress {
                self.fail_silent("sent signs of life and no answer", no_progress);
                return false;
            }
        }
    }

    fn fail_silent(&mut self, what: &'static str, limit: Duration) {
        let error = ProviderError::Silent {
            provider: self.client.provider.clone(),
            host: self.client.address.host().to_owned(),
            what,
            seconds: limit.as_secs(),
        };
        self.sender.send(Err(error.into()));
    }

    fn hear(&mut self, said: Said) -> Heard {
        match said {
            Said::Prompt(count) => self.prompt = Some(count),
            Said::Usage { prompt, completion } => {
                self.prompt = prompt.or(self.prompt);
                self.completion = completion.or(self.completion);
            }
            Said::Details(details) => {
                let provider = self.client.provider.clone();
                self.client.observer.tell(&Notice::Counted { provider, details });
            }
            Said::Reason(reason) => self.reason = reason,
            Said::Text(text) if text.is_empty() => {}
            Said::Text(text) => {
                self.piece();
                let (text, stopped) = self.stop.push(&text);
                self.token(text);
                if stopped {
                    self.finish(FinishReason::Stop);
                    return Heard::Stopped;
                }
            }
            Said::Thinking(text) if text.is_empty() => {}
            Said::Thinking(text) => {
                self.piece();
                self.sender.send(Ok(GenerationEvent::Thinking(text)));
            }
            Said::Call(call) => {
                self.piece();
                self.calls = true;
                let rest = self.stop.rest();
                self.token(rest);
                self.sender.send(Ok(GenerationEvent::ToolCall(call)));
            }
            Said::Kept(kept) => self.sender.send(Ok(GenerationEvent::Kept(kept))),
            Said::End => {
                let rest = self.stop.rest();
                self.token(rest);
                let waits = self.calls && self.reason == FinishReason::Stop;
                self.finish(if waits { FinishReason::ToolCalls } else { self.reason });
                return Heard::Ended;
            }
        }
        Heard::More
    }

    fn piece(&mut self) {
        self.start();
        self.pieces += 1;
        self.first.get_or_insert_with(Instant::now);
    }

    fn start(&mut self) {
        if !std::mem::replace(&mut self.started, true) {
            let prompt_tokens = self.prompt.unwrap_or(self.estimate);
            self.sender.send(Ok(GenerationEvent::Started { prompt_tokens }));
        }
    }

    fn token(&self, text: String) {
        if !text.is_empty() {
            // No server tells the numbers of its tokens.
            self.sender.send(Ok(GenerationEvent::Token(Token::new(0, text))));
        }
    }

    fn finish(&mut self, reason: FinishReason) {
        if reason != FinishReason::Cancelled {
            self.start();
        }
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let first = self.first.unwrap_or_else(Instant::now);
        let usage = Usage {
            prompt_tokens: self.prompt.unwrap_or(self.estimate),
            completion_tokens: self.completion.unwrap_or(self.pieces),
        };
        let timings = Timings {
            prefill_ms: ms(first.duration_since(self.since)),
            decode_ms: ms(first.elapsed()),
        };
        self.sender.send(Ok(GenerationEvent::Finished(Finished { reason, usage, timings })));
    }
}

/// What follows from what was said.
enum Heard {
    More,
    /// A stop text came: nobody needs the rest.
    Stopped,
    Ended,
}
