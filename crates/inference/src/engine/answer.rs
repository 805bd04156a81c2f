use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use mlxcode_models::{
    FinishReason, Finished, GenerationEvent, GenerationSender, LikelyToken, LogProbabilities,
    Timings, Token, TokenDecoder, Tokenizer, Usage,
};

use super::stop::StopTexts;
use crate::error::{Result, into_models};
use crate::sampling::{Choice, Sampler};

/// A request that waits for the worker.
#[derive(Debug)]
pub struct Request {
    /// The prompt: at least one token.
    pub tokens: Vec<u32>,
    /// Tokens that may be generated: at least one.
    pub max_tokens: usize,
    pub sampler: Sampler,
    pub stops: StopTexts,
    pub sender: GenerationSender,
    pub manner: Manner,
}

/// How the text of an answer is told.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Special tokens whose text is shown: the marks of calls and thoughts.
    pub marks: Arc<[u32]>,
    /// The mark of a thought that the prompt opened: it stands in front of the
    /// first token's text, so that who reads the answer finds both of its
    /// ends.
    pub opened_thought: Option<&'static str>,
}

/// What a worker is asked for.
#[derive(Debug)]
pub enum Order {
    /// An answer.
    Generate(Box<Request>),
    /// What is known of past prompts.
    Save { most_bytes: usize, reply: Sender<Result<Vec<u8>>> },
    /// To take what was saved.
    Restore { bytes: Vec<u8>, reply: Sender<Result<usize>> },
}

/// What a worker needs to turn tokens into answers.
#[derive(Clone, Debug)]
pub struct Voice {
    pub tokenizer: Tokenizer,
    /// Tokens that end an answer.
    pub ends: Arc<[u32]>,
}

/// An answer on its way: logits go in, events come out.
#[derive(Debug)]
pub struct Answer {
    voice: Voice,
    sampler: Sampler,
    text: TokenDecoder,
    stops: StopTexts,
    sender: GenerationSender,
    /// A token whose text may still grow by what is held back.
    pending: Option<Token>,
    prompt_tokens: usize,
    max_tokens: usize,
    generated: usize,
    begun: Instant,
    prefill_ms: f64,
    opened_thought: Option<&'static str>,
}

/// What comes after some logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This token, whose logits are asked for next.
    Token(u32),
    /// Nothing.
    End(FinishReason),
}

impl Answer {
    /// An answer to a request, whose prompt is given as well.
    pub fn new(request: Request, voice: Voice) -> (Self, Vec<u32>) {
        let Request { tokens, max_tokens, sampler, stops, sender, manner } = request;
        let answer = Self {
            text: TokenDecoder::new(voice.tokenizer.clone()).showing(manner.marks),
            opened_thought: manner.opened_thought,
            voice,
            sampler,
            stops,
            sender,
            pending: None,
            prompt_tokens: tokens.len(),
            max_tokens,
            generated: 0,
            begun: Instant::now(),
            prefill_ms: 0.0,
        };
        (answer, tokens)
    }

    /// Whether nobody wants the rest.
    pub fn is_cancelled(&self) -> bool {
        self.sender.is_cancelled()
    }

    /// Where it goes.
    pub fn sender(&self) -> &GenerationSender {
        &self.sender
    }

    /// Tells that the prompt was read.
    pub fn start(&mut self, prompt: &[u32]) -> Result<()> {
        self.prefill_ms = milliseconds(self.begun);
        self.begun = Instant::now();
        let prompt_tokens = self.prompt_tokens;
        self.sender.send(Ok(GenerationEvent::Started { prompt_tokens }));
        self.sampler.observe(prompt)
    }

    /// Chooses a token and sends it on.
    pub fn next(&mut self, logits: &mut [f32]) -> Result<Next> {
        if self.is_cancelled() {
            return Ok(Next::End(FinishReason::Cancelled));
        }
        let choice = self.sampler.choose(logits)?;
        let id = choice.id;
        if self.voice.ends.contains(&id) {
            return Ok(Next::End(FinishReason::Stop));
        }
        self.sampler.observe(&[id])?;
        if self.give(choice)? {
            return Ok(Next::End(FinishReason::Stop));
        }
        let full = self.generated == self.max_tokens;
        Ok(if full { Next::End(FinishReason::Length) } else { Next::Token(id) })
    }

    /// Sends the end, or what went wrong.
    pub fn finish(mut self, outcome: Result<FinishReason>) {
        let outcome = outcome.and_then(|reason| {
            self.flush(reason)?;
            Ok(reason)
        });
        let decoding = self.prefill_ms > 0.0;
        let spent = milliseconds(self.begun);
        let (prefill_ms, decode_ms) =
            if decoding { (self.prefill_ms, spent) } else { (spent, 0.0) };
        let event = outcome.map(|reason| {
            let usage =
                Usage { prompt_tokens: self.prompt_tokens, completion_tokens: self.generated };
            let timings = Timings { prefill_ms, decode_ms };
            GenerationEvent::Finished(Finished { reason, usage, timings })
        });
        self.sender.send(event.map_err(into_models));
    }

    /// Sends a token on; true where a stop text ends the answer.
    fn give(&mut self, choice: Choice) -> Result<bool> {
        self.generated += 1;
        let id = choice.id;
        let log_probabilities = self.log_probabilities(choice)?;
        let text = self.text.push(id)?;
        let unfinished = text.is_empty();
        let (text, stopped) = self.stops.push(&text);
        if let Some(token) = self.pending.take() {
            self.sender.send(Ok(GenerationEvent::Token(token)));
        }
        let text = match self.opened_thought.take() {
            Some(mark) => format!("{mark}\n{text}"),
            None => text,
        };
        let token = Token { id, text, log_probabilities };
        if unfinished || self.stops.is_holding() {
            self.pending = Some(token);
        } else {
            self.sender.send(Ok(GenerationEvent::Token(token)));
        }
        Ok(stopped)
    }

    /// What the sampler reports, with the texts of the tokens.
    fn log_probabilities(&self, choice: Choice) -> Result<Option<Box<LogProbabilities>>> {
        let Some(report) = choice.log_probabilities else { return Ok(None) };
        let likely = |(id, log_probability)| {
            let text = self.voice.tokenizer.decode(&[id])?;
            Ok(LikelyToken { id, text, log_probability })
        };
        let top: Result<Vec<LikelyToken>> = report.top.into_iter().map(likely).collect();
        Ok(Some(Box::new(LogProbabilities { chosen: report.chosen, top: top? })))
    }

    /// Sends what was held back, unless a stop text cut it off.
    fn flush(&mut self, reason: FinishReason) -> Result<()> {
        let Some(mut token) = self.pending.take() else { return Ok(()) };
        if reason != FinishReason::Cancelled {
            let (text, stopped) = self.stops.push(&self.text.finish()?);
            token.text.push_str(&text);
            if !stopped {
                token.text.push_str(&self.stops.finish());
            }
        }
        self.sender.send(Ok(GenerationEvent::Token(token)));
        Ok(())
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
