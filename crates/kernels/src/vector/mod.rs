//! Arithmetic on the states of one token.
//!
//! Every operation is written once, in plain Rust over arrays of sixteen
//! numbers, and compiled for each set of instructions (`level`): the compiler
//! makes the vectors. Tiers differ by rounding alone, except in
//! [`Vectors::quantise`], which is the same everywhere.

pub(crate) mod isa;
pub(crate) mod lanes;
pub(crate) mod level;
pub(crate) mod quantise;
mod rotate;
mod row;

use quantise::{Quantise, Round};
use rotate::Rotate;
use row::{Add, Dot, RmsNorm, ScaleAdd, SiluMul, SiluMulBf16, Softmax};

use crate::activations::TokenMut;
use crate::tier::Tier;
use crate::vector::level::Level;

/// Operations on rows of numbers with the instructions of one tier.
#[derive(Debug)]
pub struct Vectors {
    level: Level,
}

/// The operations of a tier; where this machine cannot run them, those of the
/// best tier below.
pub fn vectors(tier: Tier) -> &'static Vectors {
    use std::sync::OnceLock;
    static ALL: OnceLock<[Vectors; 3]> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        [Tier::Scalar, Tier::Avx2, Tier::Amx].map(|tier| Vectors { level: Level::of(tier) })
    });
    match tier {
        Tier::Scalar | Tier::Neon | Tier::NeonI8mm => &all[0],
        Tier::Avx2 | Tier::AvxVnni => &all[1],
        Tier::Avx512 | Tier::Amx => &all[2],
    }
}

#[expect(clippy::missing_panics_doc, reason = "said once, of all")]
/// All operations panic where slices are not of the lengths they tell.
impl Vectors {
    /// `out = x · weight / sqrt(mean(x²) + eps)` (Zhang and Sennrich, 2019),
    /// all of one length.
    pub fn rms_norm(&self, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        assert!(x.len() == weight.len() && x.len() == out.len());
        self.level.run(RmsNorm { x, weight, eps, out });
    }

    /// `into += x`, of one length.
    pub fn add(&self, into: &mut [f32], x: &[f32]) {
        assert_eq!(into.len(), x.len());
        self.level.run(Add { into, x });
    }

    /// `into += factor · x`, of one length.
    pub fn scale_add(&self, into: &mut [f32], factor: f32, x: &[f32]) {
        assert_eq!(into.len(), x.len());
        self.level.run(ScaleAdd { into, factor, x });
    }

    /// `gate = silu(gate) · up`, of one length, where `silu(g)` is
    /// `g / (1 + exp(−g))`: the gated unit of Shazeer (2020).
    pub fn silu_mul(&self, gate: &mut [f32], up: &[f32]) {
        assert_eq!(gate.len(), up.len());
        self.level.run(SiluMul { gate, up });
    }

    /// `out = silu(gate) · up` as bfloat16, of one length.
    pub fn silu_mul_bf16(&self, gate: &[f32], up: &[f32], out: &mut [u16]) {
        assert!(gate.len() == up.len() && gate.len() == out.len());
        self.level.run(SiluMulBf16 { gate, up, out });
    }

    /// Turns each pair of a head by its angle (Su and others, 2021): pairs are
    /// `(i, i + d/2)`, or `(2i, 2i + 1)` where they are interleaved. There are
    /// `d/2` cosines and sines.
    pub fn rotate(&self, head: &mut [f32], cos: &[f32], sin: &[f32], interleaved: bool) {
        assert!(head.len() == 2 * cos.len() && cos.len() == sin.len());
        self.level.run(Rotate { head, cos, sin, interleaved });
    }

    /// `x = exp(x) / Σ exp(x)`, not of nothing.
    pub fn softmax(&self, x: &mut [f32]) {
        assert!(!x.is_empty());
        self.level.run(Softmax { x });
    }

    /// What [`TokenMut::quantise`] does, bit for bit.
    pub fn quantise(&self, token: &mut TokenMut<'_>) {
        self.level.run(Quantise { token });
    }

    /// The states as bfloat16, which [`quantise`](Self::quantise) makes too.
    pub fn round(&self, token: &mut TokenMut<'_>) {
        self.level.run(Round { token });
    }

    /// `Σ a · b`, of one length.
    pub fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        self.level.run(Dot { a, b })
    }
}

#[cfg(test)]
mod tests;
