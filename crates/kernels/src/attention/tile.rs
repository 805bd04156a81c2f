//! Products of a few rows with sixteen columns, kept in registers.

use crate::vector::lanes::{LANES, Lanes, scale_add};
use crate::vector::level::Isa;

/// `sums[r] += Σ_k factors(k)[r] · columns[k]`, over all of `columns`.
///
/// Multiplications and additions of `R` rows run beside one another, so that
/// none waits for the one before it.
#[inline(always)]
pub fn multiply<'a, I: Isa, const R: usize>(
    factors: impl Fn(usize) -> [f32; R],
    columns: &[Lanes],
    mut sums: [Lanes; R],
) -> [Lanes; R] {
    for (k, column) in columns.iter().enumerate() {
        let factors = factors(k);
        for r in 0..R {
            sums[r] = scale_add::<I>(factors[r], column, &sums[r]);
        }
    }
    sums
}

/// Sixteen zeros.
pub const ZEROS: Lanes = [0.0; LANES];
