//! Products of quantised weights with tokens two by two, for many of them.

use std::arch::aarch64::{
    vdupq_n_s32, vld1q_s8, vreinterpretq_s8_s32, vreinterpretq_s32_s8, vuzp1q_s32, vuzp2q_s32,
    vzip1q_s32, vzip2q_s32,
};
use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::source::GROUP;
use crate::tier::Scratch;
use crate::tier::neon::codes::{Decode, Quads};
use crate::tier::neon::products::smmla;
use crate::tier::neon::scales::Scaling;
use crate::tier::neon::walk::{Tile, token_ranges, walk};
use crate::tier::neon::whole::{States, added, eight_rows};

/// Columns of a token that the instruction takes.
const STEP: usize = 8;

/// Multiplies tiles with any number of tokens.
///
/// # Safety
/// `weight` is coded as `C` and `S` say, and `input` has its columns.
#[target_feature(enable = "neon,dotprod,i8mm")]
pub unsafe fn products<C: Decode, S: Scaling>(
    scales: S,
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    output: &mut Output<'_>,
    scratch: &mut Scratch,
) {
    for tokens in token_ranges(input.tokens, input.stride) {
        let pairs = scratch.bytes(tokens.len().next_multiple_of(2) * input.stride);
        interleave(input, tokens.clone(), pairs);
        let pairs = &*pairs;
        walk(weight, tiles.clone(), tokens.clone(), output, |bytes, first, sums| {
            let tokens = tokens.clone();
            // SAFETY: the caller's promise; a walk gives whole blocks.
            unsafe { block::<C, S>(scales, weight, bytes, first, input, tokens, pairs, sums) };
        });
    }
}

/// Writes codes of tokens in pairs: eight columns of one, the same eight of
/// the other, which is the same once more where the number is odd.
fn interleave(input: &Activations, tokens: Range<usize>, out: &mut [u8]) {
    let row = |token: usize| &input.codes[token * input.stride..(token + 1) * input.stride];
    for (out, token) in out.chunks_exact_mut(2 * input.stride).zip(tokens.clone().step_by(2)) {
        let (first, second) = (row(token), row((token + 1).min(tokens.end - 1)));
        let steps = first.chunks_exact(STEP).zip(second.chunks_exact(STEP));
        for (out, (first, second)) in out.chunks_exact_mut(2 * STEP).zip(steps) {
            for (out, code) in out.iter_mut().zip(first.iter().chain(second)) {
                *out = code.cast_unsigned();
            }
        }
    }
}

/// Adds the products of one block, whose first group is the row's `first`.
#[inline]
#[target_feature(enable = "neon,dotprod,i8mm")]
#[allow(clippy::too_many_arguments, reason = "all change from call to call")]
unsafe fn block<C: Decode, S: Scaling>(
    scales: S,
    weight: &Packed,
    bytes: *const u8,
    first: usize,
    input: &Activations,
    tokens: Range<usize>,
    pairs: &[u8],
    sums: &mut [Tile],
) {
    let (groups, header_bytes) =
        (weight.layout().block_groups(), weight.layout().scales.header_bytes());
    for group in 0..groups {
        for half in 0..2 {
            // SAFETY: the block has its header and its groups.
            let (weights, row_scales) =
                unsafe { eight_rows::<C, S>(scales, header_bytes, bytes, group, half) };
            let weights = weights.map(|quads| row_pairs(quads));
            for (pair, sums) in sums.chunks_exact_mut(2).enumerate() {
                let at = pair * 2 * input.stride + (first + group) * 2 * GROUP;
                // SAFETY: `interleave` has written the pair, with padding to
                // whole blocks; a group of two tokens has 64 codes.
                let codes: [_; 4] = std::array::from_fn(|step| unsafe {
                    vld1q_s8(pairs.as_ptr().add(at + step * 2 * STEP).cast())
                });
                let token = tokens.start + pair * 2;
                let states = [token, (token + 1).min(tokens.end - 1)]
                    // SAFETY: both are tokens of the range.
                    .map(|token| unsafe { States::of(input, token, first + group) });
                for (j, (weights, row_scales)) in weights.iter().zip(&row_scales).enumerate() {
                    let mut dots = [[vdupq_n_s32(0); 2]; 2];
                    for (step, codes) in codes.into_iter().enumerate() {
                        let [upper, lower] = &mut dots[usize::from(S::BY_HALF && step >= 2)];
                        *upper = smmla(*upper, weights[step * 2], codes);
                        *lower = smmla(*lower, weights[step * 2 + 1], codes);
                    }
                    let place = half * 2 + j;
                    let of_first = dots.map(|[upper, lower]| vuzp1q_s32(upper, lower));
                    let of_second = dots.map(|[upper, lower]| vuzp2q_s32(upper, lower));
                    sums[0][place] =
                        added::<C, S>(sums[0][place], row_scales, of_first, &states[0]);
                    sums[1][place] =
                        added::<C, S>(sums[1][place], row_scales, of_second, &states[1]);
                }
            }
        }
    }
}

/// Four rows as the instruction takes them: for eight columns, the first two
/// rows and the last two.
#[inline]
#[target_feature(enable = "neon")]
fn row_pairs(quads: Quads) -> Quads {
    let wide = quads.map(|quad| vreinterpretq_s32_s8(quad));
    std::array::from_fn(|i| {
        let (a, b) = (wide[i / 2 * 2], wide[i / 2 * 2 + 1]);
        vreinterpretq_s8_s32(if i % 2 == 0 { vzip1q_s32(a, b) } else { vzip2q_s32(a, b) })
    })
}
