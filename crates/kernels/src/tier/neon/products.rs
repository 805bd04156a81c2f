//! The two instructions, which the standard library has no stable names for.

use std::arch::aarch64::{int8x16_t, int32x4_t};
use std::arch::asm;

/// Adds to each lane the product of its four bytes with the four of the lane
/// `LANE` of `states`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
pub fn sdot<const LANE: usize>(
    mut sums: int32x4_t,
    weights: int8x16_t,
    states: int8x16_t,
) -> int32x4_t {
    // SAFETY: reads and writes registers alone; the feature is enabled.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {states:v}.4b[{lane}]",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            states = in(vreg) states,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Adds the products of two rows of eight bytes with two tokens of eight:
/// row 0 with tokens 0 and 1, then row 1.
#[inline]
#[target_feature(enable = "neon,i8mm")]
pub fn smmla(mut sums: int32x4_t, weights: int8x16_t, states: int8x16_t) -> int32x4_t {
    // SAFETY: reads and writes registers alone; the feature is enabled.
    unsafe {
        asm!(
            "smmla {sums:v}.4s, {weights:v}.16b, {states:v}.16b",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            states = in(vreg) states,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
