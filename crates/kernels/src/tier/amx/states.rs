//! States as bfloat16.

use std::arch::x86_64::*;

use super::tiles::TILE_BYTES;
use crate::activations::Activations;
use crate::packed::TILE_ROWS;
use crate::source::GROUP;

/// Writes `[token / 16][group][token % 16]` rows of 32 bfloat16; tokens that
/// there are not are zeros.
pub fn pack(input: &Activations, groups: usize, out: &mut [u8]) {
    let tokens = out.len() / (groups * TILE_BYTES) * TILE_ROWS;
    assert!(input.tokens <= tokens && groups * GROUP <= input.stride);
    for token in 0..tokens {
        let first = token / TILE_ROWS * groups * TILE_BYTES + token % TILE_ROWS * 2 * GROUP;
        for group in 0..groups {
            let row = &mut out[first + group * TILE_BYTES..][..2 * GROUP];
            if token < input.tokens {
                let from = token * input.stride + group * GROUP;
                // SAFETY: the tier is given out where the machine has the
                // instructions.
                unsafe { narrow(&input.values[from..from + GROUP], row) };
            } else {
                row.fill(0);
            }
        }
    }
}

/// # Safety
/// The machine is able to.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn narrow(values: &[f32], out: &mut [u8]) {
    assert!(values.len() == GROUP && out.len() == 2 * GROUP);
    // SAFETY: 32 numbers are read and 64 bytes written; both kinds of vectors
    // are 64 bytes of any content.
    unsafe {
        let first = _mm512_loadu_ps(values.as_ptr());
        let second = _mm512_loadu_ps(values.as_ptr().add(16));
        let both: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(second, first));
        _mm512_storeu_si512(out.as_mut_ptr().cast(), both);
    }
}
