//! Bytes from a name, and the fields in them that must hold sensible numbers.
//!
//! `tools/goldens/noise.py` does the same. All of it is whole numbers, so that
//! both give the same bytes.

/// How a field holds its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    F32,
    F16,
    Bf16,
    /// A scale of nvfp4.
    E4m3,
    /// A scale of mxfp4 or mxfp8, a power of two.
    E8m0,
    /// Weights of mxfp8, all bytes of them.
    E4m3Weights,
}

impl Kind {
    /// Of a floating-point type, by the name that safetensors and GGUF give it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::Bf16),
            _ => None,
        }
    }

    pub fn size_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::E4m3 | Self::E8m0 | Self::E4m3Weights => 1,
        }
    }
}

/// A number at `offset` in every `stride` bytes whose exponent is one of the
/// `1 + spread` from `exponent` on; `spread` is 1 or 3.
///
/// Where `signed`, the sign is random, and a random exponent of all ones gives
/// a subnormal number, as otherwise no test would meet one.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub kind: Kind,
    pub exponent: i64,
    pub spread: i64,
    pub signed: bool,
    pub offset: usize,
    pub stride: usize,
}

impl Field {
    /// A field that follows itself without a gap.
    pub fn dense(kind: Kind, exponent: i64, spread: i64, signed: bool) -> Self {
        Self { kind, exponent, spread, signed, offset: 0, stride: kind.size_bytes() }
    }
}

/// FNV-1a of 64 bits.
fn seed_of(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

/// splitmix64.
fn words(mut state: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(z ^ (z >> 31))
    })
}

/// The bytes of the tensor of that name.
pub fn bytes_of(name: &str, count: usize, fields: &[Field]) -> Vec<u8> {
    let mut data = vec![0; count];
    for (part, word) in data.chunks_mut(8).zip(words(seed_of(name))) {
        part.copy_from_slice(&word.to_le_bytes()[..part.len()]);
    }
    for field in fields {
        set(&mut data, *field);
    }
    data
}

fn set(data: &mut [u8], field: Field) {
    let (fraction, width, excess) = match field.kind {
        Kind::F32 => (23, 8, 127),
        Kind::F16 => (10, 5, 15),
        Kind::Bf16 => (7, 8, 127),
        Kind::E4m3 => (3, 4, 7),
        Kind::E8m0 => {
            for byte in data.iter_mut().skip(field.offset).step_by(field.stride) {
                *byte = (field.exponent + 127 + (i64::from(*byte) & field.spread)) as u8;
            }
            return;
        }
        Kind::E4m3Weights => {
            // The two patterns that are not numbers.
            for byte in data.iter_mut().filter(|byte| **byte & 0x7F == 0x7F) {
                *byte ^= 1;
            }
            return;
        }
    };
    let (size, full) = (field.kind.size_bytes(), (1_i64 << width) - 1);
    for row in data.chunks_exact_mut(field.stride) {
        let place = &mut row[field.offset..field.offset + size];
        let mut bits = [0; 8];
        bits[..size].copy_from_slice(place);
        let bits = i64::from_le_bytes(bits);
        let found = (bits >> fraction) & full;
        let mut wanted = field.exponent + excess + (found & field.spread);
        let mut keep = (1 << fraction) - 1;
        if field.signed {
            keep |= 1 << (fraction + width);
            wanted = if found == full { 0 } else { wanted };
        }
        let bits = (bits & keep) | (wanted << fraction);
        place.copy_from_slice(&bits.to_le_bytes()[..size]);
    }
}
