use serde::{Deserialize, Serialize};

/// One answer of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelUse {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens generated.
    pub completion_tokens: u64,
    /// Milliseconds in which the prompt was read.
    pub prefill_ms: f64,
    /// Milliseconds in which all tokens after the first were generated.
    pub decode_ms: f64,
}

/// How much a model was used. Every number only grows, so that of two counts
/// of one machine the larger is the later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UsageTotals {
    /// How often it was loaded.
    pub loads: u64,
    /// Answers that came to their end.
    pub answers: u64,
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Tokens generated.
    pub completion_tokens: u64,
    /// Tokens generated after the first of each answer.
    pub decoded_tokens: u64,
    /// Microseconds in which prompts were read.
    pub prefill_us: u64,
    /// Microseconds in which `decoded_tokens` were generated.
    pub decode_us: u64,
    /// When it was last loaded or used, in milliseconds since 1970; 0: never.
    pub last_used_ms: u64,
}

impl UsageTotals {
    /// Tokens generated a second, of all answers together; `None` where too
    /// little was generated to tell.
    pub fn decode_tokens_per_second(&self) -> Option<f64> {
        let known = self.decoded_tokens > 0 && self.decode_us > 0;
        known.then(|| self.decoded_tokens as f64 / self.decode_us as f64 * 1e6)
    }

    pub(super) fn add(&mut self, once: &ModelUse) {
        let us = |ms: f64| (ms.max(0.0) * 1e3) as u64;
        let more = |total: &mut u64, by: u64| *total = total.saturating_add(by);
        more(&mut self.answers, 1);
        more(&mut self.prompt_tokens, once.prompt_tokens);
        more(&mut self.completion_tokens, once.completion_tokens);
        more(&mut self.decoded_tokens, once.completion_tokens.saturating_sub(1));
        more(&mut self.prefill_us, us(once.prefill_ms));
        more(&mut self.decode_us, us(once.decode_ms));
    }

    /// Of each number the larger: the same machine's count, later.
    pub(super) fn join(&mut self, other: &Self) {
        for (ours, theirs) in self.numbers_mut().into_iter().zip(other.numbers()) {
            *ours = theirs.max(*ours);
        }
    }

    /// Counts of another machine added to these.
    pub(super) fn sum(&mut self, other: &Self) {
        let last = self.last_used_ms.max(other.last_used_ms);
        for (ours, theirs) in self.numbers_mut().into_iter().zip(other.numbers()) {
            *ours = ours.saturating_add(theirs);
        }
        self.last_used_ms = last;
    }

    /// In the order of the database's columns.
    pub(super) fn numbers(&self) -> [u64; 8] {
        [
            self.loads,
            self.answers,
            self.prompt_tokens,
            self.completion_tokens,
            self.decoded_tokens,
            self.prefill_us,
            self.decode_us,
            self.last_used_ms,
        ]
    }

    pub(super) fn numbers_mut(&mut self) -> [&mut u64; 8] {
        [
            &mut self.loads,
            &mut self.answers,
            &mut self.prompt_tokens,
            &mut self.completion_tokens,
            &mut self.decoded_tokens,
            &mut self.prefill_us,
            &mut self.decode_us,
            &mut self.last_used_ms,
        ]
    }
}
