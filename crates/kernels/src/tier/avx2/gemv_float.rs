//! One token with codes that are floats.

use std::arch::x86_64::*;
use std::ops::Range;

use super::columns::{BF16, Columns, E4M3, F32, scale};
use super::gemv::STREAMS;
use super::unpack::AHEAD;
use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Codes, Layout, Packed, TILE_ROWS};
use crate::prefetch::prefetch;
use crate::source::GROUP;

/// Adds the products of some tiles, `blocks` blocks of each, to their sums.
type Kernel = unsafe fn(Layout, &[*const u8], usize, *const f32, &mut [[f32; TILE_ROWS]]);

/// Multiplies the rows of some tiles with the one token.
///
/// # Safety
/// The codes are floats, the shapes fit, and the machine has the instructions.
pub unsafe fn run(
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    output: &mut Output<'_>,
) {
    let kernel: Kernel = match weight.layout().codes {
        Codes::F16 => halves,
        Codes::BF16 => kernel::<BF16>,
        Codes::E4M3 => kernel::<E4M3>,
        _ => kernel::<F32>,
    };
    let state = input.values.as_ptr();
    let mut tile = tiles.start;
    while tile < tiles.end {
        let count = STREAMS.min(tiles.end - tile);
        let mut bytes = [std::ptr::null(); STREAMS];
        for (i, bytes) in bytes[..count].iter_mut().enumerate() {
            *bytes = weight.tile(tile + i).as_ptr();
        }
        let mut sums = [[0.0; TILE_ROWS]; STREAMS];
        let (bytes, sums) = (&bytes[..count], &mut sums[..count]);
        // SAFETY: the caller's; each pointer is a tile's.
        unsafe { kernel(weight.layout(), bytes, weight.blocks(), state, sums) };
        for (i, products) in sums.iter().enumerate() {
            output.store(0, (tile + i) * TILE_ROWS, weight.rows(), products);
        }
        tile += count;
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn kernel<F: Columns>(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    state: *const f32,
    sums: &mut [[f32; TILE_ROWS]],
) {
    let (groups, header_bytes) = (layout.block_groups(), layout.scales.header_bytes());
    let (block_bytes, group_bytes) = (layout.block_bytes(), GROUP / F::STEP * 64);
    // SAFETY: each tile and the state have these blocks (the caller's).
    unsafe {
        for block in 0..blocks {
            for (tile, sums) in tiles.iter().zip(&mut *sums) {
                let header = tile.add(block * block_bytes);
                prefetch(header.wrapping_add(AHEAD), block_bytes);
                let at = sums.as_mut_ptr();
                let mut total = [_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))];
                for group in 0..groups {
                    let codes = header.add(header_bytes + group * group_bytes);
                    let state = state.add((block * groups + group) * GROUP);
                    // A sum for each column of a vector: one alone would wait
                    // for itself.
                    let mut sum = [[_mm256_setzero_ps(); 4]; 2];
                    for vector in 0..GROUP / F::STEP {
                        for (side, sum) in sum.iter_mut().enumerate() {
                            let columns = F::read(codes.add(vector * 64 + side * 32));
                            for i in 0..F::STEP {
                                let state = _mm256_broadcast_ss(&*state.add(vector * F::STEP + i));
                                sum[i] = _mm256_fmadd_ps(columns[i], state, sum[i]);
                            }
                        }
                    }
                    for (side, sum) in sum.iter().enumerate() {
                        let (first, second) =
                            (_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3]));
                        let sum = _mm256_add_ps(first, second);
                        let scale = scale::<F>(header.wrapping_add(group * TILE_ROWS + side * 8));
                        total[side] = _mm256_fmadd_ps(sum, scale, total[side]);
                    }
                }
                _mm256_storeu_ps(at, total[0]);
                _mm256_storeu_ps(at.add(8), total[1]);
            }
        }
    }
}

/// Floats of 16 bits of IEEE 754, where turning the pairs of columns into
/// columns would cost more than the products: they stay pairs, multiplied with
/// pairs of states, and are added up at the end.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn halves(
    layout: Layout,
    tiles: &[*const u8],
    blocks: usize,
    state: *const f32,
    sums: &mut [[f32; TILE_ROWS]],
) {
    let block_bytes = layout.block_bytes();
    let mut partial = [[_mm256_setzero_ps(); 4]; STREAMS];
    // SAFETY: each tile and the state have these blocks (the caller's).
    unsafe {
        for block in 0..blocks {
            for (tile, partial) in tiles.iter().zip(&mut partial) {
                let codes = tile.add(block * block_bytes);
                prefetch(codes.wrapping_add(AHEAD), block_bytes);
                let state = state.add(block * layout.block_columns());
                let mut total = *partial;
                for pair in 0..layout.block_columns() / 2 {
                    let states =
                        _mm256_castpd_ps(_mm256_broadcast_sd(&*state.add(2 * pair).cast()));
                    for (four, total) in total.iter_mut().enumerate() {
                        let rows = _mm_load_si128(codes.add(pair * 64 + four * 16).cast());
                        *total = _mm256_fmadd_ps(_mm256_cvtph_ps(rows), states, *total);
                    }
                }
                *partial = total;
            }
        }
        for (partial, sums) in partial.iter().zip(sums) {
            for side in 0..2 {
                // Rows 0, 1, 4, 5 of eight, then the others.
                let rows = _mm256_hadd_ps(partial[2 * side], partial[2 * side + 1]);
                let rows = _mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(rows));
                _mm256_storeu_ps(sums.as_mut_ptr().add(side * 8), _mm256_castpd_ps(rows));
            }
        }
    }
}
