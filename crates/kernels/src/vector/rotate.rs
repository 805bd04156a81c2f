//! Rotary position embedding.

use crate::vector::isa::Isa;
use crate::vector::lanes::LANES;
use crate::vector::level::Task;

/// Turns pairs of one head: `(a, b)` becomes `(a cos − b sin, b cos + a sin)`.
pub struct Rotate<'a> {
    pub head: &'a mut [f32],
    pub cos: &'a [f32],
    pub sin: &'a [f32],
    pub interleaved: bool,
}

impl Task for Rotate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        if self.interleaved {
            neighbours::<I>(self.head, self.cos, self.sin);
        } else {
            halves::<I>(self.head, self.cos, self.sin);
        }
    }
}

#[inline(always)]
fn turn<I: Isa>(a: f32, b: f32, cos: f32, sin: f32) -> (f32, f32) {
    (I::mul_add(a, cos, -(b * sin)), I::mul_add(b, cos, a * sin))
}

#[inline(always)]
fn halves<I: Isa>(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(cos.len());
    let pairs = first.iter_mut().zip(second);
    for ((a, b), (cos, sin)) in pairs.zip(cos.iter().zip(sin)) {
        (*a, *b) = turn::<I>(*a, *b, *cos, *sin);
    }
}

#[inline(always)]
fn neighbours<I: Isa>(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    const PAIRS: usize = LANES / 2;
    let (head, head_rest) = head.as_chunks_mut::<LANES>();
    let (cos, cos_rest) = cos.as_chunks::<PAIRS>();
    let (sin, sin_rest) = sin.as_chunks::<PAIRS>();
    for (head, (cos, sin)) in head.iter_mut().zip(cos.iter().zip(sin)) {
        let (mut first, mut second) = ([0.0; PAIRS], [0.0; PAIRS]);
        for (i, [a, b]) in head.as_chunks::<2>().0.iter().enumerate() {
            (first[i], second[i]) = (*a, *b);
        }
        for i in 0..PAIRS {
            (first[i], second[i]) = turn::<I>(first[i], second[i], cos[i], sin[i]);
        }
        for (i, pair) in head.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            *pair = [first[i], second[i]];
        }
    }
    let (pairs, _) = head_rest.as_chunks_mut::<2>();
    for ([a, b], (cos, sin)) in pairs.iter_mut().zip(cos_rest.iter().zip(sin_rest)) {
        (*a, *b) = turn::<I>(*a, *b, *cos, *sin);
    }
}
