//! One token or two with packed codes.

use std::arch::asm;
use std::arch::x86_64::*;
use std::ops::Range;

use super::bytes::{Madd, Product, Vnni, eight};
use super::codes::Unpack;
use super::scales::Header;
use super::states::State;
use super::unpack::{AHEAD, float_of};
use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Layout, Packed, TILE_ROWS};
use crate::prefetch::prefetch;
use crate::source::GROUP;

/// Tiles that are read at once: one stream leaves part of the bandwidth of a
/// core unused.
pub const STREAMS: usize = 4;

/// Tokens that go straight from packed codes; more are worth a panel.
pub const TOKENS: usize = 2;

/// Adds the products of some tiles, `blocks` blocks of each, with `T` tokens
/// to their `[T][row 16]` sums.
pub type Kernel = unsafe fn(Layout, &[*const u8], usize, &[State; TOKENS], &mut [Sums]);

/// Sums of a tile, of which some tokens are not used.
pub type Sums = [[f32; TILE_ROWS]; TOKENS];

/// Kernels for one token and for two.
pub type Gemv = [Kernel; TOKENS];

/// The kernels of codes `C` with scales `S`.
pub fn gemv<P: Product, C: Unpack, S: Header>() -> Gemv {
    if P::WIDE { [vnni::<C, S, 1>, vnni::<C, S, 2>] } else { [avx2::<C, S, 1>, avx2::<C, S, 2>] }
}

/// Multiplies the rows of some tiles with one token or two; each has `len`
/// corrections.
///
/// # Safety
/// The kernels are of the weight's layout, the shapes fit, and the machine has
/// the instructions.
pub unsafe fn run(
    kernels: Gemv,
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    corrections: &[u32],
    len: usize,
    output: &mut Output<'_>,
) {
    let tokens = input.tokens();
    let states = std::array::from_fn(|i| {
        let token = i.min(tokens - 1);
        State {
            codes: input.codes[token * input.stride..].as_ptr(),
            scales: input.scales[token * input.stride / GROUP..].as_ptr(),
            corrections: corrections[token * len..].as_ptr(),
        }
    });
    let mut tile = tiles.start;
    while tile < tiles.end {
        let count = STREAMS.min(tiles.end - tile);
        let mut bytes = [std::ptr::null(); STREAMS];
        for (i, bytes) in bytes[..count].iter_mut().enumerate() {
            *bytes = weight.tile(tile + i).as_ptr();
        }
        let mut sums = [[[0.0; TILE_ROWS]; TOKENS]; STREAMS];
        let (bytes, sums) = (&bytes[..count], &mut sums[..count]);
        // SAFETY: the caller's; each pointer is a tile's.
        unsafe { kernels[tokens - 1](weight.layout(), bytes, weight.blocks(), &states, sums) };
        for (i, sums) in sums.iter().enumerate() {
            for (token, products) in sums[..tokens].iter().enumerate() {
                output.store(token, (tile + i) * TILE_ROWS, weight.rows(), products);
            }
        }
        tile += count;
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn avx2<C: Unpack, S: Header, const T: usize>(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    states: &[State; TOKENS],
    sums: &mut [Sums],
) {
    // SAFETY: the caller's.
    unsafe { body::<Madd, C, S, T>(layout, tiles, blocks, states, sums) }
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
unsafe fn vnni<C: Unpack, S: Header, const T: usize>(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    states: &[State; TOKENS],
    sums: &mut [Sums],
) {
    // SAFETY: the caller's.
    unsafe { body::<Vnni, C, S, T>(layout, tiles, blocks, states, sums) }
}

#[inline(always)]
unsafe fn body<P: Product, C: Unpack, S: Header, const T: usize>(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    states: &[State; TOKENS],
    sums: &mut [Sums],
) {
    let scales = S::of(float_of(layout));
    let (groups, header_bytes) = (layout.block_groups(), layout.scales.header_bytes());
    let block_bytes = header_bytes + groups * C::GROUP_BYTES;
    // SAFETY: each tile and the states have these blocks, and the machine has
    // the instructions (the caller's).
    unsafe {
        for block in 0..blocks {
            for (tile, sums) in tiles.iter().zip(&mut *sums) {
                let header = tile.add(block * block_bytes);
                prefetch(header.wrapping_add(AHEAD), header_bytes);
                let mut total = [[_mm256_setzero_ps(); 2]; T];
                for (total, sums) in total.iter_mut().zip(&*sums) {
                    let at = sums.as_ptr();
                    *total = [_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))];
                }
                for group in 0..groups {
                    let codes = header.add(header_bytes + group * C::GROUP_BYTES);
                    prefetch(codes.wrapping_add(AHEAD), C::GROUP_BYTES);
                    let place = Place { header, group, codes, at: block * groups + group };
                    if T == 1 {
                        sides::<P, C, S, T, 2>(scales, place, 0, states, &mut total);
                    } else {
                        // Sums of both sides would not fit the registers.
                        sides::<P, C, S, T, 1>(scales, place, 0, states, &mut total);
                        sides::<P, C, S, T, 1>(scales, place, 1, states, &mut total);
                    }
                }
                for (total, sums) in total.iter().zip(&mut *sums) {
                    let at = sums.as_mut_ptr();
                    _mm256_storeu_ps(at, total[0]);
                    _mm256_storeu_ps(at.add(8), total[1]);
                }
            }
        }
    }
}

/// A group of a tile.
#[derive(Clone, Copy)]
struct Place {
    /// The scales of its block.
    header: *const u8,
    /// Its place in the block.
    group: usize,
    /// Its codes.
    codes: *const u8,
    /// Its place among the groups of the states.
    at: usize,
}

/// Adds the products of a group, of the eight rows of `SIDES` sides.
#[inline(always)]
unsafe fn sides<P: Product, C: Unpack, S: Header, const T: usize, const SIDES: usize>(
    scales: S,
    place: Place,
    first: usize,
    states: &[State; TOKENS],
    total: &mut [[__m256; 2]; T],
) {
    let Place { header, group, codes, at } = place;
    // SAFETY: the caller's. The assembly has no instructions.
    unsafe {
        let zero = _mm256_setzero_si256();
        let mut whole = [[[zero; T]; SIDES]; 2];
        let mut run = [[[zero; T]; SIDES]; 2];
        eight!(Q, {
            let end = if P::WIDE { 8 / S::HALVES } else { C::RUN.min(8 / S::HALVES) };
            for side in 0..SIDES {
                for plane in 0..C::PLANES {
                    let quad = C::quad::<Q>(codes, first + side, plane);
                    for t in 0..T {
                        let four = states[t].codes.add(at * GROUP + Q * 4).cast::<i32>();
                        let four = _mm256_set1_epi32(four.read_unaligned());
                        let run = &mut run[plane][side][t];
                        *run = P::step(*run, quad, four);
                        if (Q + 1_usize).is_multiple_of(end) {
                            let sum =
                                if plane == 0 { P::finish(*run) } else { P::finish_high(*run) };
                            let whole = &mut whole[Q * S::HALVES / 8][side][t];
                            *whole = _mm256_add_epi32(*whole, sum);
                            *run = zero;
                        }
                    }
                }
            }
            if T > 1 {
                // Compilers like to take token by token instead of quad by
                // quad, and then spill all codes: nothing is read ahead.
                asm!("", options(nostack, preserves_flags));
            }
        });
        for side in 0..SIDES {
            let mut sum = [_mm256_setzero_ps(); T];
            for half in 0..S::HALVES {
                let (scale, min) = scales.scale(header, group, half, first + side);
                for t in 0..T {
                    let correction = states[t].corrections.add(at * S::HALVES + half);
                    let total = &mut total[t][first + side];
                    let mut products = whole[half][side][t];
                    if S::MIN {
                        let states = _mm256_broadcast_ss(&*correction.cast());
                        *total = _mm256_fmadd_ps(min, states, *total);
                    } else {
                        let zero = _mm256_set1_epi32(correction.cast::<i32>().read());
                        products = _mm256_add_epi32(products, zero);
                    }
                    let products = _mm256_cvtepi32_ps(products);
                    sum[t] = if half == 0 {
                        _mm256_mul_ps(products, scale)
                    } else {
                        _mm256_fmadd_ps(products, scale, sum[t])
                    };
                }
            }
            for t in 0..T {
                let states_scale = _mm256_broadcast_ss(&*states[t].scales.add(at));
                let total = &mut total[t][first + side];
                *total = _mm256_fmadd_ps(sum[t], states_scale, *total);
            }
        }
    }
}
