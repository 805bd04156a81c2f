//! Products of weights that are floats with the states as they are.

use std::arch::aarch64::{
    float32x4_t, uint32x4_t, vaddq_f32, vandq_u32, vbslq_u32, vcvt_f32_f16, vdupq_n_s32,
    vdupq_n_u32, vfmaq_laneq_f32, vld1q_f32, vld1q_u32, vmovn_u32, vmulq_f32, vmulq_laneq_f32,
    vmulq_n_f32, vreinterpret_f16_u16, vreinterpretq_f32_u32, vshlq_n_u32, vshlq_u32, vshrn_n_u32,
    vshrq_n_u32,
};
use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Codes, Packed};
use crate::source::GROUP;
use crate::tier::neon::scales::{E8M0, Scaling};
use crate::tier::neon::walk::{Tile, token_ranges, walk};

/// Columns whose weights stay in registers while tokens pass by.
const COLUMNS: usize = 8;

/// How the bytes of a group become floats.
pub trait Read {
    /// The codes that this reads.
    const CODES: Codes;
    /// Whether [`Scales::E8M0`](crate::packed::Scales::E8M0) go with them,
    /// and not none.
    const SCALED: bool = false;

    /// Four rows, from `4 · quarter` on, of each of the eight columns from
    /// `8 · eighth` on.
    ///
    /// # Safety
    /// `group` points to [`Codes::group_bytes`] readable bytes; `eighth` and
    /// `quarter` are 0 to 3.
    unsafe fn columns(group: *const u8, eighth: usize, quarter: usize) -> [float32x4_t; COLUMNS];
}

/// Lanes of four rows of vectors of the layout, `N` from the `first`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn lanes<const N: usize>(group: *const u8, first: usize, quarter: usize) -> [uint32x4_t; N] {
    std::array::from_fn(|v| {
        let at = (first + v) * 64 + quarter * 16;
        // SAFETY: the caller has the vectors.
        unsafe { vld1q_u32(group.add(at).cast()) }
    })
}

/// [`Codes::F32`].
pub struct F32;

impl Read for F32 {
    const CODES: Codes = Codes::F32;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn columns(group: *const u8, eighth: usize, quarter: usize) -> [float32x4_t; COLUMNS] {
        // SAFETY: a vector a column.
        let lanes: [_; 8] = unsafe { lanes(group, eighth * 8, quarter) };
        lanes.map(|lanes| vreinterpretq_f32_u32(lanes))
    }
}

/// [`Codes::F16`].
pub struct F16;

impl Read for F16 {
    const CODES: Codes = Codes::F16;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn columns(group: *const u8, eighth: usize, quarter: usize) -> [float32x4_t; COLUMNS] {
        // SAFETY: a vector for two columns.
        let lanes: [_; 4] = unsafe { lanes(group, eighth * 4, quarter) };
        std::array::from_fn(|column| {
            let pair = lanes[column / 2];
            let half = if column % 2 == 0 { vmovn_u32(pair) } else { vshrn_n_u32::<16>(pair) };
            vcvt_f32_f16(vreinterpret_f16_u16(half))
        })
    }
}

/// [`Codes::BF16`].
pub struct BF16;

impl Read for BF16 {
    const CODES: Codes = Codes::BF16;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn columns(group: *const u8, eighth: usize, quarter: usize) -> [float32x4_t; COLUMNS] {
        // SAFETY: a vector for two columns.
        let lanes: [_; 4] = unsafe { lanes(group, eighth * 4, quarter) };
        let high = vdupq_n_u32(0xffff_0000);
        std::array::from_fn(|column| {
            let pair = lanes[column / 2];
            let even = column % 2 == 0;
            let bits = if even { vshlq_n_u32::<16>(pair) } else { vandq_u32(pair, high) };
            vreinterpretq_f32_u32(bits)
        })
    }
}

/// [`Codes::E4M3`]. The codes that are no numbers read as ±480, which is what
/// their bits would be if they were.
pub struct E4M3;

impl Read for E4M3 {
    const CODES: Codes = Codes::E4M3;
    const SCALED: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn columns(group: *const u8, eighth: usize, quarter: usize) -> [float32x4_t; COLUMNS] {
        // SAFETY: a vector for four columns.
        let lanes: [_; 2] = unsafe { lanes(group, eighth * 2, quarter) };
        let (sign, magnitude) = (vdupq_n_u32(1 << 31), vdupq_n_u32(0x7f << 20));
        std::array::from_fn(|column| {
            let left = i32::try_from(24 - column % 4 * 8).unwrap_or_default();
            let top = vshlq_u32(lanes[column / 4], vdupq_n_s32(left));
            // Exponent and mantissa where an f32 has its own; the product
            // moves the bias of the exponent from 7 to 127.
            let bits = vandq_u32(vshrq_n_u32::<4>(top), magnitude);
            let number = vreinterpretq_f32_u32(vbslq_u32(sign, top, bits));
            vmulq_n_f32(number, f32::from_bits((127 + 120) << 23))
        })
    }
}

/// Multiplies tiles with any number of tokens.
///
/// # Safety
/// `weight` is coded as `R` says, and `input` has its columns.
#[target_feature(enable = "neon")]
pub unsafe fn products<R: Read>(
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    output: &mut Output<'_>,
) {
    for tokens in token_ranges(input.tokens, input.stride * size_of::<f32>()) {
        walk(
            weight,
            tiles.clone(),
            tokens.clone(),
            output,
            |bytes, first, sums| {
                // SAFETY: the caller's promise; a walk gives whole blocks.
                unsafe { block::<R>(weight, bytes, first, input, tokens.clone(), sums) };
            },
            |_| {},
        );
    }
}

/// Adds the products of one block, whose first group is the row's `first`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn block<R: Read>(
    weight: &Packed,
    bytes: *const u8,
    first: usize,
    input: &Activations,
    tokens: Range<usize>,
    sums: &mut [Tile],
) {
    let (groups, header_bytes) =
        (weight.layout().block_groups(), weight.layout().scales.header_bytes());
    for group in 0..groups {
        for (eighth, half) in (0..GROUP / COLUMNS).flat_map(|e| [(e, 0), (e, 1)]) {
            let weights = [half * 2, half * 2 + 1].map(|quarter| {
                // SAFETY: the block has its header and its groups.
                unsafe {
                    let codes = bytes.add(header_bytes + group * R::CODES.group_bytes());
                    let columns = R::columns(codes, eighth, quarter);
                    if R::SCALED {
                        let scale = E8M0::<false>.rows(bytes, group, quarter).d[0];
                        columns.map(|column| vmulq_f32(column, scale))
                    } else {
                        columns
                    }
                }
            });
            let column = (first + group) * GROUP + eighth * COLUMNS;
            for (token, sums) in tokens.clone().zip(sums.iter_mut()) {
                // SAFETY: states are padded to whole blocks.
                let states = unsafe {
                    let at = input.values.as_ptr().add(token * input.stride + column);
                    [vld1q_f32(at), vld1q_f32(at.add(4))]
                };
                for (j, weights) in weights.iter().enumerate() {
                    let sum = &mut sums[half * 2 + j];
                    *sum = vaddq_f32(*sum, eight_columns(weights, states));
                }
            }
        }
    }
}

/// Products of four rows with eight states. They are summed apart from the
/// rest, so that no long chain of additions holds the next ones up.
#[inline]
#[target_feature(enable = "neon")]
fn eight_columns(weights: &[float32x4_t; COLUMNS], states: [float32x4_t; 2]) -> float32x4_t {
    let [a, b] = states;
    let sum = vmulq_laneq_f32::<0>(weights[0], a);
    let sum = vfmaq_laneq_f32::<1>(sum, weights[1], a);
    let sum = vfmaq_laneq_f32::<2>(sum, weights[2], a);
    let sum = vfmaq_laneq_f32::<3>(sum, weights[3], a);
    let sum = vfmaq_laneq_f32::<0>(sum, weights[4], b);
    let sum = vfmaq_laneq_f32::<1>(sum, weights[5], b);
    let sum = vfmaq_laneq_f32::<2>(sum, weights[6], b);
    vfmaq_laneq_f32::<3>(sum, weights[7], b)
}
