//! Products of quantised weights with quantised states.

use std::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, vaddq_s32, vcvtq_f32_s32, vdupq_n_s32, vfmaq_f32,
    vfmaq_n_f32, vld1q_s8, vmulq_f32,
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
        walk(weight, tiles, 0..1, output, |bytes, first, sums| {
            // SAFETY: the caller's promise; a walk gives whole blocks.
            unsafe { block::<C, S, true>(scales, weight, bytes, first, input, 0..1, sums) };
        });
        return;
    }
    for tokens in token_ranges(input.tokens, input.stride) {
        walk(weight, tiles.clone(), tokens.clone(), output, |bytes, first, sums| {
            let tokens = tokens.clone();
            // SAFETY: as above.
            unsafe { block::<C, S, false>(scales, weight, bytes, first, input, tokens, sums) };
        });
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
                // SAFETY: states are padded to whole blocks.
                let states = unsafe { States::of(input, token, first + group) };
                // SAFETY: a group has 32 codes.
                let codes = unsafe { [vld1q_s8(states.codes), vld1q_s8(states.codes.add(16))] };
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

/// The states of one token and one group.
pub struct States {
    codes: *const i8,
    scale: f32,
    /// The codes of each half added up.
    sums: [i32; 2],
}

impl States {
    /// # Safety
    /// The token and, with padding, the group are the activations'.
    #[inline]
    #[target_feature(enable = "neon")]
    pub unsafe fn of(input: &Activations, token: usize, group: usize) -> Self {
        let at = token * (input.stride / GROUP) + group;
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                codes: input.codes.as_ptr().add(at * GROUP),
                scale: *input.scales.get_unchecked(at),
                sums: [*input.sums.get_unchecked(at * 2), *input.sums.get_unchecked(at * 2 + 1)],
            }
        }
    }
}

/// Adds the products of four rows with a group: `dots` are those of the codes,
/// of both halves, or the first of all 32 columns.
#[inline]
#[target_feature(enable = "neon")]
pub fn added<C: Decode, S: Scaling>(
    sum: float32x4_t,
    scales: &RowScales,
    dots: [int32x4_t; 2],
    states: &States,
) -> float32x4_t {
    let missing = C::OFFSET - S::ZERO;
    let moved = |dots: int32x4_t, sum: i32| match missing {
        0 => dots,
        _ => vaddq_s32(dots, vdupq_n_s32(missing * sum)),
    };
    let [low, high] = states.sums;
    let product = if S::BY_HALF {
        let first = vmulq_f32(vcvtq_f32_s32(moved(dots[0], low)), scales.d[0]);
        let both = vfmaq_f32(first, vcvtq_f32_s32(moved(dots[1], high)), scales.d[1]);
        if S::HAS_MIN {
            vfmaq_n_f32(vfmaq_n_f32(both, scales.m[0], low as f32), scales.m[1], high as f32)
        } else {
            both
        }
    } else {
        let all = vmulq_f32(vcvtq_f32_s32(moved(dots[0], low + high)), scales.d[0]);
        if S::HAS_MIN { vfmaq_n_f32(all, scales.m[0], (low + high) as f32) } else { all }
    };
    vfmaq_n_f32(sum, product, states.scale)
}
