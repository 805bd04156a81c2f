//! Single passes over all logits, in blocks that compile to vector code.

use crate::error::{Error, Result};

/// Logits that are looked at together.
const BLOCK: usize = 1024;
/// Independent results of a block: a few registers of any width.
const LANES: usize = 16;

/// Where [`exp`] ends: below, an f32 loses its precision.
const LEAST: f32 = -87.0;

/// The largest logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Its token; of equals, the one with the lowest number.
    pub id: u32,
    pub logit: f32,
}

/// Finds the largest logit in one pass.
///
/// # Errors
/// [`Error::NotFinite`] where a logit is no number or plus infinity, and where
/// none is more than minus infinity.
pub fn peak(logits: &[f32]) -> Result<Peak> {
    let mut best = (f32::NEG_INFINITY, 0);
    for (place, block) in logits.chunks(BLOCK).enumerate() {
        let most = largest(block).ok_or(Error::NotFinite)?;
        if most > best.0 {
            best = (most, place * BLOCK);
        }
    }
    let (logit, start) = best;
    // None is larger, so one that is not smaller is equal.
    let place = logits.iter().skip(start).position(|one| *one >= logit);
    match place {
        Some(place) if logit > f32::NEG_INFINITY => Ok(Peak { id: (start + place) as u32, logit }),
        _ => Err(Error::NotFinite),
    }
}

/// The largest of some logits; `None` where one is no number or plus infinity.
pub fn largest(logits: &[f32]) -> Option<f32> {
    let mut most = [f32::NEG_INFINITY; LANES];
    let mut wrong = [0_u32; LANES];
    let (whole, rest) = logits.as_chunks::<LANES>();
    for chunk in whole {
        for lane in 0..LANES {
            let logit = chunk[lane];
            most[lane] = if logit > most[lane] { logit } else { most[lane] };
            let fine = logit < f32::INFINITY;
            wrong[lane] |= u32::from(!fine);
        }
    }
    let fine = |logit: &f32| *logit < f32::INFINITY;
    if wrong.iter().any(|wrong| *wrong != 0) || !rest.iter().all(fine) {
        return None;
    }
    Some(most.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max))
}

/// The sum of `exp((logit − peak) / temperature)` over each block of
/// [`BLOCK`] logits, given to `each` in order.
pub fn block_sums(logits: &[f32], peak: f32, temperature: f32, mut each: impl FnMut(f64)) {
    for block in logits.chunks(BLOCK) {
        let mut sums = [0.0_f32; LANES];
        let (whole, rest) = block.as_chunks::<LANES>();
        for chunk in whole {
            for lane in 0..LANES {
                sums[lane] += exp((chunk[lane] - peak) / temperature);
            }
        }
        let rest = rest.iter().map(|logit| f64::from(exp((logit - peak) / temperature)));
        each(sums.iter().map(|sum| f64::from(*sum)).sum::<f64>() + rest.sum::<f64>());
    }
}

/// The sum of `exp(logit − peak)` over all logits.
pub fn sum_exp(logits: &[f32], peak: f32) -> f64 {
    let mut sum = 0.0;
    block_sums(logits, peak, 1.0, |block| sum += block);
    sum
}

/// The sum of `exp(logit − peak)` over all logits, and that of the same times
/// `logit − peak`.
pub fn moments(logits: &[f32], peak: f32) -> (f64, f64) {
    let parts = |logit: f32| {
        // Below, the exponential is 0, and minus infinity times 0 no number.
        let x = logit - peak;
        let x = if x > LEAST { x } else { LEAST };
        let weight = exp(x);
        (weight, weight * x)
    };
    let (mut sum, mut first) = (0.0, 0.0);
    for block in logits.chunks(BLOCK) {
        let mut sums = [0.0_f32; LANES];
        let mut firsts = [0.0_f32; LANES];
        let (whole, rest) = block.as_chunks::<LANES>();
        for chunk in whole {
            for lane in 0..LANES {
                let (weight, part) = parts(chunk[lane]);
                sums[lane] += weight;
                firsts[lane] += part;
            }
        }
        for (lane, logit) in rest.iter().enumerate() {
            let (weight, part) = parts(*logit);
            sums[lane] += weight;
            firsts[lane] += part;
        }
        sum += sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
        first += firsts.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    (sum, first)
}

/// The logits of a block of [`block_sums`], with their numbers.
pub fn block(logits: &[f32], index: usize) -> impl Iterator<Item = (u32, f32)> {
    let start = index * BLOCK;
    let block = logits.iter().skip(start).take(BLOCK);
    block.zip(start..).map(|(logit, id)| (id as u32, *logit))
}

/// e to the power of `x`, which is 0 or less, to about one unit in the last
/// place; 0 from [`LEAST`] down.
///
/// `x = n·ln 2 + r` with `|r| ≤ ln 2 / 2` (Cody and Waite 1980, "Software
/// Manual for the Elementary Functions"), the power of `r` by its series. The
/// standard library's has a call and branches, so that no loop of it becomes
/// vector code.
#[inline]
pub fn exp(x: f32) -> f32 {
    /// 1.5·2²³: adding it leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// The upper part of ln 2, exact in products with a small whole number.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let inside = if x > LEAST { x } else { LEAST };
    let shifted = inside * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = inside - n * LN_2_HIGH - n * LN_2_LOW;
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * r + coefficient;
    }
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x > LEAST { sum * power } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for step in 0..870_000_u32 {
            let x = -(step as f32) * 1e-4;
            let expect = f64::from(x).exp();
            let off = (f64::from(exp(x)) - expect).abs() / expect;
            assert!(off < 2.4e-7, "{x}: off by {off:e}");
        }
        assert!((exp(0.0) - 1.0).abs() < f32::EPSILON);
        for x in [-87.5, -1e30, f32::MIN, f32::NEG_INFINITY] {
            assert!(exp(x) == 0.0, "{x}");
        }
    }

    #[test]
    fn the_peak_is_the_first_of_the_largest_wherever_it_stands() {
        for length in [1, 2, 15, 16, 17, 1023, 1024, 1025, 3000] {
            for place in [0, length / 2, length - 1] {
                let mut logits = vec![-2.0; length];
                logits[place] = 1.5;
                let last = length - 1;
                logits[last] = 1.5;
                let expect = Peak { id: place as u32, logit: 1.5 };
                assert_eq!(peak(&logits).unwrap(), expect, "{length}");
                logits[last] = f32::NAN;
                assert!(matches!(peak(&logits), Err(Error::NotFinite)), "{length}");
                logits[last] = f32::INFINITY;
                assert!(matches!(peak(&logits), Err(Error::NotFinite)), "{length}");
            }
            let none = peak(&vec![f32::NEG_INFINITY; length]);
            assert!(matches!(none, Err(Error::NotFinite)));
        }
        assert!(matches!(peak(&[]), Err(Error::NotFinite)));
    }

    #[test]
    fn sums_are_those_of_f64() {
        let logits: Vec<f32> = (0..5000_u32).map(|at| (at * 37 % 101) as f32 * 0.13).collect();
        let expect: f64 = logits.iter().map(|logit| (f64::from(*logit) - 13.0).exp()).sum();
        assert!((sum_exp(&logits, 13.0) / expect - 1.0).abs() < 1e-6);
        let parts = logits.iter().map(|logit| f64::from(*logit) - 13.0);
        let first: f64 = parts.map(|x| x * x.exp()).sum();
        let logits = [&logits[..], &[f32::NEG_INFINITY, -500.0]].concat();
        let sums = moments(&logits, 13.0);
        assert!((sums.0 / expect - 1.0).abs() < 1e-6 && (sums.1 / first - 1.0).abs() < 1e-6);
    }
}
