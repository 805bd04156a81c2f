//! The thread at the socket: attempts, and what is read in each.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use ureq::Body;
use ureq::http::Response;
use ureq::http::header::CONTENT_TYPE;

use super::Step;
use super::loan::Loan;
use crate::client::{Client, Failure};
use crate::error::ProviderError;
use crate::exchange::{Exchange, Said};
use crate::notice::Notice;
use crate::retry;
use crate::sse::{LineParser, SseEvent, SseParser};

/// Parameters that a server may refuse, one request after the other.
const MOST_ADAPTIONS: u32 = 6;

/// The thread at the socket.
pub struct Asking {
    pub client: Arc<Client>,
    pub loan: Arc<Loan>,
    pub to: SyncSender<Step>,
    pub exchange: Box<dyn Exchange>,
    /// Whether the answer said why it ends: else it is not whole.
    pub whole: bool,
}

impl Asking {
    pub fn ask(mut self) {
        let mut attempt = 1;
        let mut adaptions = 0;
        loop {
            let mut spoke = false;
            let Err(failure) = self.attempt(&mut spoke) else {
                self.loan.came_to_end();
                return;
            };
            if self.loan.is_gone() {
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
            if !retry::sleep(wait, options, &|| self.loan.is_gone()) {
                return;
            }
            attempt += 1;
        }
    }

    /// One request; `spoke` is set once something of the answer was handed on.
    fn attempt(&mut self, spoke: &mut bool) -> Result<(), Failure> {
        let body = self.exchange.begin().to_string();
        self.whole = false;
        self.hand(Step::Asked)?;
        let url = self.exchange.url();
        let answer = self.client.send(self.loan.agent(), &url, Some(body.as_bytes()), None)?;
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
            if self.loan.is_gone() {
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
            self.say(vec![Said::End], spoke)?;
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
            self.whole |= matches!(said, Said::Reason(_));
            let end = said == Said::End;
            if end && !self.whole {
                return Err(self.broken_off());
            }
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
    fn feed(&mut self, bytes: &[u8], take: &mut dyn FnMut(SseEvent)) -> Result<(), ProviderError> {
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
