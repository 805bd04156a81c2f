//! Numbers to the types that files have, and nothing that reads or writes one.

#![allow(
    clippy::needless_range_loop,
    reason = "loops over lanes side by side, which the compiler makes vectors of"
)]
#![allow(clippy::float_cmp, reason = "copies of a number, and whole numbers, compare exactly")]

mod affine;
mod blocks;
mod float;
mod k_quants;

use mlxcode_kernels::{FloatType, WeightType};

/// What some rows become: the main array and, for MLX, scales and biases.
pub type Encoded = [Vec<u8>; 3];

/// Encodes whole rows of numbers, each of whole blocks. A type that no target
/// has gives nothing.
pub fn encode(values: &[f32], kind: WeightType) -> Encoded {
    let (block, bytes) = kind.block();
    let mut out = vec![0; values.len() / block * bytes];
    match kind {
        WeightType::F32 => floats(values, &mut out, f32::to_le_bytes),
        WeightType::F16 => floats(values, &mut out, |value| float::f16_from(value).to_le_bytes()),
        WeightType::BF16 => floats(values, &mut out, |value| float::bf16_from(value).to_le_bytes()),
        WeightType::Q8_0 => blocks::q8_0(values, &mut out),
        WeightType::Q4_0 => blocks::q4_0(values, &mut out),
        WeightType::Q5_0 => blocks::q5_0(values, &mut out),
        WeightType::Q5_1 => blocks::q5_1(values, &mut out),
        WeightType::Q4_K => k_quants::q4_k(values, &mut out),
        WeightType::Q5_K => k_quants::q5_k(values, &mut out),
        WeightType::Q6_K => k_quants::q6_k(values, &mut out),
        WeightType::MlxAffine { bits, scale, .. } => {
            let groups = values.len() / block;
            let (mut scales, mut biases) = (vec![0.0; groups], vec![0.0; groups]);
            affine::affine(values, bits, block, &mut out, &mut scales, &mut biases);
            let [scales, _, _] = encode(&scales, plain(scale));
            let [biases, _, _] = encode(&biases, plain(scale));
            return [out, scales, biases];
        }
        _ => out.clear(),
    }
    [out, Vec::new(), Vec::new()]
}

/// The weight type of plain floats.
pub fn plain(kind: FloatType) -> WeightType {
    match kind {
        FloatType::F32 => WeightType::F32,
        FloatType::F16 => WeightType::F16,
        FloatType::BF16 => WeightType::BF16,
    }
}

/// Reads plain floats; `bytes` are as many as `values`.
pub fn decode(bytes: &[u8], kind: FloatType, values: &mut [f32]) {
    let two = |bytes: &[u8; 2]| u16::from_le_bytes(*bytes);
    match kind {
        FloatType::F32 => {
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
        }
        FloatType::F16 => {
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = float::f16_value(two(bytes));
            }
        }
        FloatType::BF16 => {
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = float::bf16_value(two(bytes));
            }
        }
    }
}

/// Rounds numbers to what a type of floats can hold.
pub fn round_to(values: &mut [f32], kind: FloatType) {
    match kind {
        FloatType::F32 => {}
        FloatType::F16 => {
            for value in values {
                *value = float::f16_value(float::f16_from(*value));
            }
        }
        FloatType::BF16 => {
            for value in values {
                *value = float::bf16_value(float::bf16_from(*value));
            }
        }
    }
}

fn floats<const N: usize>(values: &[f32], out: &mut [u8], bytes: impl Fn(f32) -> [u8; N]) {
    for (out, value) in out.as_chunks_mut::<N>().0.iter_mut().zip(values) {
        *out = bytes(*value);
    }
}

#[cfg(test)]
mod tests {
    use mlxcode_kernels::Source;

    use super::*;

    const ROWS: usize = 6;
    const COLUMNS: usize = 512;

    /// Numbers about as weights are: sums of uniform ones, each row of another
    /// size.
    fn weights() -> Vec<f32> {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let size = |at: usize| [1.0, 0.02, 1e-3, 30.0, 1.0, 0.5][at / COLUMNS];
        (0..ROWS * COLUMNS).map(|at| size(at) * (0..6).map(|_| uniform()).sum::<f32>()).collect()
    }

    fn back(encoded: &Encoded, kind: WeightType) -> Vec<f32> {
        let [data, scales, biases] = encoded;
        let rows = Source::with_scales(kind, ROWS, COLUMNS, data, scales, biases).unwrap();
        let mut values = vec![0.0; ROWS * COLUMNS];
        for (row, values) in values.chunks_exact_mut(COLUMNS).enumerate() {
            rows.dequantise_row(row, values);
        }
        values
    }

    #[test]
    fn what_is_encoded_stands_for_about_the_same() {
        let affine = |bits| WeightType::MlxAffine { bits, group: 64, scale: FloatType::F32 };
        // The relative error of the squares that so many bits allow.
        let cases = [
            (WeightType::F32, 0.0),
            (WeightType::F16, 0.000_3),
            (WeightType::BF16, 0.003),
            (WeightType::Q8_0, 0.007),
            (WeightType::Q6_K, 0.02),
            (WeightType::Q5_K, 0.04),
            (WeightType::Q5_1, 0.045),
            (WeightType::Q5_0, 0.05),
            (WeightType::Q4_K, 0.08),
            (WeightType::Q4_0, 0.1),
            (affine(8), 0.008),
            (affine(6), 0.03),
            (affine(5), 0.06),
            (affine(4), 0.11),
            (affine(3), 0.25),
            (affine(2), 0.6),
        ];
        let values = weights();
        for (kind, most) in cases {
            let found = back(&encode(&values, kind), kind);
            for (found, values) in found.chunks(COLUMNS).zip(values.chunks(COLUMNS)) {
                let error = |a: &[f32]| a.iter().map(|a| f64::from(a * a)).sum::<f64>();
                let apart: Vec<f32> = found.iter().zip(values).map(|(a, b)| a - b).collect();
                let relative = (error(&apart) / error(values)).sqrt();
                assert!(relative <= most, "{kind}: {relative} of {most}");
            }
        }
    }

    #[test]
    fn nothing_and_one_number_come_back() {
        for kind in [WeightType::Q8_0, WeightType::Q4_K, WeightType::Q5_K, WeightType::Q6_K] {
            for value in [0.0, 0.25, -0.25] {
                let found = back(&encode(&[value; ROWS * COLUMNS], kind), kind);
                assert!(found.iter().all(|found| (found - value).abs() < 2e-4), "{kind} {value}");
            }
        }
    }
}
