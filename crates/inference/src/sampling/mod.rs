//! The next token from the logits: [`Sampler`].
//!
//! The chain is llama.cpp's default one (`common_params_sampling::samplers`),
//! after the logit bias: penalties, DRY, top-k, typical, top-p, min-p,
//! temperature, draw. What llama.cpp has between them and we have not
//! (top-n-sigma, XTC) is off there by default.

mod candidates;
mod dry;
mod options;
mod penalties;
mod report;
mod scan;
#[cfg(test)]
mod tests;

use mlxcode_models::{Error as ModelsError, SamplingOptions, TokenDecoder, Tokenizer};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use self::candidates::Candidates;
use self::dry::{Dry, TokenText};
use self::penalties::Penalties;
pub use self::report::Report;
use self::report::Reporter;
use crate::error::{Error, Result};

/// Chooses tokens. The same seed chooses the same ones.
///
/// Buffers are kept from one token to the next.
#[derive(Debug)]
pub struct Sampler {
    /// What is added to single logits.
    bias: Vec<(u32, f32)>,
    penalties: Option<Penalties>,
    dry: Option<Dry>,
    reporter: Option<Reporter>,
    cuts: Cuts,
    temperature: f32,
    candidates: Candidates,
    random: ChaCha8Rng,
}

/// What leaves out tokens that are not likely enough.
#[derive(Clone, Copy, Debug)]
struct Cuts {
    top_k: usize,
    typical_p: f32,
    top_p: f32,
    min_p: f32,
}

/// A token and, where the options ask for it, how likely it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub id: u32,
    pub log_probabilities: Option<Report>,
}

impl Sampler {
    /// A sampler before the first token; options out of range are refused. The
    /// tokenizer tells where the sequence breakers of DRY lie.
    pub fn new(options: &SamplingOptions, tokenizer: &Tokenizer) -> Result<Self, ModelsError> {
        let mut decoder = TokenDecoder::new(tokenizer.clone());
        Self::with_text(options, Box::new(move |id| decoder.push(id)))
    }

    fn with_text(options: &SamplingOptions, text: TokenText) -> Result<Self, ModelsError> {
        options::check(options)?;
        let &SamplingOptions { top_k, typical_p, top_p, min_p, .. } = options;
        Ok(Self {
            bias: options.logit_bias.iter().map(|(id, bias)| (*id, *bias)).collect(),
            penalties: Penalties::new(options),
            dry: Dry::new(&options.dry, text),
            reporter: options.log_probabilities.map(Reporter::new),
            cuts: Cuts { top_k, typical_p, top_p, min_p },
            temperature: options.temperature,
            candidates: Candidates::default(),
            random: ChaCha8Rng::seed_from_u64(options.seed),
        })
    }

    /// Takes note of tokens in the order of the text: those of the prompt
    /// before the first choice, each chosen one before the next choice.
    pub fn observe(&mut self, tokens: &[u32]) -> Result<()> {
        if let Some(penalties) = &mut self.penalties {
            penalties.observe(tokens);
        }
        if let Some(dry) = &mut self.dry {
            dry.observe(tokens)?;
        }
        Ok(())
    }

    /// Chooses the next token and leaves the logits with bias and penalties. A
    /// logit may be minus infinity, which rules its token out, but not all of
    /// them.
    ///
    /// # Errors
    /// Logits that are not numbers or plus infinity, and a vocabulary that is
    /// ruled out as a whole, are [`Error::NotFinite`].
    pub fn choose(&mut self, logits: &mut [f32]) -> Result<Choice> {
        if let Some(reporter) = &mut self.reporter {
            reporter.keep(logits);
        }
        self.adjust(logits);
        let id = self.pick(logits)?;
        let report = self.reporter.as_mut().map(|reporter| reporter.report(id));
        Ok(Choice { id, log_probabilities: report.transpose()? })
    }

    fn adjust(&mut self, logits: &mut [f32]) {
        for (id, bias) in &self.bias {
            if let Some(logit) = logits.get_mut(*id as usize) {
                *logit += bias;
            }
        }
        if let Some(penalties) = &self.penalties {
            penalties.apply(logits);
        }
        if let Some(dry) = &mut self.dry {
            dry.apply(logits);
        }
    }

    fn pick(&mut self, logits: &[f32]) -> Result<u32> {
        let peak = scan::peak(logits)?;
        if self.temperature == 0.0 {
            return Ok(peak.id);
        }
        let unit = unit(&mut self.random);
        let drawn = if self.cuts.keep_all(logits.len()) {
            self.candidates.draw_of_all(logits, peak.logit, self.temperature, unit)
        } else {
            self.cuts.apply(&mut self.candidates, logits, peak.logit);
            self.candidates.draw(self.temperature, unit)
        };
        drawn.ok_or(Error::NotFinite)
    }
}

impl Cuts {
    fn keep_all(self, vocabulary: usize) -> bool {
        !(1..vocabulary).contains(&self.top_k)
            && self.typical_p >= 1.0
            && self.top_p >= 1.0
            && self.min_p <= 0.0
    }

    /// Leaves in `candidates` what may be drawn. Probabilities are computed
    /// only where a step needs them.
    fn apply(self, candidates: &mut Candidates, logits: &[f32], peak: f32) {
        let (typical, top_p) = (self.typical_p < 1.0, self.top_p < 1.0);
        if (1..logits.len()).contains(&self.top_k) {
            candidates.fill_with_largest(logits, self.top_k);
            if typical || top_p {
                candidates.weigh(peak);
            }
        } else {
            if typical || top_p {
                candidates.measure(logits, peak);
            }
            let count = logits.len();
            let floor = match (typical, top_p) {
                (true, _) => candidates.typical_floor(count, peak, self.typical_p),
                (false, true) => candidates.top_p_floor(count, peak, self.top_p),
                (false, false) => f32::NEG_INFINITY,
            };
            // What min-p takes away in the end is not missed before, unless the
            // likeliest token may go as well.
            let min_p = if typical { 0.0 } else { self.min_p };
            candidates.fill(logits, floor.max(peak + min_p.ln()));
            if typical || top_p {
                candidates.weigh_part(peak);
            }
        }
        if typical {
            candidates.typical(self.typical_p);
        }
        if top_p {
            candidates.top_p(self.top_p);
        }
        candidates.min_p(self.min_p);
    }
}

/// From 0 to below 1, in steps of 2⁻⁵³: all that an f64 holds.
fn unit(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
