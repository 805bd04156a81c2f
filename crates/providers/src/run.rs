//! A generation that another machine makes.
//!
//! Two threads work on it. One speaks with the server and may block in a
//! socket; the other hands its words on, keeps the limits on time, and looks
//! every few milliseconds whether the reader has cancelled: then it closes the
//! connection, which tells the server, and need not wait for the first.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use mlxcode_models::{
    FinishReason, Finished, Generation, GenerationEvent, GenerationSender, Timings, Token, Usage,
    generation_channel,
};
use ureq::http::header::CONTENT_TYPE;
use ureq::{Agent, Body, http::Response};

use crate::client::{Client, Failure};
use crate::error::ProviderError;
use crate::exchange::{Exchange, Said};
use crate::notice::Notice;
use crate::retry;
use crate::sse::{LineParser, SseEvent, SseParser};
use crate::stop::StopFilter;

/// How long a cancel may go unnoticed.
const POLL: Duration = Duration::from_millis(20);

/// Steps that may wait between the threads. The reader's queue behind them is
/// bounded by the bytes of an answer.
const STEPS: usize = 64;

/// Parameters that a server may refuse, one request after the other.
const MOST_ADAPTIONS: u32 = 6;

/// What the thread at the socket tells the other.
enum Step {
    /// The server has begun to answer.
    Begun,
    /// Bytes came.
    Alive,
    Said(Said),
    Failed(ProviderError),
}

/// Starts to ask.
pub fn run(
    client: &Arc<Client>,
    exchange: impl Exchange,
    stop: &[String],
    cancel: CancelToken,
    estimate: usize,
) -> Result<Generation, ProviderError> {
    client.check_network()?;
    let (sender, generation) = generation_channel(cancel);
    let (to, from) = sync_channel(STEPS);
    let gone = Arc::new(AtomicBool::new(false));
    let agent = client.lend();
    let asking = Asking {
        client: Arc::clone(client),
        agent: agent.clone(),
        to,
        gone: Arc::clone(&gone),
        exchange: Box::new(exchange),
    };
    let driver = Driver {
        client: Arc::clone(client),
        sender,
        stop: StopFilter::new(stop),
        started: false,
        prompt: None,
        completion: None,
        estimate,
        pieces: 0,
        calls: false,
        reason: None,
        since: Instant::now(),
        first: None,
    };
    let no_thread = |_| ProviderError::Unreachable {
        provider: client.provider.clone(),
        host: client.address.host().to_owned(),
        reason: "the system starts no thread".to_owned(),
    };
    let name = || Builder::new().name("mlx-code provider".to_owned());
    name().spawn(move || asking.ask()).map_err(no_thread)?;
    let driving = name().spawn(move || {
        let whole = driver.drive(&from);
        gone.store(true, Ordering::Release);
        if !whole {
            agent.shutdown();
        }
    });
    driving.map_err(no_thread)?;
    Ok(generation)
}

/// The thread at the socket.
struct Asking {
    client: Arc<Client>,
    agent: Agent,
    to: SyncSender<Step>,
    gone: Arc<AtomicBool>,
    exchange: Box<dyn Exchange>,
}

impl Asking {
    fn ask(mut self) {
        let mut attempt = 1;
        let mut adaptions = 0;
        loop {
            let mut spoke = false;
            let Err(failure) = self.attempt(&mut spoke) else {
                self.client.give_back(self.agent);
                return;
            };
            if self.is_gone() {
                return;
            }
            if let Some((status, body)) = &failure.refusal
                && adaptions < MOST_ADAPTIONS
                && let Some(option) = self.exchange.adapt(*status, body)
            {
                adaptions += 1;
                let provider = self.client.provider.clone();
                self.client.observer.tell(&Notice::LeftOut { provider, option });
                continue;
            }
            let options = &self.client.retry;
            let Some(asked) = failure.again.filter(|_| !spoke && attempt < options.attempts) else {
                let body = failure.refusal.map(|(_, body)| body).unwrap_or_default();
                let error = self.exchange.explain(failure.error, &body);
                let _ = self.to.send(Step::Failed(error));
                return;
            };
            let wait = retry::wait_after(attempt, asked, options);
            self.client.observer.tell(&Notice::Retrying {
                provider: self.client.provider.clone(),
                reason: failure.error.to_string(),
                wait,
            });
            let gone = Arc::clone(&self.gone);
            if !retry::sleep(wait, options, &|| gone.load(Ordering::Acquire)) {
                return;
            }
            attempt += 1;
        }
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// One request; `spoke` is set once something of the answer was handed on.
    fn attempt(&mut self, spoke: &mut bool) -> Result<(), Failure> {
        let body = self.exchange.begin().to_string();
        let url = self.exchange.url();
        let answer = self.client.send(&self.agent, &url, Some(body.as_bytes()), None)?;
        self.hand(Step::Begun)?;
        self.read(answer, spoke)
    }

    fn hand(&self, step: Step) -> Result<(), Failure> {
        self.to.send(step).map_err(|_| self.broken_off())
    }

    fn broken_off(&self) -> Failure {
        Failure::passing(ProviderError::BrokenOff { provider: self.client.provider.clone() })
    }

    fn read(&mut self, answer: Response<Body>, spoke: &mut bool) -> Result<(), Failure> {
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let mut framing = match kind.unwrap_or_default() {
            _ if self.exchange.is_lines() => Framing::Lines(LineParser::default()),
            // A server that does not stream answers with one document.
            kind if kind.starts_with("application/json") => Framing::Whole(Vec::new()),
            _ => Framing::Events(SseParser::default()),
        };
        let most = self.client.limits.answer_bytes;
        let mut reader = answer.into_body().into_with_config().limit(most as u64).reader();
        let mut buffer = vec![0; 16 << 10];
        let mut done = false;
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(count) => count,
                // What comes after the end concerns nobody.
                Err(_) if done => return Ok(()),
                Err(error) => return Err(self.client.reading(error)),
            };
            if self.is_gone() {
                return if done && count == 0 { Ok(()) } else { Err(self.broken_off()) };
            }
            if count == 0 {
                break;
            }
            if done {
                continue;
            }
            self.hand(Step::Alive)?;
            let mut events = Vec::new();
            framing.feed(&buffer[..count], &mut |event| events.push(event))?;
            done = self.take(&events, spoke)?;
        }
        if !done {
            let mut events = Vec::new();
            framing.end(&mut |event| events.push(event));
            done = self.take(&events, spoke)?;
        }
        if !done {
            let mut said = Vec::new();
            self.exchange.end(&mut said)?;
            self.say(said, spoke)?;
            self.hand(Step::Said(Said::End))?;
        }
        Ok(())
    }

    fn take(&mut self, events: &[SseEvent], spoke: &mut bool) -> Result<bool, Failure> {
        for event in events {
            let mut said = Vec::new();
            let read = self.exchange.read(event, &mut said);
            let done = self.say(said, spoke)?;
            read?;
            if done {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn say(&mut self, said: Vec<Said>, spoke: &mut bool) -> Result<bool, Failure> {
        for said in said {
            *spoke |= matches!(said, Said::Text(_) | Said::Thinking(_) | Said::Call(_));
            let end = said == Said::End;
            self.hand(Step::Said(said))?;
            if end {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// How an answer is cut into events.
enum Framing {
    Events(SseParser),
    Lines(LineParser),
    Whole(Vec<u8>),
}

impl Framing {
    fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(SseEvent),
    ) -> Result<(), ProviderError> {
        match self {
            Self::Events(parser) => parser.feed(bytes, take),
            Self::Lines(parser) => parser.feed(bytes, take),
            Self::Whole(whole) => {
                whole.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn end(&mut self, take: &mut dyn FnMut(SseEvent)) {
        match self {
            Self::Events(_) => {}
            Self::Lines(parser) => parser.end(take),
            Self::Whole(whole) => {
                let data = String::from_utf8_lossy(whole).into_owned();
                take(SseEvent { kind: String::new(), data });
            }
        }
    }
}

/// The thread that hands on.
struct Driver {
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
    reason: Option<FinishReason>,
    since: Instant,
    first: Option<Instant>,
}

impl Driver {
    /// Hands on; tells whether the answer was read to its end.
    fn drive(mut self, from: &Receiver<Step>) -> bool {
        let mut begun = false;
        let mut alive = Instant::now();
        let mut progress = Instant::now();
        loop {
            if self.sender.is_cancelled() {
                self.finish(FinishReason::Cancelled);
                return false;
            }
            match from.recv_timeout(POLL) {
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
            Said::Reason(reason) => self.reason = Some(reason),
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
            Said::End => {
                let Some(reason) = self.reason else {
                    let provider = self.client.provider.clone();
                    self.sender.send(Err(ProviderError::BrokenOff { provider }.into()));
                    return Heard::Ended;
                };
                let rest = self.stop.rest();
                self.token(rest);
                let waits = self.calls && reason == FinishReason::Stop;
                self.finish(if waits { FinishReason::ToolCalls } else { reason });
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
