//! Sixteen numbers at once, and what all bodies do with them.

use crate::vector::level::Isa;

/// Numbers that go through a body together: one to four registers.
pub const LANES: usize = 16;

/// The numbers.
pub type Lanes = [f32; LANES];

/// `a · b + c` in every lane.
#[inline(always)]
pub fn mul_add<I: Isa>(a: &Lanes, b: &Lanes, c: &Lanes) -> Lanes {
    std::array::from_fn(|i| I::mul_add(a[i], b[i], c[i]))
}

/// `a · b + c` in every lane, `a` being the same for all.
#[inline(always)]
pub fn scale_add<I: Isa>(a: f32, b: &Lanes, c: &Lanes) -> Lanes {
    std::array::from_fn(|i| I::mul_add(a, b[i], c[i]))
}

/// The sum of all lanes.
#[inline(always)]
pub fn sum(lanes: &Lanes) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|i| lanes[i] + lanes[i + 8]);
    let four: [f32; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The larger in every lane; `b` where either is no number.
#[inline(always)]
pub fn larger(a: &Lanes, b: &Lanes) -> Lanes {
    std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
}

/// The largest of all lanes.
#[inline(always)]
pub fn largest(lanes: &Lanes) -> f32 {
    lanes.iter().fold(f32::NEG_INFINITY, |most, lane| if *lane > most { *lane } else { most })
}

/// Where the exponential of an `f32` is no normal number any more.
const LEAST: f32 = -87.336_54;
/// Where it is no number any more, less a little: larger arguments give what
/// this one gives, 2.4e38.
const MOST: f32 = 88.376_26;
/// 1.5 · 2^23: a sum with it has no fraction, and its last bits are the whole
/// number.
const ROUNDING: f32 = 12_582_912.0;

/// The exponential, within 2 units in the last place; zero where it would be
/// no normal number.
///
/// Cody and Waite's reduction, `x = n · ln 2 + r` with `ln 2` in two parts,
/// and a polynomial of `r`: Moshier's coefficients (Cephes, `expf.c`).
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the coefficients as Cephes prints them")]
pub fn exp<I: Isa>(x: f32) -> f32 {
    // Not `clamp`: what is no number has to stay none.
    let bounded = if x > MOST { MOST } else { x };
    let shifted = I::mul_add(bounded, std::f32::consts::LOG2_E, ROUNDING);
    let n = shifted - ROUNDING;
    let r = I::mul_add(n, -0.693_359_375, bounded);
    let r = I::mul_add(n, 2.121_944_40e-4, r);
    let mut p = 1.987_569_150_0e-4;
    p = I::mul_add(p, r, 1.398_199_950_7e-3);
    p = I::mul_add(p, r, 8.333_451_907_3e-3);
    p = I::mul_add(p, r, 4.166_579_589_4e-2);
    p = I::mul_add(p, r, 1.666_666_545_9e-1);
    p = I::mul_add(p, r, 5.000_000_120_1e-1);
    let p = I::mul_add(p, r * r, r) + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    if x < LEAST { 0.0 } else { p * power }
}

/// [`exp`] of every lane.
#[inline(always)]
pub fn exp_lanes<I: Isa>(x: &Lanes) -> Lanes {
    std::array::from_fn(|i| exp::<I>(x[i]))
}
