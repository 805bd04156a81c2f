//! Sixteen numbers at once, and what all bodies do with them.

use crate::vector::isa::Isa;

/// Numbers that go through a body together: one to four registers.
pub const LANES: usize = 16;

/// The numbers.
pub type Lanes = [f32; LANES];

/// Makes lanes of an expression that has the lane's number. Not a closure:
/// closures of a target feature's function do not always end up in it, and
/// without the feature a fused product is a call.
macro_rules! lanes {
    ($lane:ident => $number:expr) => {{
        let mut lanes = [0.0_f32; $crate::vector::lanes::LANES];
        let mut $lane = 0;
        while $lane < lanes.len() {
            lanes[$lane] = $number;
            $lane += 1;
        }
        lanes
    }};
}
pub(crate) use lanes;

/// `a · b + c` in every lane.
#[inline(always)]
pub fn mul_add<I: Isa>(a: &Lanes, b: &Lanes, c: &Lanes) -> Lanes {
    lanes!(i => I::mul_add(a[i], b[i], c[i]))
}

/// `a · b + c` in every lane, `a` being the same for all.
#[inline(always)]
pub fn scale_add<I: Isa>(a: f32, b: &Lanes, c: &Lanes) -> Lanes {
    lanes!(i => I::mul_add(a, b[i], c[i]))
}

/// The sum of all lanes.
#[inline(always)]
pub fn sum(lanes: &Lanes) -> f32 {
    let mut sums = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = sums.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        half /= 2;
    }
    sums[0]
}

/// The larger of two; `b` where either is no number.
#[inline(always)]
pub fn larger_of(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The larger in every lane.
#[inline(always)]
pub fn larger(a: &Lanes, b: &Lanes) -> Lanes {
    lanes!(i => larger_of(a[i], b[i]))
}

/// The largest of all lanes.
#[inline(always)]
pub fn largest(lanes: &Lanes) -> f32 {
    let mut most = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = most.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low = larger_of(*high, *low);
        }
        half /= 2;
    }
    most[0]
}

/// The nearest bfloat16, halves to even.
#[inline(always)]
pub fn narrow(number: f32) -> u16 {
    let bits = number.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
    // Rounding could carry a quiet NaN into another number.
    if number.is_nan() { 0x7fc0 } else { (rounded >> 16) as u16 }
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

/// The polynomial of third degree that is nearest to `2^r` for `r` from -1/2 to
/// 1/2: its largest relative error, 7.5e-5, is the least that there is. For
/// what is rounded to bfloat16.
pub const SHORT: [f32; 4] = [0.999_928_06, 0.693_260_97, 0.242_611_13, 0.055_171_67];

/// That of fifth degree, off by 7.5e-8.
pub const PRECISE: [f32; 6] =
    [1.000_000_1, 0.693_146_94, 0.240_221_2, 0.055_507_13, 0.009_675_541, 0.001_327_647_2];

/// `2^x` for an `x` of at most 0, as well as the polynomial is. From -125 down
/// it is `2^-125`.
#[inline(always)]
pub fn exp2<I: Isa, const N: usize>(x: f32, polynomial: &[f32; N]) -> f32 {
    // Not `max`: what is no number has to stay none.
    let bounded = if x < -125.0 { -125.0 } else { x };
    let shifted = bounded + ROUNDING;
    let r = bounded - (shifted - ROUNDING);
    let mut power = polynomial[N - 1];
    for coefficient in polynomial[..N - 1].iter().rev() {
        power = I::mul_add(power, r, *coefficient);
    }
    f32::from_bits(power.to_bits().wrapping_add(shifted.to_bits() << 23))
}
