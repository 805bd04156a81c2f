//! Where a stored type keeps floating-point numbers, and which of their bits
//! mean that they are none.

use crate::config::QuantizationMode;
use crate::gguf::GgmlType;
use crate::safetensors::SafetensorsType;

/// A floating-point number of some bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Float {
    F64,
    F32,
    F16,
    BF16,
    /// Four bits of exponent, no infinity (OCP, *8-bit floating point*).
    E4M3,
    /// Five bits of exponent, with infinities as in IEEE 754.
    E5M2,
    /// A power of two; 255 is the one that is no number (OCP, *microscaling*).
    E8M0,
}

impl Float {
    fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::E4M3 | Self::E5M2 | Self::E8M0 => 1,
        }
    }

    /// Whether the bytes, as many as it has and little endian, are NaN or an
    /// infinity: all bits of the exponent are set.
    fn is_bad(self, bytes: &[u8]) -> bool {
        match (self, bytes) {
            (Self::F64, [.., sixth, seventh]) => {
                u16::from_le_bytes([*sixth, *seventh]) & 0x7ff0 == 0x7ff0
            }
            (Self::F32 | Self::BF16, [.., low, high]) => {
                u16::from_le_bytes([*low, *high]) & 0x7f80 == 0x7f80
            }
            (Self::F16, [.., high]) => high & 0x7c == 0x7c,
            (Self::E4M3, [byte]) => byte & 0x7f == 0x7f,
            (Self::E5M2, [byte]) => byte & 0x7c == 0x7c,
            (Self::E8M0, [byte]) => *byte == 0xff,
            _ => false,
        }
    }
}

/// Blocks of some bytes with numbers at some places in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    block: usize,
    float: Float,
    places: &'static [usize],
}

impl Layout {
    fn dense(float: Float) -> Self {
        Self { block: float.size(), float, places: &[0] }
    }

    /// The layout of a GGUF tensor, as ggml defines its blocks; `None` for a
    /// type without floating-point numbers, or one that is not known here.
    pub fn of_ggml(ggml_type: GgmlType) -> Option<Self> {
        let places: &'static [usize] = match ggml_type {
            GgmlType::F32 => return Some(Self::dense(Float::F32)),
            GgmlType::F16 => return Some(Self::dense(Float::F16)),
            GgmlType::BF16 => return Some(Self::dense(Float::BF16)),
            GgmlType::Other(28) => return Some(Self::dense(Float::F64)),
            GgmlType::MXFP4 => {
                return Some(Self { block: 17, float: Float::E8M0, places: &[0] });
            }
            GgmlType::Q4_0 | GgmlType::Q5_0 | GgmlType::Q8_0 | GgmlType::IQ4_NL => &[0],
            GgmlType::Q4_1 | GgmlType::Q5_1 | GgmlType::Q4_K | GgmlType::Q5_K => &[0, 2],
            GgmlType::Q2_K => &[80, 82],
            GgmlType::Q3_K => &[108],
            GgmlType::Q6_K => &[208],
            GgmlType::Other(_) => return None,
        };
        let (_, bytes) = ggml_type.block()?;
        Some(Self { block: bytes as usize, float: Float::F16, places })
    }

    /// The layout of a safetensors tensor; `mode` is how it is packed where it
    /// is the scales of a packed one.
    pub fn of_safetensors(dtype: &SafetensorsType, mode: Option<QuantizationMode>) -> Option<Self> {
        let float = match (dtype, mode) {
            (SafetensorsType::F64, _) => Float::F64,
            (SafetensorsType::F32, _) => Float::F32,
            (SafetensorsType::F16, _) => Float::F16,
            (SafetensorsType::BF16, _) => Float::BF16,
            (SafetensorsType::F8_E4M3, _)
            | (SafetensorsType::U8, Some(QuantizationMode::Nvfp4)) => Float::E4M3,
            (SafetensorsType::F8_E5M2, _) => Float::E5M2,
            (SafetensorsType::F8_E8M0, _)
            | (SafetensorsType::U8, Some(QuantizationMode::Mxfp4 | QuantizationMode::Mxfp8)) => {
                Float::E8M0
            }
            _ => return None,
        };
        Some(Self::dense(float))
    }

    /// The bytes of a block.
    pub fn block_bytes(self) -> u64 {
        self.block as u64
    }

    /// Where the first block begins that holds no number; `bytes` are whole
    /// blocks.
    pub fn first_bad(self, bytes: &[u8]) -> Option<u64> {
        let size = self.float.size();
        let bad = |block: &[u8]| {
            self.places
                .iter()
                .any(|at| block.get(*at..at + size).is_some_and(|b| self.float.is_bad(b)))
        };
        let number = match self.float {
            // Most of the bytes of most models: without a branch for each.
            Float::BF16 if self.block == 2 => exponent_full::<2>(bytes, 0x7f80),
            Float::F16 if self.block == 2 => exponent_full::<2>(bytes, 0x7c00),
            Float::F32 if self.block == 4 => exponent_full::<4>(bytes, 0x7f80),
            _ => bytes.chunks_exact(self.block).position(bad),
        };
        number.map(|number| (number * self.block) as u64)
    }
}

/// The first number of `SIZE` bytes of whose upper sixteen bits all of `mask`
/// are set.
fn exponent_full<const SIZE: usize>(bytes: &[u8], mask: u16) -> Option<usize> {
    let (numbers, _) = bytes.as_chunks::<SIZE>();
    let upper = |number: &[u8; SIZE]| u16::from_le_bytes([number[SIZE - 2], number[SIZE - 1]]);
    let full = |number: &[u8; SIZE]| upper(number) & mask == mask;
    // A group at a time, so that the compiler can use vectors.
    let group = numbers
        .chunks(256)
        .position(|group| group.iter().fold(false, |any, number| any | full(number)))?;
    let inside = numbers.get(group * 256..)?.iter().position(full)?;
    Some(group * 256 + inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_that_are_no_number() {
        let check = |float: Float, bytes: &[u8], bad: bool| {
            assert_eq!(float.is_bad(bytes), bad, "{float:?} {bytes:?}");
        };
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            check(Float::F32, &value.to_le_bytes(), true);
            check(Float::F64, &f64::from(value).to_le_bytes(), true);
            check(Float::BF16, &value.to_le_bytes()[2..], true);
        }
        for value in [0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, -1.5] {
            check(Float::F32, &value.to_le_bytes(), false);
            check(Float::F64, &f64::from(value).to_le_bytes(), false);
        }
        check(Float::F64, &f64::MAX.to_le_bytes(), false);
        // The largest of F16 is 65504, 0x7bff; infinity is 0x7c00.
        for (bits, bad) in [(0x7bff_u16, false), (0x7c00, true), (0xfc00, true), (0x7e00, true)] {
            check(Float::F16, &bits.to_le_bytes(), bad);
        }
        // E4M3 has 448 as 0x7e; E5M2 has 57344 as 0x7b.
        for (byte, bad) in [(0x7e, false), (0x7f, true), (0xff, true), (0xfe, false)] {
            check(Float::E4M3, &[byte], bad);
        }
        for (byte, bad) in [(0x7b, false), (0x7c, true), (0xff, true)] {
            check(Float::E5M2, &[byte], bad);
        }
        for (byte, bad) in [(0, false), (254, false), (255, true)] {
            check(Float::E8M0, &[byte], bad);
        }
    }

    #[test]
    fn dense_numbers_are_found_wherever_they_are() {
        let types = [
            (GgmlType::F32, f32::NAN.to_le_bytes().to_vec()),
            (GgmlType::BF16, vec![0x80, 0xff]),
            (GgmlType::F16, vec![0, 0x7c]),
        ];
        for (ggml_type, bad) in types {
            let layout = Layout::of_ggml(ggml_type).unwrap();
            for number in [0, 1, 255, 256, 1000] {
                let mut bytes = vec![0x3b; 1001 * bad.len()];
                assert_eq!(layout.first_bad(&bytes), None);
                let at = number * bad.len();
                bytes[at..at + bad.len()].copy_from_slice(&bad);
                assert_eq!(layout.first_bad(&bytes), Some(at as u64), "{ggml_type} {number}");
            }
        }
    }
}
