//! The next token from the logits.

use std::cmp::Ordering;

use mlxcode_models::{Error as ModelsError, SamplingOptions};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::error::{Error, Result};

/// Draws tokens. The same seed draws the same ones.
#[derive(Debug)]
pub struct Sampler {
    options: SamplingOptions,
    random: ChaCha8Rng,
}

impl Sampler {
    /// A sampler; options out of range are refused.
    pub fn new(options: &SamplingOptions) -> Result<Self, ModelsError> {
        let refuse = |option, value: f32, range| {
            Err(ModelsError::InvalidOption { option, value: value.to_string(), range })
        };
        let SamplingOptions { temperature, top_p, min_p, repeat_penalty, seed, .. } = *options;
        if !(temperature.is_finite() && temperature >= 0.0) {
            return refuse("temperature", temperature, "0 or more");
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return refuse("top_p", top_p, "more than 0 and at most 1");
        }
        if !(0.0..1.0).contains(&min_p) {
            return refuse("min_p", min_p, "0 or more and less than 1");
        }
        if !(repeat_penalty.is_finite() && repeat_penalty > 0.0) {
            return refuse("repeat_penalty", repeat_penalty, "more than 0");
        }
        Ok(Self { options: options.clone(), random: ChaCha8Rng::seed_from_u64(seed) })
    }

    /// Chooses the next token. `seen` are the tokens so far. A logit may be
    /// minus infinity, which rules its token out, but not all of them.
    pub fn choose(&mut self, logits: &mut [f32], seen: &[u32]) -> Result<u32> {
        self.penalise(logits, seen);
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if !most.is_finite() || logits.iter().any(|logit| logit.is_nan()) {
            return Err(Error::NotFinite);
        }
        if self.options.temperature == 0.0 {
            return best(logits).ok_or(Error::NotFinite);
        }
        let mut ranked = self.ranked(logits, most);
        self.cut(&mut ranked);
        let total: f32 = ranked.iter().map(|(_, p)| p).sum();
        let mut left = unit(&mut self.random) * total;
        for (id, p) in &ranked {
            left -= p;
            if left < 0.0 {
                return Ok(*id);
            }
        }
        // Rounding can leave a little; the last one ends the sum.
        ranked.last().map(|(id, _)| *id).ok_or(Error::NotFinite)
    }

    fn penalise(&self, logits: &mut [f32], seen: &[u32]) {
        let penalty = self.options.repeat_penalty;
        if (penalty - 1.0).abs() < f32::EPSILON {
            return;
        }
        let mut seen = seen.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for id in seen {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    /// Tokens with their probabilities at the temperature, likeliest first.
    fn ranked(&self, logits: &[f32], most: f32) -> Vec<(u32, f32)> {
        let weigh = |logit: &f32| ((logit - most) / self.options.temperature).exp();
        let mut ranked: Vec<(u32, f32)> =
            logits.iter().enumerate().map(|(id, logit)| (id as u32, weigh(logit))).collect();
        let top_k = self.options.top_k;
        if (1..ranked.len()).contains(&top_k) {
            // A vocabulary is long: only what stays is worth sorting.
            ranked.select_nth_unstable_by(top_k - 1, likelier);
            ranked.truncate(top_k);
        }
        ranked.sort_unstable_by(likelier);
        let total: f32 = ranked.iter().map(|(_, p)| p).sum();
        for (_, p) in &mut ranked {
            *p /= total;
        }
        ranked
    }

    fn cut(&self, ranked: &mut Vec<(u32, f32)>) {
        if self.options.top_p < 1.0 {
            let mut sum = 0.0;
            let enough = ranked.iter().position(|(_, p)| {
                sum += p;
                sum >= self.options.top_p
            });
            ranked.truncate(enough.map_or(ranked.len(), |last| last + 1));
        }
        if let Some((_, most)) = ranked.first().copied() {
            ranked.retain(|(_, p)| *p >= most * self.options.min_p);
        }
    }
}

/// The likelier of two first; of equals, the one with the lower number.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "sorting hands out references")]
fn likelier(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// From 0 to below 1, in steps of 2⁻²⁴: all that an f32 holds.
fn unit(random: &mut ChaCha8Rng) -> f32 {
    (random.next_u32() >> 8) as f32 / (1_u32 << 24) as f32
}

/// The likeliest token; of equals, the one with the lowest number.
fn best(logits: &[f32]) -> Option<u32> {
    let better = |best: (usize, f32), one: (usize, &f32)| {
        if *one.1 > best.1 { (one.0, *one.1) } else { best }
    };
    let first = (0, *logits.first()?);
    Some(logits.iter().enumerate().fold(first, better).0 as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(options: SamplingOptions, logits: &[f32], seen: &[u32]) -> Vec<usize> {
        let mut sampler = Sampler::new(&options).unwrap();
        let mut counts = vec![0; logits.len()];
        for _ in 0..10_000 {
            let id = sampler.choose(&mut logits.to_vec(), seen).unwrap();
            counts[id as usize] += 1;
        }
        counts
    }

    fn hot() -> SamplingOptions {
        SamplingOptions { temperature: 1.0, seed: 7, ..SamplingOptions::default() }
    }

    #[test]
    fn draws_follow_the_distribution() {
        // Probabilities 1/2, 1/4, 1/4.
        let counts = draws(hot(), &[2.0_f32.ln(), 0.0, 0.0], &[]);
        assert!(counts[0].abs_diff(5_000) < 200 && counts[1].abs_diff(2_500) < 200, "{counts:?}");
        assert_eq!(counts, draws(hot(), &[2.0_f32.ln(), 0.0, 0.0], &[]));
    }

    #[test]
    fn each_option_keeps_what_it_says() {
        let logits = [4.0_f32.ln(), 3.0_f32.ln(), 2.0_f32.ln(), 0.0];
        let kept = |options| {
            let counts = draws(options, &logits, &[]);
            counts.iter().filter(|count| **count > 0).count()
        };
        assert_eq!(kept(hot()), 4);
        assert_eq!(kept(SamplingOptions { top_k: 2, ..hot() }), 2);
        assert_eq!(kept(SamplingOptions { top_p: 0.65, ..hot() }), 2);
        assert_eq!(kept(SamplingOptions { min_p: 0.6, ..hot() }), 2);
        assert_eq!(kept(SamplingOptions { temperature: 0.0, ..hot() }), 1);
    }

    #[test]
    fn what_is_kept_shares_what_was_cut_in_proportion() {
        // Of 0.4, 0.3, 0.2 and 0.1, out of order.
        let logits = [3.0_f32.ln(), 0.0, 4.0_f32.ln(), 2.0_f32.ln()];
        let check = |options, expect: [f32; 4]| {
            let counts = draws(options, &logits, &[]);
            for (count, expect) in counts.iter().zip(expect) {
                // Four deviations of 10,000 draws at most.
                assert!((*count as f32 / 1e4 - expect).abs() < 0.02, "{counts:?}");
            }
        };
        check(hot(), [0.3, 0.1, 0.4, 0.2]);
        check(SamplingOptions { top_k: 3, ..hot() }, [3.0 / 9.0, 0.0, 4.0 / 9.0, 2.0 / 9.0]);
        check(SamplingOptions { top_p: 0.5, ..hot() }, [3.0 / 7.0, 0.0, 4.0 / 7.0, 0.0]);
        check(SamplingOptions { min_p: 0.4, ..hot() }, [3.0 / 9.0, 0.0, 4.0 / 9.0, 2.0 / 9.0]);
        // At half the temperature the odds are squared.
        let cold = SamplingOptions { temperature: 0.5, ..hot() };
        check(cold, [9.0 / 30.0, 1.0 / 30.0, 16.0 / 30.0, 4.0 / 30.0]);
    }

    #[test]
    fn a_repeated_token_loses() {
        let options = SamplingOptions { repeat_penalty: 2.0, ..SamplingOptions::default() };
        let mut sampler = Sampler::new(&options).unwrap();
        assert_eq!(sampler.choose(&mut [1.0, 0.9], &[]).unwrap(), 0);
        assert_eq!(sampler.choose(&mut [1.0, 0.9], &[0, 0]).unwrap(), 1);
        assert_eq!(sampler.choose(&mut [-1.0, -1.5], &[0]).unwrap(), 1);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let wrong = [
            SamplingOptions { temperature: -1.0, ..hot() },
            SamplingOptions { temperature: f32::NAN, ..hot() },
            SamplingOptions { top_p: 0.0, ..hot() },
            SamplingOptions { min_p: 1.0, ..hot() },
            SamplingOptions { repeat_penalty: 0.0, ..hot() },
        ];
        for options in wrong {
            assert!(matches!(Sampler::new(&options), Err(ModelsError::InvalidOption { .. })));
        }
    }

    #[test]
    fn logits_that_are_no_numbers_are_refused() {
        for options in [hot(), SamplingOptions::default()] {
            let mut sampler = Sampler::new(&options).unwrap();
            for wrong in [f32::NAN, f32::INFINITY] {
                let chosen = sampler.choose(&mut [wrong, 1.0], &[]);
                assert!(matches!(chosen, Err(Error::NotFinite)), "{wrong}");
            }
            let none = sampler.choose(&mut [f32::NEG_INFINITY; 2], &[]);
            assert!(matches!(none, Err(Error::NotFinite)));
            assert!(matches!(sampler.choose(&mut [], &[]), Err(Error::NotFinite)));
            assert_eq!(sampler.choose(&mut [f32::NEG_INFINITY, 1.0], &[]).unwrap(), 1);
        }
    }
}
