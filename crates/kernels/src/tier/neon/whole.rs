//! Products of quantised weights with quantised states.

use std::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, vcvtq_f32_s32, vdupq_n_s32, vfmaq_f32, vld1q_dup_f32,
    vld1q_s8, vmlaq_s32, vmulq_f32,
};
use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::source::GROUP;
use crate::tier::neon::codes::{Decode, Quads};
use crate::tier::neon::products::sdot;
use crate::tier::neon::scales::{RowScales, Scaling};
use crate::tier::neon::walk::{Tile, token_ranges, walk};

/// Multiplies tiles with any number of tokens.
///
/// # Safety
/// `weight` is coded as `C` and `S` say, and `input` has its columns.
#[target_feature(enable = "neon,dotprod")]
pub unsafe fn products<C: Decode, S: Scaling>(
    scales: S,
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    output: &mut Output<'_>,
) {
    if input.tokens == 1 {
        walk(
            weight,
            tiles,
            0..1,
            output,
            |bytes, first, sums| {
                // SAFETY: the caller's promise; a walk gives whole blocks.
                unsafe { block::<C, S, true>(scales, weight, bytes, first, input, 0..1, sums) };
            },
            |_| {},
        );
        return;
    }
    for tokens in token_ranges(input.tokens, input.stride) {
        walk(
            weight,
            tiles.clone(),
            tokens.clone(),
            output,
            |bytes, first, sums| {
                let tokens = tokens.clone();
                // SAFETY: as above.
                unsafe { block::<C, S, false>(scales, weight, bytes, first, input, tokens, sums) };
            },
            |_| {},
        );
    }
}

/// Adds the products of one block, whose first group is the row's `first`.
/// Eight rows at a time stay in registers while tokens pass by; `ONE` says
/// that there is one, so that its sums stay too.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn block<C: Decode, S: Scaling, const ONE: bool>(
    scales: S,
    weight: &Packed,
    bytes: *const u8,
    first: usize,
    input: &Activations,
    tokens: Range<usize>,
    sums: &mut [Tile],
) {
    let (groups, header_bytes) =
        (weight.layout().block_groups(), weight.layout().scales.header_bytes());
    let tokens = if ONE { 0..1 } else { tokens };
    for group in 0..groups {
        for half in 0..2 {
            // SAFETY: the block has its header and its groups.
            let (weights, row_scales) =
                unsafe { eight_rows::<C, S>(scales, header_bytes, bytes, group, half) };
            for (token, sums) in tokens.clone().zip(sums.iter_mut()) {
                // SAFETY: states are padded to whole blocks, and a group has 32
                // codes.
                let (states, codes) = unsafe {
                    let at = token * (input.stride / GROUP) + first + group;
                    let codes = input.codes.as_ptr().add(at * GROUP);
                    (States::of::<S>(input, at), [vld1q_s8(codes), vld1q_s8(codes.add(16))])
                };
                for (j, (weights, row_scales)) in weights.iter().zip(&row_scales).enumerate() {
                    let mut dots = [vdupq_n_s32(0); 2];
                    let second = usize::from(S::BY_HALF);
                    dots[0] = four_quads(dots[0], &weights[..4], codes[0]);
                    dots[second] = four_quads(dots[second], &weights[4..], codes[1]);
                    let sum = &mut sums[half * 2 + j];
                    *sum = added::<C, S>(*sum, row_scales, dots, &states);
                }
            }
        }
    }
}

/// Codes and scales of eight rows of a group.
///
/// # Safety
/// As for [`Decode::quads`] and [`Scaling::rows`]; `half` is 0 or 1.
#[inline]
#[target_feature(enable = "neon")]
pub unsafe fn eight_rows<C: Decode, S: Scaling>(
    scales: S,
    header_bytes: usize,
    block: *const u8,
    group: usize,
    half: usize,
) -> ([Quads; 2], [RowScales; 2]) {
    // SAFETY: the caller's promise.
    unsafe {
        let codes = block.add(header_bytes + group * C::CODES.group_bytes());
        let quarters = [half * 2, half * 2 + 1];
        (
            quarters.map(|quarter| C::quads(codes, quarter * 16)),
            quarters.map(|quarter| scales.rows(block, group, quarter)),
        )
    }
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn four_quads(sums: int32x4_t, weights: &[int8x16_t], states: int8x16_t) -> int32x4_t {
    let sums = sdot::<0>(sums, weights[0], states);
    let sums = sdot::<1>(sums, weights[1], states);
    let sums = sdot::<2>(sums, weights[2], states);
    sdot::<3>(sums, weights[3], states)
}

/// What a product takes of the states of a group, beside their codes.
pub struct States {
    /// What the codes are multiplied by.
    pub scale: float32x4_t,
    /// The codes of both halves added up, or the first of all 32.
    pub sums: [int32x4_t; 2],
}

impl States {
    /// Those of one token in all lanes; `at` counts groups.
    ///
    /// # Safety
    /// The activations have as many groups.
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn of<S: Scaling>(input: &Activations, at: usize) -> Self {
        // SAFETY: the caller's promise; a group has two sums.
        let (scale, low, high) = unsafe {
            let (scale, sums) = (input.scales.as_ptr().add(at), input.sums.as_ptr().add(2 * at));
            (vld1q_dup_f32(scale), *sums, *sums.add(1))
        };
        let sums = if S::BY_HALF { [low, high] } else { [low + high, 0] };
        Self { scale, sums: sums.map(|sum| vdupq_n_s32(sum)) }
    }
}

/// Adds the products of four lanes with a group: `dots` are those of the
/// codes, of both halves, or the first of all 32 columns.
#[inline]
#[target_feature(enable = "neon")]
pub fn added<C: Decode, S: Scaling>(
    sum: float32x4_t,
    scales: &RowScales,
    dots: [int32x4_t; 2],
    states: &States,
) -> float32x4_t {
    let missing = C::OFFSET - S::ZERO;
    let dot = |half: usize| match missing {
        0 => vcvtq_f32_s32(dots[half]),
        _ => vcvtq_f32_s32(vmlaq_s32(dots[half], states.sums[half], vdupq_n_s32(missing))),
    };
    let mut product = vmulq_f32(dot(0), scales.d[0]);
    if S::BY_HALF {
        product = vfmaq_f32(product, dot(1), scales.d[1]);
    }
    if S::HAS_MIN {
        product = vfmaq_f32(product, vcvtq_f32_s32(states.sums[0]), scales.m[0]);
    }
    if S::HAS_MIN && S::BY_HALF {
        product = vfmaq_f32(product, vcvtq_f32_s32(states.sums[1]), scales.m[1]);
    }
    vfmaq_f32(sum, product, states.scale)
}
