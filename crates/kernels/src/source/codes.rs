//! The whole numbers that stand for quantised weights.

use crate::source::{GROUP, Source};
use crate::weight_type::WeightType;

/// What the codes of `IQ4_NL` stand for (ggml's `kvalues_iq4nl`).
pub const IQ4_NL: [i8; 16] =
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Twice what the codes of E2M1 stand for, so that they are whole.
pub const E2M1_DOUBLED: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/// The codes of the 32 columns from `32 · group`, unsigned, of a quantised row.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn group_codes(source: &Source<'_>, row: &[u8], group: usize) -> [u8; GROUP] {
    let block = |bytes: usize| &row[group * bytes..(group + 1) * bytes];
    // Eight groups are a block of the K-quants.
    let (s, wide) = (group % 8, |bytes: usize| &row[group / 8 * bytes..(group / 8 + 1) * bytes]);
    match source.kind {
        WeightType::Q4_0 | WeightType::IQ4_NL => halves(&block(18)[2..]),
        WeightType::Q4_1 => halves(&block(20)[4..]),
        WeightType::MXFP4 => halves(&block(17)[1..]),
        WeightType::Q5_0 => with_fifth(&block(22)[6..], &block(22)[2..6]),
        WeightType::Q5_1 => with_fifth(&block(24)[8..], &block(24)[4..8]),
        WeightType::Q8_0 => each(|j| block(34)[2 + j] ^ 0x80),
        WeightType::Q4_K => nibbles(&wide(144)[16 + s / 2 * 32..], s % 2),
        WeightType::Q5_K => {
            let low = nibbles(&wide(176)[48 + s / 2 * 32..], s % 2);
            let high = &wide(176)[16..48];
            each(|j| low[j] | (((high[j] >> s) & 1) << 4))
        }
        WeightType::Q6_K => {
            let low = nibbles(&wide(210)[s / 4 * 64 + s % 2 * 32..], s % 4 / 2);
            let high = &wide(210)[128 + s / 4 * 32..];
            each(|j| low[j] | (((high[j] >> (2 * (s % 4))) & 3) << 4))
        }
        WeightType::Q2_K => {
            let codes = &wide(84)[16 + s / 4 * 32..];
            each(|j| (codes[j] >> (2 * (s % 4))) & 3)
        }
        WeightType::Q3_K => {
            let (high, codes) = (&wide(110)[..32], &wide(110)[32 + s / 4 * 32..]);
            each(|j| ((codes[j] >> (2 * (s % 4))) & 3) | (((high[j] >> s) & 1) << 2))
        }
        WeightType::MlxAffine { bits, .. } => stream(block(4 * bits as usize), bits),
        WeightType::MlxMxfp4 | WeightType::MlxNvfp4 => stream(block(16), 4),
        WeightType::MlxMxfp8 => each(|j| block(32)[j]),
        WeightType::F32 | WeightType::F16 | WeightType::BF16 => [0; GROUP],
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn each(code: impl Fn(usize) -> u8) -> [u8; GROUP] {
    let mut codes = [0; GROUP];
    for (j, out) in codes.iter_mut().enumerate() {
        *out = code(j);
    }
    codes
}

/// Low halves of sixteen bytes first, then the high ones.
#[cfg_attr(not(debug_assertions), inline(always))]
fn halves(bytes: &[u8]) -> [u8; GROUP] {
    let mut codes = [0; GROUP];
    let (low, high) = codes.split_at_mut(GROUP / 2);
    for ((low, high), byte) in low.iter_mut().zip(high).zip(&bytes[..GROUP / 2]) {
        (*low, *high) = (byte & 15, byte >> 4);
    }
    codes
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn with_fifth(bytes: &[u8], fifth: &[u8]) -> [u8; GROUP] {
    let mut codes = halves(bytes);
    for (codes, bits) in codes.as_chunks_mut::<8>().0.iter_mut().zip(fifth) {
        // Bit k is kept in byte k alone, carried to the byte's last bit, and
        // moved to the fifth.
        let each = (u64::from(*bits) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
        let fifth = ((each + 0x0040_6070_787c_7e7f) & 0x8080_8080_8080_8080) >> 3;
        *codes = (u64::from_le_bytes(*codes) | fifth).to_le_bytes();
    }
    codes
}

/// The low (0) or the high (1) halves of 32 bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
fn nibbles(bytes: &[u8], half: usize) -> [u8; GROUP] {
    let bytes = &bytes[..GROUP];
    each(|j| (bytes[j] >> (4 * half)) & 15)
}

/// 32 numbers of `bits` bits, lowest bits first, straddling bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
fn stream(bytes: &[u8], bits: u8) -> [u8; GROUP] {
    let mut codes = [0; GROUP];
    if bits == 4 {
        for (two, byte) in codes.as_chunks_mut::<2>().0.iter_mut().zip(&bytes[..GROUP / 2]) {
            *two = [byte & 15, byte >> 4];
        }
        return codes;
    }
    // Eight numbers fill `bits` bytes, which fit one u64.
    let eights = bytes.chunks_exact(bits as usize);
    for (eight, codes) in eights.zip(codes.as_chunks_mut::<8>().0) {
        let mut word = [0; 8];
        word[..bits as usize].copy_from_slice(eight);
        *codes = spread(u64::from_le_bytes(word), bits).to_le_bytes();
    }
    codes
}

/// Eight numbers of `bits` bits, 2 to 8, to a byte each: to halves of the word,
/// then to quarters, then to eighths.
#[cfg_attr(not(debug_assertions), inline(always))]
fn spread(word: u64, bits: u8) -> u64 {
    let four = (1 << (4 * bits)) - 1;
    let word = (word & four) | (((word >> (4 * bits)) & four) << 32);
    let two = ((1 << (2 * bits)) - 1) * 0x0000_0001_0000_0001;
    let word = (word & two) | (((word >> (2 * bits)) & two) << 16);
    let one = ((1 << bits) - 1) * 0x0001_0001_0001_0001;
    (word & one) | (((word >> bits) & one) << 8)
}
