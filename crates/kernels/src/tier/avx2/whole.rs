//! Sixteen rows of unpacked codes with up to four tokens.

use std::arch::x86_64::*;

use super::bytes::{Madd, Product, Vnni, eight};
use super::states::State;
use crate::packed::TILE_ROWS;

/// Codes of some groups as bytes, and their scales as floats.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// `[group][plane][quad 8][64]`.
    pub codes: *const u8,
    /// `[group][half][row 16]`.
    pub scales: *const f32,
    /// The same, where something is added.
    pub mins: *const f32,
}

/// Adds the products of `groups` groups with `T` tokens to `[T][row 16]` sums.
pub type Multiply = unsafe fn(Panel, usize, &[State], *mut f32);

/// What a kernel is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Quads that are added up in 16 bits.
    pub run: usize,
    /// Halves of bytes that are multiplied apart.
    pub planes: usize,
    /// Scales of a group.
    pub halves: usize,
    /// Whether there are addends.
    pub min: bool,
}

/// The kernels of a form for one to four tokens.
pub fn multiply<P: Product>(form: Form) -> [Multiply; 4] {
    match (form.run, form.planes, form.halves, form.min) {
        (8, 1, 1, false) => table::<P, 8, 1, 1, false>(),
        (8, 1, 1, true) => table::<P, 8, 1, 1, true>(),
        (4, 1, 1, false) => table::<P, 4, 1, 1, false>(),
        (4, 1, 1, true) => table::<P, 4, 1, 1, true>(),
        (2, 1, 1, _) => table::<P, 2, 1, 1, true>(),
        (8, 2, 1, false) => table::<P, 8, 2, 1, false>(),
        (8, 2, 1, true) => table::<P, 8, 2, 1, true>(),
        (2, 1, 2, _) => table::<P, 2, 1, 2, false>(),
        (_, _, _, false) => table::<P, 4, 1, 2, false>(),
        (_, _, _, true) => table::<P, 4, 1, 2, true>(),
    }
}

fn table<
    P: Product,
    const RUN: usize,
    const PLANES: usize,
    const HALVES: usize,
    const MIN: bool,
>() -> [Multiply; 4] {
    if P::WIDE {
        [
            vnni::<RUN, PLANES, HALVES, MIN, 1>,
            vnni::<RUN, PLANES, HALVES, MIN, 2>,
            vnni::<RUN, PLANES, HALVES, MIN, 3>,
            vnni::<RUN, PLANES, HALVES, MIN, 4>,
        ]
    } else {
        [
            avx2::<RUN, PLANES, HALVES, MIN, 1>,
            avx2::<RUN, PLANES, HALVES, MIN, 2>,
            avx2::<RUN, PLANES, HALVES, MIN, 3>,
            avx2::<RUN, PLANES, HALVES, MIN, 4>,
        ]
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn avx2<
    const RUN: usize,
    const PLANES: usize,
    const HALVES: usize,
    const MIN: bool,
    const T: usize,
>(
    panel: Panel,
    groups: usize,
    states: &[State],
    sums: *mut f32,
) {
    // SAFETY: the caller's.
    unsafe { body::<Madd, RUN, PLANES, HALVES, MIN, T>(panel, groups, states, sums) }
}

#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
unsafe fn vnni<
    const RUN: usize,
    const PLANES: usize,
    const HALVES: usize,
    const MIN: bool,
    const T: usize,
>(
    panel: Panel,
    groups: usize,
    states: &[State],
    sums: *mut f32,
) {
    // SAFETY: the caller's.
    unsafe { body::<Vnni, RUN, PLANES, HALVES, MIN, T>(panel, groups, states, sums) }
}

#[inline(always)]
unsafe fn body<
    P: Product,
    const RUN: usize,
    const PLANES: usize,
    const HALVES: usize,
    const MIN: bool,
    const T: usize,
>(
    panel: Panel,
    groups: usize,
    states: &[State],
    sums: *mut f32,
) {
    assert!(states.len() >= T);
    // SAFETY: the panel and all states have `groups` groups, the sums are of
    // `T` tokens, and the machine has the instructions (the caller's).
    unsafe {
        let mut total = [[_mm256_setzero_ps(); 2]; T];
        for (t, total) in total.iter_mut().enumerate() {
            *total = [
                _mm256_loadu_ps(sums.add(t * TILE_ROWS)),
                _mm256_loadu_ps(sums.add(t * TILE_ROWS + 8)),
            ];
        }
        for group in 0..groups {
            let codes = panel.codes.add(group * PLANES * 512);
            let zero = _mm256_setzero_si256();
            let mut whole = [[[zero; 2]; T]; HALVES];
            for plane in 0..PLANES {
                let codes = codes.add(plane * 512);
                let mut run = [[zero; 2]; T];
                eight!(Q, {
                    let low = _mm256_load_si256(codes.add(Q * 64).cast());
                    let high = _mm256_load_si256(codes.add(Q * 64 + 32).cast());
                    for t in 0..T {
                        let state = states.get_unchecked(t).codes.add(group * 32 + Q * 4);
                        let state = _mm256_set1_epi32(state.cast::<i32>().read_unaligned());
                        run[t] = [P::step(run[t][0], low, state), P::step(run[t][1], high, state)];
                    }
                    let ends = if P::WIDE { 8 / HALVES } else { RUN };
                    if (Q + 1) % ends == 0 {
                        let half = Q * HALVES / 8;
                        for t in 0..T {
                            for side in 0..2 {
                                let sum = if plane == 0 {
                                    P::finish(run[t][side])
                                } else {
                                    P::finish_high(run[t][side])
                                };
                                let whole = &mut whole[half][t][side];
                                *whole = _mm256_add_epi32(*whole, sum);
                                run[t][side] = zero;
                            }
                        }
                    }
                });
            }
            for t in 0..T {
                let state = states.get_unchecked(t);
                let states_scale = _mm256_broadcast_ss(&*state.scales.add(group));
                for side in 0..2 {
                    let mut sum = _mm256_setzero_ps();
                    for half in 0..HALVES {
                        let at = group * HALVES + half;
                        let correction = state.corrections.add(at);
                        let scale = _mm256_load_ps(panel.scales.add(at * TILE_ROWS + side * 8));
                        let mut products = whole[half][t][side];
                        if MIN {
                            let min = _mm256_load_ps(panel.mins.add(at * TILE_ROWS + side * 8));
                            let states = _mm256_broadcast_ss(&*correction.cast());
                            total[t][side] = _mm256_fmadd_ps(min, states, total[t][side]);
                        } else {
                            let zero = _mm256_set1_epi32(correction.cast::<i32>().read());
                            products = _mm256_sub_epi32(products, zero);
                        }
                        sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), scale, sum);
                    }
                    total[t][side] = _mm256_fmadd_ps(sum, states_scale, total[t][side]);
                }
            }
        }
        for (t, total) in total.iter().enumerate() {
            _mm256_storeu_ps(sums.add(t * TILE_ROWS), total[0]);
            _mm256_storeu_ps(sums.add(t * TILE_ROWS + 8), total[1]);
        }
    }
}
