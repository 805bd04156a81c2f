//! Products of quantised weights with tokens two by two, for many of them.
//!
//! `smmla` multiplies two rows with two tokens. Its four lanes are rows 0 and
//! 1, each with tokens 0 and 1, and so are scales and sums here: a quarter of
//! a tile is two registers, the upper two rows and the lower two.

use std::arch::aarch64::{
    int8x16_t, vdupq_n_s32, vld1q_f32, vld1q_s8, vld1q_s32, vreinterpretq_s8_s32,
    vreinterpretq_s32_s8, vuzp1q_f32, vuzp2q_f32, vzip1q_f32, vzip1q_s32, vzip2q_f32, vzip2q_s32,
};
use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::source::GROUP;
use crate::tier::Scratch;
use crate::tier::neon::codes::{Decode, Quads};
use crate::tier::neon::products::smmla;
use crate::tier::neon::scales::{RowScales, Scaling};
use crate::tier::neon::walk::{Tile, token_ranges, walk};
use crate::tier::neon::whole::{States, added, eight_rows};

/// Columns of a token that the instruction takes.
const STEP: usize = 8;

/// Bytes of a group of two tokens: codes, scales, and sums of each half or of
/// both in the place of the first.
const PAIR_BYTES: usize = 2 * GROUP + 3 * LANES_BYTES;

/// Bytes of a register.
const LANES_BYTES: usize = 16;

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
    let pair_bytes = input.stride / GROUP * PAIR_BYTES;
    for tokens in token_ranges(input.tokens, input.stride) {
        let pairs = scratch.bytes(tokens.len().div_ceil(2) * pair_bytes);
        for (pair, first) in pairs.chunks_exact_mut(pair_bytes).zip(tokens.clone().step_by(2)) {
            // The last one twice where their number is odd.
            write_pair::<S>(input, [first, (first + 1).min(tokens.end - 1)], pair);
        }
        walk(
            weight,
            tiles.clone(),
            tokens.clone(),
            output,
            |bytes, first, sums| {
                let pairs = &pairs[first * PAIR_BYTES..];
                // SAFETY: the caller's promise; a walk gives whole blocks, and
                // states are padded to them.
                unsafe { block::<C, S>(scales, weight, bytes, pairs, pair_bytes, sums) };
            },
            |sums| sums.chunks_exact_mut(2).for_each(by_token),
        );
    }
}

/// Writes the groups of two tokens: of the codes eight columns of one, then
/// the same eight of the other.
fn write_pair<S: Scaling>(input: &Activations, tokens: [usize; 2], out: &mut [u8]) {
    let groups = input.stride / GROUP;
    for (group, out) in out.chunks_exact_mut(PAIR_BYTES).enumerate() {
        let at = tokens.map(|token| token * groups + group);
        let (codes, lanes) = out.split_at_mut(2 * GROUP);
        for (half, out) in codes.as_chunks_mut::<STEP>().0.iter_mut().enumerate() {
            let from = at[half % 2] * GROUP + half / 2 * STEP;
            let code = |i: usize| input.codes[from..from + STEP][i].cast_unsigned();
            *out = std::array::from_fn(code);
        }
        let [low, high] = [0, 1].map(|half| at.map(|at| input.sums[at * 2 + half]));
        let sums =
            if S::BY_HALF { [low, high] } else { [[low[0] + high[0], low[1] + high[1]], high] };
        let words = [at.map(|at| input.scales[at].to_bits().cast_signed()), sums[0], sums[1]];
        for (lanes, two) in lanes.chunks_exact_mut(LANES_BYTES).zip(words) {
            for (lane, word) in lanes.chunks_exact_mut(4).zip([two, two].as_flattened()) {
                lane.copy_from_slice(&word.to_ne_bytes());
            }
        }
    }
}

/// Adds the products of one block. `pairs` begins with the block's first group
/// of the first two tokens; the next two's is `pair_bytes` further.
///
/// # Safety
/// The weight is coded as `C` and `S` say, `bytes` are a block's, and
/// [`write_pair`] has written as many pairs as there are sums for, with the
/// block's groups.
#[inline]
#[target_feature(enable = "neon,dotprod,i8mm")]
unsafe fn block<C: Decode, S: Scaling>(
    scales: S,
    weight: &Packed,
    bytes: *const u8,
    pairs: &[u8],
    pair_bytes: usize,
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
            let row_scales = row_scales.map(|scales| scales_of_pairs(scales));
            for (pair, sums) in sums.chunks_exact_mut(2).enumerate() {
                // SAFETY: the caller's promise.
                let (codes, states) =
                    unsafe { pair_of(pairs.as_ptr().add(pair * pair_bytes + group * PAIR_BYTES)) };
                for (j, (weights, row_scales)) in weights.iter().zip(&row_scales).enumerate() {
                    let mut dots = [[vdupq_n_s32(0); 2]; 2];
                    for (step, codes) in codes.into_iter().enumerate() {
                        let place = usize::from(S::BY_HALF && step >= 2);
                        for (dots, weights) in dots.iter_mut().zip(weights[step * 2..].iter()) {
                            dots[place] = smmla(dots[place], *weights, codes);
                        }
                    }
                    for ((sums, row_scales), dots) in sums.iter_mut().zip(row_scales).zip(dots) {
                        let sum = &mut sums[half * 2 + j];
                        *sum = added::<C, S>(*sum, row_scales, dots, &states);
                    }
                }
            }
        }
    }
}

/// What [`write_pair`] wrote for a group.
///
/// # Safety
/// It did, there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn pair_of(from: *const u8) -> ([int8x16_t; 4], States) {
    // SAFETY: the caller's promise; the loads take any address.
    unsafe {
        let lanes = |index: usize| from.add(index * LANES_BYTES);
        let codes = [0, 1, 2, 3].map(|step| vld1q_s8(lanes(step).cast()));
        let sums = [5, 6].map(|index| vld1q_s32(lanes(index).cast()));
        (codes, States { scale: vld1q_f32(lanes(4).cast()), sums })
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

/// Scales of four rows, each for two tokens: of the first two rows, and of the
/// last two.
#[inline]
#[target_feature(enable = "neon")]
fn scales_of_pairs(RowScales { d, m }: RowScales) -> [RowScales; 2] {
    [
        RowScales { d: d.map(|d| vzip1q_f32(d, d)), m: m.map(|m| vzip1q_f32(m, m)) },
        RowScales { d: d.map(|d| vzip2q_f32(d, d)), m: m.map(|m| vzip2q_f32(m, m)) },
    ]
}

/// From the upper and the lower two rows of both tokens to all four of each.
fn by_token(pair: &mut [Tile]) {
    if let [upper, lower] = pair {
        for (upper, lower) in upper.iter_mut().zip(lower) {
            // SAFETY: every 64-bit ARM has these vectors.
            (*upper, *lower) = unsafe { (vuzp1q_f32(*upper, *lower), vuzp2q_f32(*upper, *lower)) };
        }
    }
}
