//! States to bytes.

use crate::activations::TokenMut;
use crate::source::GROUP;
use crate::vector::level::{Isa, Task};

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
        let (values, _) = self.token.values.as_chunks::<GROUP>();
        let (codes, _) = self.token.codes.as_chunks_mut::<GROUP>();
        let (sums, _) = self.token.sums.as_chunks_mut::<2>();
        let scales = self.token.scales.iter_mut();
        for ((values, codes), (scale, sums)) in values.iter().zip(codes).zip(scales.zip(sums)) {
            (*scale, *codes, *sums) = group(values);
        }
    }
}

#[inline(always)]
fn group(values: &[f32; GROUP]) -> (f32, [i8; GROUP], [i32; 2]) {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    // What is no number is never larger, so the other operand is kept.
    let mut most = [0.0_f32; 8];
    for eight in values.as_chunks::<8>().0 {
        most = std::array::from_fn(|i| larger(eight[i].abs(), most[i]));
    }
    let four: [f32; 4] = std::array::from_fn(|i| larger(most[i], most[i + 4]));
    let largest = larger(larger(four[0], four[2]), larger(four[1], four[3]));
    let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let whole: [i32; GROUP] = std::array::from_fn(|i| {
        let code = values[i] * inverse;
        // As `as i8` has it: what is no number is 0, what is too large the
        // largest. The inverse of a denormal is infinite.
        let code = if code > 127.0 { 127.0 } else { code };
        let code = if code < -128.0 { -128.0 } else { code };
        let bits = (code + ROUNDING).to_bits() as i32 - ROUNDING.to_bits() as i32;
        if code.is_nan() { 0 } else { bits }
    });
    let codes = whole.map(|code| code as i8);
    let half = |from: usize| -> i32 { whole[from..from + GROUP / 2].iter().sum() };
    (largest / 127.0, codes, [half(0), half(GROUP / 2)])
}
