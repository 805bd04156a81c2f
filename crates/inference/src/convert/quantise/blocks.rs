//! ggml's blocks of 32 numbers, as `gguf` on `PyPI` and ggml's reference
//! quantise them (`quantize_row_q8_0_ref` and its neighbours).

use super::float::f16_from;

/// Numbers of a block.
pub const BLOCK: usize = 32;
/// Adding and taking this rounds a number below 2^22 to a whole one.
const ROUNDING: f32 = 12_582_912.0;

/// Quantises whole blocks to `Q8_0`: a scale and 32 bytes.
pub fn q8_0(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<34>().0) {
        let scale = most(values) / 127.0;
        let inverse = inverse(scale);
        out[..2].copy_from_slice(&f16_from(scale).to_le_bytes());
        for (out, value) in out[2..].iter_mut().zip(values) {
            *out = away_from_zero(value * inverse) as u8;
        }
    }
}

/// Quantises whole blocks to `Q4_0`: a scale and 32 halves of bytes.
pub fn q4_0(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<18>().0) {
        let scale = furthest(values) / -8.0;
        let codes = codes(values, scale, 8.5, 15.0);
        out[..2].copy_from_slice(&f16_from(scale).to_le_bytes());
        halves(&codes, &mut out[2..]);
    }
}

/// Quantises whole blocks to `Q5_0`: a scale, 32 fifth bits and 32 halves.
pub fn q5_0(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<22>().0) {
        let scale = furthest(values) / -16.0;
        let codes = codes(values, scale, 16.5, 31.0);
        out[..2].copy_from_slice(&f16_from(scale).to_le_bytes());
        out[2..6].copy_from_slice(&fifths(&codes).to_le_bytes());
        halves(&codes, &mut out[6..]);
    }
}

/// Quantises whole blocks to `Q5_1`: as `Q5_0`, with a smallest value.
pub fn q5_1(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<24>().0) {
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let scale = (high - low) / 31.0;
        let inverse = inverse(scale);
        let mut codes = [0_u8; BLOCK];
        for (code, value) in codes.iter_mut().zip(values) {
            *code = code_of((value - low) * inverse + 0.5, 31.0);
        }
        out[..2].copy_from_slice(&f16_from(scale).to_le_bytes());
        out[2..4].copy_from_slice(&f16_from(low).to_le_bytes());
        out[4..8].copy_from_slice(&fifths(&codes).to_le_bytes());
        halves(&codes, &mut out[8..]);
    }
}

fn inverse(scale: f32) -> f32 {
    if scale == 0.0 { 0.0 } else { 1.0 / scale }
}

/// The largest magnitude.
fn most(values: &[f32; BLOCK]) -> f32 {
    let mut most = [0.0_f32; 8];
    for eight in values.as_chunks::<8>().0 {
        for j in 0..8 {
            let value = eight[j].abs();
            most[j] = if value > most[j] { value } else { most[j] };
        }
    }
    most.into_iter().fold(0.0, f32::max)
}

/// The number with the largest magnitude, the first of equal ones.
fn furthest(values: &[f32; BLOCK]) -> f32 {
    let most = most(values);
    values.iter().copied().find(|value| value.abs() == most).unwrap_or(0.0)
}

fn codes(values: &[f32; BLOCK], scale: f32, middle: f32, top: f32) -> [u8; BLOCK] {
    let inverse = inverse(scale);
    let mut codes = [0; BLOCK];
    for (code, value) in codes.iter_mut().zip(values) {
        *code = code_of(value * inverse + middle, top);
    }
    codes
}

/// A number without what follows its point, from 0 to `top`. What is beyond all
/// numbers, because the scale is next to nothing, is code 0, as in `gguf`.
fn code_of(value: f32, top: f32) -> u8 {
    let value = if value < 1e6 { value.clamp(0.0, top) } else { 0.0 };
    let whole = (value + ROUNDING) - ROUNDING;
    let whole = if whole > value { whole - 1.0 } else { whole };
    (whole + ROUNDING).to_bits() as u8
}

/// A number below 2^22 rounded, halves away from zero, as C's `roundf`.
fn away_from_zero(value: f32) -> i8 {
    let magnitude = value.abs();
    let even = (magnitude + ROUNDING) - ROUNDING;
    // Ties went to the even neighbour: those that went down go up.
    let whole = if magnitude - even == 0.5 { even + 1.0 } else { even };
    (whole.copysign(value) + ROUNDING).to_bits() as i8
}

fn halves(codes: &[u8; BLOCK], out: &mut [u8]) {
    let (low, high) = codes.split_at(BLOCK / 2);
    for ((out, low), high) in out.iter_mut().zip(low).zip(high) {
        *out = (low & 15) | (high << 4);
    }
}

fn fifths(codes: &[u8; BLOCK]) -> u32 {
    codes.iter().enumerate().fold(0, |bits, (j, code)| bits | (u32::from(code >> 4) << j))
}
