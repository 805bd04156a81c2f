//! Floating-point numbers of two bytes and of one.

use half::{bf16, f16};

/// The `index`-th 16-bit float of IEEE 754 in `bytes`.
pub fn f16_at(bytes: &[u8], index: usize) -> f32 {
    f16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]).to_f32()
}

/// The `index`-th bfloat16 in `bytes`.
pub fn bf16_at(bytes: &[u8], index: usize) -> f32 {
    bf16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]).to_f32()
}

/// The `index`-th 32-bit float in `bytes`.
pub fn f32_at(bytes: &[u8], index: usize) -> f32 {
    let at = 4 * index;
    f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// A power of two, as the OCP Microscaling Formats (2023) define E8M0.
pub fn e8m0(exponent: u8) -> f32 {
    // 2^-127 has no exponent left in an f32: it is a denormal.
    f32::from_bits(if exponent == 0 { 1 << 22 } else { u32::from(exponent) << 23 })
}

/// A number of four bits of exponent and three of mantissa (OCP 8-bit
/// Floating Point Specification, 2023), which has no infinity.
pub fn e4m3(bits: u8) -> f32 {
    if bits & 0x7f == 0x7f {
        return f32::NAN;
    }
    // Exponent and mantissa put where an f32 has its own; the product moves
    // the bias, from 7 to 127, and normalises what was denormal.
    let magnitude = f32::from_bits(u32::from(bits & 0x7f) << 20) * 2.0_f32.powi(120);
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_floats_are_those_of_the_specification() {
        let cases = [
            (0x00, 0.0),
            (0x01, 2.0_f32.powi(-9)),
            (0x07, 7.0 * 2.0_f32.powi(-9)),
            (0x08, 2.0_f32.powi(-6)),
            (0x38, 1.0),
            (0x7e, 448.0),
            (0xb8, -1.0),
            (0xfe, -448.0),
        ];
        for (bits, value) in cases {
            assert_eq!(e4m3(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(e4m3(0x7f).is_nan() && e4m3(0xff).is_nan());
        for (exponent, power) in [(0, -127), (1, -126), (127, 0), (254, 127)] {
            assert_eq!(e8m0(exponent).to_bits(), (2.0_f64.powi(power) as f32).to_bits());
        }
    }
}
