//! What the states of a token take part in beside their products.

use crate::activations::Activations;

/// What a zero point or an addend makes of the states' sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// `−zero · sum`, a whole number that is added.
    Zero(i32),
    /// `scale · sum`, a float that addends are multiplied with.
    Min,
}

/// Numbers of 32 bits that corrections take for each token.
pub fn correction_len(columns: usize, halves: usize) -> usize {
    columns / 32 * halves
}

/// Writes the corrections of all tokens: the bits of a whole number or of a
/// float for each 32 columns, or each 16 where `halves` is 2.
pub fn write_corrections(
    input: &Activations,
    columns: usize,
    halves: usize,
    correction: Correction,
    out: &mut [u32],
) {
    let rows = out.chunks_exact_mut(correction_len(columns, halves));
    for (token, out) in rows.enumerate() {
        let sums = &input.sums[token * input.stride / 16..];
        let scales = &input.scales[token * input.stride / 32..];
        for (at, out) in out.iter_mut().enumerate() {
            let sum = if halves == 2 { sums[at] } else { sums[2 * at] + sums[2 * at + 1] };
            *out = match correction {
                Correction::Zero(zero) => (-zero * sum) as u32,
                Correction::Min => (scales[at / halves] * sum as f32).to_bits(),
            };
        }
    }
}

/// A token's states from some column on.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Bytes.
    pub codes: *const i8,
    /// One for 32 columns.
    pub scales: *const f32,
    /// One for 32 columns or for 16.
    pub corrections: *const u32,
}
