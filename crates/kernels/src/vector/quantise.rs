//! States to bytes.

use crate::activations::TokenMut;
use crate::source::GROUP;
use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, lanes, larger_of, largest, narrow};
use crate::vector::level::Task;

/// 1.5 · 2^23: a sum with it is rounded to a whole number, halves to even,
/// which its last bits are.
const ROUNDING: f32 = 12_582_912.0;

/// What [`TokenMut::quantise`] does, to the last bit.
pub struct Quantise<'a, 'b> {
    pub token: &'a mut TokenMut<'b>,
}

impl Task for Quantise<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let TokenMut { values, codes, scales, sums, bf16 } = &mut *self.token;
        // One thing at a time: together, the compiler finds no vectors.
        for (values, scale) in values.as_chunks::<GROUP>().0.iter().zip(scales.iter_mut()) {
            // What is no number is never larger, so the other operand is kept.
            let mut most = [0.0; LANES];
            for part in values.as_chunks::<LANES>().0 {
                most = lanes!(i => larger_of(part[i].abs(), most[i]));
            }
            *scale = largest(&most);
        }
        let groups = values.chunks_exact(GROUP).zip(codes.chunks_exact_mut(GROUP));
        for ((values, codes), scale) in groups.zip(scales.iter_mut()) {
            let inverse = if *scale > 0.0 { 127.0 / *scale } else { 0.0 };
            *scale /= 127.0;
            for (code, value) in codes.iter_mut().zip(values) {
                *code = round(value * inverse) as i8;
            }
        }
        for (sum, codes) in sums.iter_mut().zip(codes.as_chunks::<LANES>().0) {
            let mut total = 0;
            for code in codes {
                total += i32::from(*code);
            }
            *sum = total;
        }
        round_all(values, bf16);
    }
}

/// The last part of [`Quantise`].
pub struct Round<'a, 'b> {
    pub token: &'a mut TokenMut<'b>,
}

impl Task for Round<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        round_all(self.token.values, self.token.bf16);
    }
}

#[inline(always)]
fn round_all(values: &[f32], bf16: &mut [u16]) {
    for (bits, value) in bf16.iter_mut().zip(values) {
        *bits = narrow(*value);
    }
}

/// The nearest whole number as `as i8` has it: what is no number is 0, what
/// is too large the largest. (The inverse of a denormal is infinite.)
#[inline(always)]
pub fn round(code: f32) -> i32 {
    let bounded = if code > 127.0 { 127.0 } else { code };
    let bounded = if bounded < -128.0 { -128.0 } else { bounded };
    let whole = (bounded + ROUNDING).to_bits() as i32 - ROUNDING.to_bits() as i32;
    if code.is_nan() { 0 } else { whole }
}
