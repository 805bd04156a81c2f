use super::candidates::{self, Candidate};
use super::scan;
use crate::error::Result;

/// How likely the chosen token and the likeliest ones were.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The logarithm of the chosen token's probability.
    pub chosen: f32,
    /// The likeliest tokens with the logarithms of theirs, the best first.
    pub top: Vec<(u32, f32)>,
}

/// Tells log-probabilities from the logits as the model made them: vLLM's
/// `raw_logprobs` and llama.cpp's `n_probs` without `post_sampling_probs`.
#[derive(Debug)]
pub struct Reporter {
    count: usize,
    logits: Vec<f32>,
    top: Vec<Candidate>,
}

impl Reporter {
    /// Reports on the `count` likeliest tokens beside the chosen one.
    pub fn new(count: usize) -> Self {
        Self { count, logits: Vec::new(), top: Vec::new() }
    }

    /// Keeps the logits before anything changes them.
    pub fn keep(&mut self, logits: &[f32]) {
        self.logits.clear();
        self.logits.extend_from_slice(logits);
    }

    /// The log-softmax of the logits that were kept, `logit − ln Σ exp(logit)`.
    pub fn report(&mut self, chosen: u32) -> Result<Report> {
        let peak = scan::peak(&self.logits)?.logit;
        let normaliser = f64::from(peak) + scan::sum_exp(&self.logits, peak).ln();
        let log = |logit: f32| (f64::from(logit) - normaliser) as f32;
        candidates::largest(&self.logits, self.count, &mut self.top);
        self.top.sort_unstable_by(candidates::likelier);
        let chosen = self.logits.get(chosen as usize).copied().map_or(f32::NEG_INFINITY, log);
        Ok(Report { chosen, top: self.top.iter().map(|one| (one.id, log(one.logit))).collect() })
    }
}
