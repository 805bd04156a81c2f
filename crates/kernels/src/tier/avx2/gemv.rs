//! One token with packed codes.

use std::arch::x86_64::*;
use std::ops::Range;

use super::bytes::{Madd, Product, Vnni, eight};
use super::codes::Unpack;
use super::panel::prefetch;
use super::scales::Header;
use super::states::State;
use super::unpack::{AHEAD, float_of};
use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Layout, Packed, TILE_ROWS};
use crate::source::GROUP;

/// Tiles that are read at once: one stream leaves part of the bandwidth of a
/// core unused.
const STREAMS: usize = 4;

/// The products of one to four tiles (so many pointers) of some blocks.
pub type Kernel = unsafe fn(Layout, &[*const u8], usize, State, &mut [[f32; TILE_ROWS]]);

/// Kernels for one tile and for [`STREAMS`].
pub type Gemv = [Kernel; 2];

/// The kernels of codes `C` with scales `S`.
pub fn gemv<P: Product, C: Unpack, S: Header>() -> Gemv {
    if P::WIDE {
        [vnni::<C, S, 1>, vnni::<C, S, STREAMS>]
    } else {
        [avx2::<C, S, 1>, avx2::<C, S, STREAMS>]
    }
}

/// Multiplies the rows of some tiles with the one token.
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
    output: &mut Output<'_>,
) {
    let state = State {
        codes: input.codes.as_ptr(),
        scales: input.scales.as_ptr(),
        corrections: corrections.as_ptr(),
    };
    let mut tile = tiles.start;
    while tile < tiles.end {
        let count = if tiles.end - tile >= STREAMS { STREAMS } else { 1 };
        let mut bytes = [std::ptr::null(); STREAMS];
        for (i, bytes) in bytes[..count].iter_mut().enumerate() {
            *bytes = weight.tile(tile + i).as_ptr();
        }
        let mut products = [[0.0; TILE_ROWS]; STREAMS];
        let kernel = kernels[usize::from(count > 1)];
        // SAFETY: the caller's; each pointer is a tile's.
        unsafe { kernel(weight.layout(), &bytes, weight.blocks(), state, &mut products) };
        for (i, products) in products[..count].iter().enumerate() {
            output.store(0, (tile + i) * TILE_ROWS, weight.rows(), products);
        }
        tile += count;
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn avx2<C: Unpack, S: Header, const TILES: usize>(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    state: State,
    products: &mut [[f32; TILE_ROWS]],
) {
    // SAFETY: the caller's.
    unsafe { body::<Madd, C, S, TILES>(layout, tiles, blocks, state, products) }
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
unsafe fn vnni<C: Unpack, S: Header, const TILES: usize>(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    state: State,
    products: &mut [[f32; TILE_ROWS]],
) {
    // SAFETY: the caller's.
    unsafe { body::<Vnni, C, S, TILES>(layout, tiles, blocks, state, products) }
}

#[inline(always)]
unsafe fn body<P: Product, C: Unpack, S: Header, const TILES: usize>(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    state: State,
    products: &mut [[f32; TILE_ROWS]],
) {
    assert!(tiles.len() >= TILES && products.len() >= TILES);
    let scales = S::of(float_of(layout));
    let (groups, header_bytes) = (layout.block_groups(), layout.scales.header_bytes());
    let block_bytes = header_bytes + groups * C::GROUP_BYTES;
    // SAFETY: each tile and the state have these blocks, and the machine has
    // the instructions (the caller's).
    unsafe {
        for block in 0..blocks {
            for tile in 0..TILES {
                let header = tiles.get_unchecked(tile).add(block * block_bytes);
                prefetch(header.wrapping_add(AHEAD), header_bytes);
                let sums = products.get_unchecked_mut(tile).as_mut_ptr();
                let mut total = [_mm256_loadu_ps(sums), _mm256_loadu_ps(sums.add(8))];
                for group in 0..groups {
                    let codes = header.add(header_bytes + group * C::GROUP_BYTES);
                    prefetch(codes.wrapping_add(AHEAD), C::GROUP_BYTES);
                    let at = block * groups + group;
                    one_group::<P, C, S>(scales, header, group, codes, state, at, &mut total);
                }
                _mm256_storeu_ps(sums, total[0]);
                _mm256_storeu_ps(sums.add(8), total[1]);
            }
        }
    }
}

/// Adds the products of a group, the `at`-th of the state.
#[inline(always)]
unsafe fn one_group<P: Product, C: Unpack, S: Header>(
    scales: S,
    header: *const u8,
    group: usize,
    codes: *const u8,
    state: State,
    at: usize,
    total: &mut [__m256; 2],
) {
    // SAFETY: the caller's.
    unsafe {
        let zero = _mm256_setzero_si256();
        let mut whole = [[zero; 2]; 2];
        let mut run = [[zero; 2]; 2];
        let states = state.codes.add(at * GROUP);
        eight!(Q, {
            let four = _mm256_set1_epi32(states.add(Q * 4).cast::<i32>().read_unaligned());
            let end = if P::WIDE { 8 / S::HALVES } else { C::RUN.min(8 / S::HALVES) };
            for side in 0..2 {
                for plane in 0..C::PLANES {
                    let quad = C::quad::<Q>(codes, side, plane);
                    run[side][plane] = P::step(run[side][plane], quad, four);
                    if (Q + 1) % end == 0 {
                        let sum = if plane == 0 {
                            P::finish(run[side][plane])
                        } else {
                            P::finish_high(run[side][plane])
                        };
                        let whole = &mut whole[Q * S::HALVES / 8][side];
                        *whole = _mm256_add_epi32(*whole, sum);
                        run[side][plane] = zero;
                    }
                }
            }
        });
        let states_scale = _mm256_broadcast_ss(&*state.scales.add(at));
        for side in 0..2 {
            let mut sum = _mm256_setzero_ps();
            for half in 0..S::HALVES {
                let correction = state.corrections.add(at * S::HALVES + half);
                let (scale, min) = scales.scale(header, group, half, side);
                let mut products = whole[half][side];
                if S::MIN {
                    let states = _mm256_broadcast_ss(&*correction.cast());
                    total[side] = _mm256_fmadd_ps(min, states, total[side]);
                } else {
                    let zero = _mm256_set1_epi32(correction.cast::<i32>().read());
                    products = _mm256_sub_epi32(products, zero);
                }
                sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), scale, sum);
            }
            total[side] = _mm256_fmadd_ps(sum, states_scale, total[side]);
        }
    }
}
