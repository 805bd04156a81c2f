//! Sixteen rows of floats with up to six tokens.

use std::arch::x86_64::*;

use crate::packed::TILE_ROWS;

/// Adds the products of some columns, `[column][row 16]`, with `T` tokens,
/// each from its pointer on, to `[T][row 16]` sums.
pub type Multiply = unsafe fn(*const f32, usize, &[*const f32; 6], *mut f32);

/// The kernels for one to six tokens.
pub const MULTIPLY: [Multiply; 6] =
    [multiply::<1>, multiply::<2>, multiply::<3>, multiply::<4>, multiply::<5>, multiply::<6>];

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn multiply<const T: usize>(
    panel: *const f32,
    columns: usize,
    states: &[*const f32; 6],
    sums: *mut f32,
) {
    // SAFETY: the panel and the states have the columns, and the sums are of
    // `T` tokens (the caller's).
    unsafe {
        let mut total = [[_mm256_setzero_ps(); 2]; T];
        for column in 0..columns {
            let at = panel.add(column * TILE_ROWS);
            let (low, high) = (_mm256_load_ps(at), _mm256_load_ps(at.add(8)));
            for t in 0..T {
                let state = _mm256_broadcast_ss(&*states[t].add(column));
                total[t][0] = _mm256_fmadd_ps(low, state, total[t][0]);
                total[t][1] = _mm256_fmadd_ps(high, state, total[t][1]);
            }
        }
        for (t, total) in total.iter().enumerate() {
            for (side, total) in total.iter().enumerate() {
                let at = sums.add(t * TILE_ROWS + side * 8);
                _mm256_storeu_ps(at, _mm256_add_ps(_mm256_loadu_ps(at), *total));
            }
        }
    }
}
