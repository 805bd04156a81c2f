//! Products of a few rows with sixteen columns, kept in registers.
//!
//! Sums of `R` rows run beside one another, so that none waits for the one
//! before it.

use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, Lanes};

/// Sixteen zeros.
pub const ZEROS: Lanes = [0.0; LANES];

/// Writes `Σ_k rows[r][k] · columns[k]`; the rows follow one another and are
/// as long as `columns`.
#[inline(always)]
pub fn rows_by<I: Isa, const R: usize>(rows: &[f32], columns: &[Lanes], out: &mut [Lanes; R]) {
    let depth = columns.len();
    // Rows of a known length need no check in the loop.
    let rows: [&[f32]; R] = std::array::from_fn(|r| &rows[r * depth..][..depth]);
    let mut sums = [I::splat(0.0); R];
    for k in 0..depth {
        let column = I::load(&columns[k]);
        for (row, sum) in rows.iter().zip(&mut sums) {
            *sum = I::wide_mul_add(I::splat(row[k]), column, *sum);
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        I::store(sum, out);
    }
}

/// `out[r] = out[r] · factor + Σ_k rows[k][at][r] · columns[k]`, where a row
/// has `width` arrays of `R` numbers.
#[inline(always)]
pub fn columns_by<I: Isa, const R: usize>(
    rows: &[[f32; R]],
    width: usize,
    at: usize,
    columns: &[Lanes],
    factor: &Lanes,
    out: &mut [Lanes; R],
) {
    let (factor, zero) = (I::load(factor), I::splat(0.0));
    let mut sums = [zero; R];
    for (sum, out) in sums.iter_mut().zip(out.iter()) {
        *sum = I::wide_mul_add(factor, I::load(out), zero);
    }
    for (row, column) in rows.chunks_exact(width).zip(columns) {
        let column = I::load(column);
        for (sum, number) in sums.iter_mut().zip(&row[at]) {
            *sum = I::wide_mul_add(I::splat(*number), column, *sum);
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        I::store(sum, out);
    }
}
