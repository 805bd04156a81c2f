//! Sixteen rows of unpacked codes with up to four tokens.

use std::arch::asm;
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

/// Has the sums of a token lie in registers here, and nothing read ahead:
/// compilers like to take token by token instead of quad by quad, and then
/// spill all codes.
macro_rules! keep_order {
    ($sums:expr) => {
        asm!(
            "/* {0} {1} */",
            inout(ymm_reg) $sums[0],
            inout(ymm_reg) $sums[1],
            options(nostack, preserves_flags)
        )
    };
}

/// The kernel for one product of bytes. A macro, for the inline assembly needs
/// the target features where it is written.
macro_rules! kernel {
    ($name:ident, $product:ty, $features:literal) => {
        #[target_feature(enable = $features)]
        unsafe fn $name<
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
            type P = $product;
            assert!(states.len() >= T);
            // SAFETY: the panel and all states have `groups` groups, the sums
            // are of `T` tokens, and the machine has the instructions (the
            // caller's). The assembly has no instructions.
            unsafe {
                let mut total = [[_mm256_setzero_ps(); 2]; T];
                for (t, total) in total.iter_mut().enumerate() {
                    let at = sums.add(t * TILE_ROWS);
                    *total = [_mm256_loadu_ps(at), _mm256_loadu_ps(at.add(8))];
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
                                run[t][0] = P::step(run[t][0], low, state);
                                run[t][1] = P::step(run[t][1], high, state);
                            }
                            for run in &mut run {
                                keep_order!(run);
                            }
                            let ends = if P::WIDE { 8 / HALVES } else { RUN };
                            if (Q + 1_usize).is_multiple_of(ends) {
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
                                let row = at * TILE_ROWS + side * 8;
                                let scale = _mm256_load_ps(panel.scales.add(row));
                                let mut products = whole[half][t][side];
                                if MIN {
                                    let min = _mm256_load_ps(panel.mins.add(row));
                                    let states = _mm256_broadcast_ss(&*correction.cast());
                                    total[t][side] = _mm256_fmadd_ps(min, states, total[t][side]);
                                } else {
                                    let zero = _mm256_set1_epi32(correction.cast::<i32>().read());
                                    products = _mm256_add_epi32(products, zero);
                                }
                                let products = _mm256_cvtepi32_ps(products);
                                sum = if half == 0 {
                                    _mm256_mul_ps(products, scale)
                                } else {
                                    _mm256_fmadd_ps(products, scale, sum)
                                };
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
    };
}

kernel!(avx2, Madd, "avx2,fma,f16c");
kernel!(vnni, Vnni, "avx2,fma,f16c,avxvnni");
