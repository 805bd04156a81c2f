//! Work on rows of numbers: norms, sums, products.

use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, exp, lanes, larger, largest, mul_add, narrow, scale_add, sum};
use crate::vector::level::Task;

/// Sums of this many chunks run beside one another: an addition takes four
/// cycles, and two can begin in each.
const CHAINS: usize = 4;

/// The sum of products of two rows.
pub struct Dot<'a> {
    pub a: &'a [f32],
    pub b: &'a [f32],
}

impl Task for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self) -> f32 {
        dot::<I>(self.a, self.b)
    }
}

#[inline(always)]
fn dot<I: Isa>(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [[0.0; LANES]; CHAINS];
    let (a, a_last) = a.as_chunks::<CHAINS>();
    let (b, b_last) = b.as_chunks::<CHAINS>();
    for (a, b) in a.iter().zip(b) {
        for chain in 0..CHAINS {
            sums[chain] = mul_add::<I>(&a[chain], &b[chain], &sums[chain]);
        }
    }
    for (a, b) in a_last.iter().zip(b_last) {
        sums[0] = mul_add::<I>(a, b, &sums[0]);
    }
    let total = lanes!(i => (sums[0][i] + sums[1][i]) + (sums[2][i] + sums[3][i]));
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum(&total) + rest
}

/// `into += factor · x`.
pub struct ScaleAdd<'a> {
    pub into: &'a mut [f32],
    pub factor: f32,
    pub x: &'a [f32],
}

impl Task for ScaleAdd<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (into, into_rest) = self.into.as_chunks_mut::<LANES>();
        let (x, x_rest) = self.x.as_chunks::<LANES>();
        for (into, x) in into.iter_mut().zip(x) {
            *into = scale_add::<I>(self.factor, x, into);
        }
        for (into, x) in into_rest.iter_mut().zip(x_rest) {
            *into = I::mul_add(self.factor, *x, *into);
        }
    }
}

/// `into += x`.
pub struct Add<'a> {
    pub into: &'a mut [f32],
    pub x: &'a [f32],
}

impl Task for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for (into, x) in self.into.iter_mut().zip(self.x) {
            *into += x;
        }
    }
}

/// `out = x · weight / sqrt(mean(x²) + eps)`.
pub struct RmsNorm<'a> {
    pub x: &'a [f32],
    pub weight: &'a [f32],
    pub eps: f32,
    pub out: &'a mut [f32],
}

impl Task for RmsNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let mean = dot::<I>(self.x, self.x) / self.x.len() as f32;
        let inverse = 1.0 / (mean + self.eps).sqrt();
        for ((out, x), weight) in self.out.iter_mut().zip(self.x).zip(self.weight) {
            *out = x * inverse * weight;
        }
    }
}

/// `gate = gate / (1 + exp(−gate)) · up`.
pub struct SiluMul<'a> {
    pub gate: &'a mut [f32],
    pub up: &'a [f32],
}

impl Task for SiluMul<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (gate, gate_rest) = self.gate.as_chunks_mut::<LANES>();
        let (up, up_rest) = self.up.as_chunks::<LANES>();
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = lanes!(i => silu::<I>(gate[i]) * up[i]);
        }
        for (gate, up) in gate_rest.iter_mut().zip(up_rest) {
            *gate = silu::<I>(*gate) * up;
        }
    }
}

/// `out = gate / (1 + exp(−gate)) · up`, as bfloat16.
pub struct SiluMulBf16<'a> {
    pub gate: &'a [f32],
    pub up: &'a [f32],
    pub out: &'a mut [u16],
}

impl Task for SiluMulBf16<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for ((out, gate), up) in self.out.iter_mut().zip(self.gate).zip(self.up) {
            *out = narrow(silu::<I>(*gate) * up);
        }
    }
}

#[inline(always)]
fn silu<I: Isa>(gate: f32) -> f32 {
    gate / (1.0 + exp::<I>(-gate))
}

/// `x = exp(x − max) / Σ exp(x − max)`.
pub struct Softmax<'a> {
    pub x: &'a mut [f32],
}

impl Task for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (x, rest) = self.x.as_chunks_mut::<LANES>();
        let mut most = [f32::NEG_INFINITY; LANES];
        for x in x.iter() {
            most = larger(x, &most);
        }
        let most = rest.iter().fold(largest(&most), |most, x| most.max(*x));
        let mut sums = [0.0; LANES];
        for x in x.iter_mut() {
            *x = lanes!(i => exp::<I>(x[i] - most));
            sums = lanes!(i => sums[i] + x[i]);
        }
        let mut total = sum(&sums);
        for x in rest.iter_mut() {
            *x = exp::<I>(*x - most);
            total += *x;
        }
        let inverse = 1.0 / total;
        for x in x {
            *x = lanes!(i => x[i] * inverse);
        }
        for x in rest {
            *x *= inverse;
        }
    }
}
