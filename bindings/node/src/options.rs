//! How to generate.

use std::collections::BTreeMap;

use mlxcode_core::{DryOptions, GenerateOptions, SamplingOptions};
use napi_derive::napi;

/// How to generate. What is left out takes the library's default.
#[napi(object)]
#[derive(Default)]
pub struct Options {
    /// The most tokens to generate.
    pub max_tokens: Option<u32>,
    /// 0 takes the most likely token always.
    pub temperature: Option<f64>,
    /// Keeps the most likely tokens whose probabilities reach this sum.
    pub top_p: Option<f64>,
    /// Keeps the K most likely tokens; 0 keeps all.
    pub top_k: Option<u32>,
    /// Keeps tokens at least this likely relative to the best.
    pub min_p: Option<f64>,
    /// Keeps the tokens whose surprise is closest to the expected one.
    pub typical_p: Option<f64>,
    /// Makes tokens that were seen less likely; 1 is off.
    pub repeat_penalty: Option<f64>,
    /// Taken once from the logit of a token that was seen.
    pub presence_penalty: Option<f64>,
    /// Taken from a token's logit for each time that it was seen.
    pub frequency_penalty: Option<f64>,
    /// How many of the last tokens the three penalties look at.
    pub penalty_window: Option<u32>,
    /// What a token loses that prolongs a repeated sequence; 0 is off.
    pub dry_multiplier: Option<f64>,
    /// How many times larger that loss gets with each further token.
    pub dry_base: Option<f64>,
    /// The longest sequence that may be repeated for nothing.
    pub dry_allowed_length: Option<u32>,
    /// How many of the last tokens are searched for repeated sequences.
    pub dry_window: Option<u32>,
    /// Texts that no repeated sequence goes beyond.
    pub dry_breakers: Option<Vec<String>>,
    /// Added to the logits of single tokens.
    pub logit_bias: Option<Vec<LogitBias>>,
    /// Tells how likely each token was, and so many of the likeliest ones.
    pub log_probabilities: Option<u32>,
    /// The same seed gives the same text.
    pub seed: Option<u32>,
    /// Texts that end the answer.
    pub stop: Option<Vec<String>>,
}

/// What is added to the logit of one token.
#[napi(object)]
pub struct LogitBias {
    /// The token's number in the vocabulary.
    pub id: u32,
    /// What is added; minus infinity bans it.
    pub bias: f64,
}

impl Options {
    /// The library's options.
    pub(crate) fn convert(self) -> GenerateOptions {
        let base = GenerateOptions::default();
        let or = |given: Option<f64>, default: f32| given.map_or(default, |value| value as f32);
        let count = |given: Option<u32>| given.map(|count| count as usize);
        let sampling = base.sampling;
        let dry = DryOptions {
            multiplier: or(self.dry_multiplier, sampling.dry.multiplier),
            base: or(self.dry_base, sampling.dry.base),
            allowed_length: count(self.dry_allowed_length).unwrap_or(sampling.dry.allowed_length),
            window: count(self.dry_window).or(sampling.dry.window),
            breakers: self.dry_breakers.unwrap_or(sampling.dry.breakers),
        };
        let biases = self.logit_bias.unwrap_or_default().into_iter();
        let logit_bias: BTreeMap<u32, f32> =
            biases.map(|LogitBias { id, bias }| (id, bias as f32)).collect();
        let sampling = SamplingOptions {
            temperature: or(self.temperature, sampling.temperature),
            top_p: or(self.top_p, sampling.top_p),
            top_k: count(self.top_k).unwrap_or(sampling.top_k),
            min_p: or(self.min_p, sampling.min_p),
            typical_p: or(self.typical_p, sampling.typical_p),
            repeat_penalty: or(self.repeat_penalty, sampling.repeat_penalty),
            presence_penalty: or(self.presence_penalty, sampling.presence_penalty),
            frequency_penalty: or(self.frequency_penalty, sampling.frequency_penalty),
            penalty_window: count(self.penalty_window).or(sampling.penalty_window),
            dry,
            logit_bias,
            log_probabilities: count(self.log_probabilities),
            seed: self.seed.map_or(sampling.seed, u64::from),
        };
        GenerateOptions {
            max_tokens: count(self.max_tokens).or(base.max_tokens),
            sampling,
            stop: self.stop.unwrap_or(base.stop),
        }
    }
}
