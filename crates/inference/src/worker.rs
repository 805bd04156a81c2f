//! One request at a time, token by token.

use std::sync::mpsc::Receiver;
use std::time::Instant;

use mlxcode_models::{
    FinishReason, Finished, GenerationEvent, GenerationSender, LikelyToken, LogProbabilities,
    Timings, Token, TokenDecoder, Tokenizer, Usage,
};

use crate::decoder::{Cache, Decoder};
use crate::error::{Result, into_models};
use crate::sampling::{Choice, Sampler};
use crate::stop::StopTexts;

/// Tokens of a prompt that run at once: enough for the matrices, few enough
/// that a cancelled prompt, looked for before each layer, ends soon.
const PREFILL_TOKENS: usize = 128;

/// A request that waits for the worker.
pub struct Job {
    pub tokens: Vec<u32>,
    /// Tokens that may be generated: at least one.
    pub max_tokens: usize,
    pub sampler: Sampler,
    pub stops: StopTexts,
    pub sender: GenerationSender,
}

/// Works until nobody can send jobs any more.
pub fn work(decoder: &Decoder, tokenizer: &Tokenizer, ends: &[u32], jobs: &Receiver<Job>) {
    for job in jobs {
        let sender = job.sender;
        let run = Run {
            decoder,
            tokenizer,
            ends,
            text: TokenDecoder::new(tokenizer.clone()),
            stops: job.stops,
            sender: &sender,
            pending: None,
            generated: 0,
        };
        let last = match run.run(&job.tokens, job.max_tokens, job.sampler) {
            Ok(finished) => Ok(GenerationEvent::Finished(finished)),
            Err(error) => Err(into_models(error)),
        };
        sender.send(last);
    }
}

struct Run<'a> {
    decoder: &'a Decoder,
    tokenizer: &'a Tokenizer,
    ends: &'a [u32],
    text: TokenDecoder,
    stops: StopTexts,
    sender: &'a GenerationSender,
    /// A token whose text may still grow by what is held back.
    pending: Option<Token>,
    generated: usize,
}

impl Run<'_> {
    fn run(mut self, tokens: &[u32], max_tokens: usize, mut sampler: Sampler) -> Result<Finished> {
        let prompt_tokens = tokens.len();
        let start = Instant::now();
        let mut cache = self.decoder.cache();
        let prefilled = self.prefill(tokens, &mut cache)?;
        let prefill_ms = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        let reason = match prefilled {
            None => FinishReason::Cancelled,
            Some(logits) => {
                self.sender.send(Ok(GenerationEvent::Started { prompt_tokens }));
                sampler.observe(tokens)?;
                self.decode(logits, max_tokens, &mut sampler, &mut cache)?
            }
        };
        self.flush(reason)?;
        Ok(Finished {
            reason,
            usage: Usage { prompt_tokens, completion_tokens: self.generated },
            timings: Timings { prefill_ms, decode_ms: start.elapsed().as_secs_f64() * 1e3 },
        })
    }

    /// The logits after the prompt; `None` where it was cancelled.
    fn prefill(&self, tokens: &[u32], cache: &mut Cache) -> Result<Option<Vec<f32>>> {
        let mut last = None;
        for part in tokens.chunks(PREFILL_TOKENS) {
            let stop = || self.sender.is_cancelled();
            let Some(states) = self.decoder.run(part, cache, &stop)? else { return Ok(None) };
            last = Some(states.narrow(0, part.len() - 1, 1)?);
        }
        last.map(|state| self.logits(&state)).transpose()
    }

    fn logits(&self, state: &candle_core::Tensor) -> Result<Vec<f32>> {
        Ok(self.decoder.logits(state)?.flatten_all()?.to_vec1()?)
    }

    fn decode(
        &mut self,
        mut logits: Vec<f32>,
        max_tokens: usize,
        sampler: &mut Sampler,
        cache: &mut Cache,
    ) -> Result<FinishReason> {
        loop {
            if self.sender.is_cancelled() {
                return Ok(FinishReason::Cancelled);
            }
            let choice = sampler.choose(&mut logits)?;
            let id = choice.id;
            if self.ends.contains(&id) {
                return Ok(FinishReason::Stop);
            }
            sampler.observe(&[id])?;
            if self.give(choice)? {
                return Ok(FinishReason::Stop);
            }
            if self.generated == max_tokens {
                return Ok(FinishReason::Length);
            }
            let stop = || self.sender.is_cancelled();
            let Some(state) = self.decoder.run(&[id], cache, &stop)? else {
                return Ok(FinishReason::Cancelled);
            };
            logits = self.logits(&state)?;
        }
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
            Ok(LikelyToken { id, text: self.tokenizer.decode(&[id])?, log_probability })
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
