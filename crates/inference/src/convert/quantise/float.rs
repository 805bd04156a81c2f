//! Numbers of two bytes from numbers of four and back, in ways that a compiler
//! can do eight at a time.

/// The 16-bit float nearest to `value`, ties to even, as IEEE 754 has it.
#[inline]
pub fn f16_from(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    // Exponents moved from a bias of 127 to one of 15; half of the last place
    // is added, less one where the kept part is even.
    let rounded = magnitude.wrapping_sub(112 << 23).wrapping_add(0xfff + ((magnitude >> 13) & 1));
    // A sum in which the last place has the weight of the smallest denormal
    // leaves a denormal's digits in the last bits.
    let denormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5_f32.to_bits());
    // A NaN keeps what fits of its digits, and one of them at least.
    let digits = (magnitude >> 13) & 0x3ff;
    let digits = if digits == 0 { 1 } else { digits };
    let special = if magnitude > 0x7f80_0000 { 0x7c00 | digits } else { 0x7c00 };
    let finite = if magnitude < 113 << 23 { denormal } else { rounded >> 13 };
    let all = if magnitude >= 0x4780_0000 { special } else { finite };
    (all | sign) as u16
}

/// The value of a 16-bit float of IEEE 754.
#[inline]
pub fn f16_value(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let (sign, magnitude) = ((bits & 0x8000) << 16, bits & 0x7fff);
    // The exponent put where an f32 has its own; the product moves its bias
    // and normalises what was denormal.
    let finite = f32::from_bits(magnitude << 13) * f32::from_bits((127 + 112) << 23);
    let special = (magnitude << 13) | 0x7f80_0000;
    let all = if magnitude >= 0x7c00 { special } else { finite.to_bits() };
    f32::from_bits(all | sign)
}

/// The bfloat16 nearest to `value`, ties to even; a NaN stays one.
#[inline]
pub fn bf16_from(value: f32) -> u16 {
    let bits = value.to_bits();
    let quiet = (bits >> 16) | 64;
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    (if bits & 0x7fff_ffff > 0x7f80_0000 { quiet } else { rounded }) as u16
}

/// The value of a bfloat16.
#[inline]
pub fn bf16_value(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}
