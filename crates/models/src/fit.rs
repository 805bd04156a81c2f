//! Whether a model fits into memory.

use std::fmt;

use mlxcode_base::ByteSize;

/// A model that takes more than this part of what is free is a tight fit: the
/// estimate is good to a tenth.
const COMFORT_PERCENT: u64 = 90;

/// What a model is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FitRequest {
    /// Tokens of prompt and answer together; `None`: all that the model was
    /// made for.
    pub context_tokens: Option<usize>,
    /// Answers at once, each with such a context.
    pub sequences: usize,
    /// Memory that is free; `None`: nobody knows.
    pub available_bytes: Option<u64>,
}

impl Default for FitRequest {
    fn default() -> Self {
        Self { context_tokens: None, sequences: 1, available_bytes: None }
    }
}

/// What a model takes of memory, computed from its shapes before any of it is
/// read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FitReport {
    /// Weights as the engine lays them out.
    pub weights_bytes: u64,
    /// Keys and values of the wished contexts.
    pub cache_bytes: u64,
    /// States on their way through the layers, logits and scratch.
    pub activations_bytes: u64,
    /// The program and the tokenizer.
    pub program_bytes: u64,
    /// The most that is in memory while the weights are laid out: a part of
    /// the file beside what was made of it.
    pub loading_bytes: u64,
    /// What past prompts may fill beyond that, where there is room: they are
    /// kept for prompts that begin alike, and go when their room is needed.
    pub kept_prompts_bytes: u64,
    /// The context that was computed with.
    pub context_tokens: usize,
    /// Answers at once.
    pub sequences: usize,
    /// Bytes that one more token of context takes in every answer.
    pub token_bytes: u64,
    /// Weights in the model.
    pub parameters: u64,
    /// Memory that is free.
    pub available_bytes: Option<u64>,
}

/// Whether it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FitVerdict {
    /// With room to spare.
    Fits,
    /// Just so.
    Tight,
    /// Not.
    TooLarge,
    /// Nobody knows how much is free.
    Unknown,
}

impl FitVerdict {
    /// The name that documents use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Tight => "tight",
            Self::TooLarge => "too_large",
            Self::Unknown => "unknown",
        }
    }
}

impl FitReport {
    /// A report of nothing, for who fills it in.
    pub fn new(context_tokens: usize, sequences: usize) -> Self {
        Self {
            weights_bytes: 0,
            cache_bytes: 0,
            activations_bytes: 0,
            program_bytes: 0,
            loading_bytes: 0,
            kept_prompts_bytes: 0,
            context_tokens,
            sequences,
            token_bytes: 0,
            parameters: 0,
            available_bytes: None,
        }
    }

    /// The most that is in memory at any time.
    pub fn total_bytes(&self) -> u64 {
        let parts = [self.weights_bytes, self.cache_bytes, self.activations_bytes];
        let running = parts.into_iter().fold(self.program_bytes, u64::saturating_add);
        running.max(self.loading_bytes.saturating_add(self.program_bytes))
    }

    /// Whether it fits into what is free.
    pub fn verdict(&self) -> FitVerdict {
        let Some(available) = self.available_bytes else { return FitVerdict::Unknown };
        let total = self.total_bytes();
        if total > available {
            FitVerdict::TooLarge
        } else if total > available / 100 * COMFORT_PERCENT {
            FitVerdict::Tight
        } else {
            FitVerdict::Fits
        }
    }

    /// The longest context that fits, where a shorter one does.
    pub fn longest_context(&self) -> Option<usize> {
        let available = self.available_bytes?;
        let rest = self.total_bytes().saturating_sub(self.cache_bytes);
        let room = available.checked_sub(rest)?;
        let each =
            self.token_bytes.checked_mul(self.sequences as u64).filter(|bytes| *bytes > 0)?;
        let tokens = (room / each) as usize;
        (tokens >= LEAST_CONTEXT).then_some(tokens.min(self.context_tokens))
    }

    /// What could be done where it does not fit: a shorter context, weights of
    /// fewer bits, a smaller model.
    pub fn remedies(&self) -> Vec<String> {
        let mut remedies = Vec::new();
        let Some(available) = self.available_bytes else { return remedies };
        if self.verdict() != FitVerdict::TooLarge {
            return remedies;
        }
        if let Some(tokens) = self.longest_context() {
            remedies.push(format!("a context of {tokens} tokens fits"));
        }
        let rest = self.total_bytes().saturating_sub(self.weights_bytes);
        for (name, bits) in QUANTISATIONS {
            let weights = (self.parameters as f64 * bits / 8.0) as u64;
            let total = rest.saturating_add(weights);
            if weights < self.weights_bytes / 100 * COMFORT_PERCENT && total <= available {
                let total = ByteSize(total);
                remedies.push(format!("with {name} weights it takes about {total}, which fits"));
                break;
            }
        }
        if remedies.is_empty() {
            remedies.push("use a smaller model, or close other programs".to_owned());
        }
        remedies
    }
}

/// Nobody asks for less.
const LEAST_CONTEXT: usize = 512;

/// Bits of a weight, with its scales, as the engine lays it out: a whole block
/// with its scales, divided by its numbers.
const QUANTISATIONS: [(&str, f64); 3] = [("Q8_0", 8.5), ("Q6_K", 6.625), ("Q4_K", 4.625)];

impl fmt::Display for FitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} in all: {} weights, {} keys and values for {} tokens, {} states, {} program",
            ByteSize(self.total_bytes()),
            ByteSize(self.weights_bytes),
            ByteSize(self.cache_bytes),
            self.context_tokens,
            ByteSize(self.activations_bytes),
            ByteSize(self.program_bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn report(available_bytes: Option<u64>) -> FitReport {
        FitReport {
            weights_bytes: 16 * GIB,
            cache_bytes: 4 * GIB,
            activations_bytes: GIB,
            parameters: 8_000_000_000,
            token_bytes: 4 * GIB / 32_768,
            available_bytes,
            ..FitReport::new(32_768, 1)
        }
    }

    #[test]
    fn what_fits_and_what_does_not() {
        let check = |available: Option<u64>, verdict: FitVerdict, remedies: &[&str]| {
            let report = report(available);
            assert_eq!(report.total_bytes(), 21 * GIB);
            assert_eq!(report.verdict(), verdict, "{available:?}");
            assert_eq!(report.remedies(), remedies, "{available:?}");
        };
        check(None, FitVerdict::Unknown, &[]);
        check(Some(32 * GIB), FitVerdict::Fits, &[]);
        check(Some(22 * GIB), FitVerdict::Tight, &[]);
        let both = [
            "a context of 24576 tokens fits",
            "with Q8_0 weights it takes about 12.9 GiB, which fits",
        ];
        check(Some(20 * GIB), FitVerdict::TooLarge, &both);
        check(
            Some(10 * GIB),
            FitVerdict::TooLarge,
            &["with Q4_K weights it takes about 9.3 GiB, which fits"],
        );
        let smaller = ["use a smaller model, or close other programs"];
        check(Some(GIB), FitVerdict::TooLarge, &smaller);
    }

    #[test]
    fn loading_may_take_more_than_running() {
        let report = FitReport { loading_bytes: 30 * GIB, program_bytes: GIB, ..report(None) };
        assert_eq!(report.total_bytes(), 31 * GIB);
    }
}
