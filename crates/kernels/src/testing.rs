//! Matrices of every type for tests, from a seed.

use crate::packed::TILE_ROWS;
use crate::source::{GROUP, Source};
use crate::weight_type::{FloatType, WeightType};

/// What a test matrix is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Any codes, scales of both signs around 1/50.
    Random,
    /// All bits of codes and scales zero.
    Zeros,
    /// All codes the largest, all small scales too.
    Maxima,
    /// Scales that are denormals of 16 bits.
    Denormals,
}

impl Fill {
    pub const ALL: [Self; 4] = [Self::Random, Self::Zeros, Self::Maxima, Self::Denormals];
}

/// The bytes of a matrix.
#[derive(Clone, Debug)]
pub struct Matrix {
    kind: WeightType,
    rows: usize,
    columns: usize,
    data: Vec<u8>,
    scales: Vec<u8>,
    biases: Vec<u8>,
}

impl Matrix {
    /// Columns are rounded up to what the type takes.
    pub fn new(kind: WeightType, rows: usize, columns: usize, fill: Fill, seed: u64) -> Self {
        let (block, bytes) = kind.block();
        let columns = columns.next_multiple_of(block.max(GROUP));
        let blocks = rows * columns / block;
        let mut random = Random::new(seed);
        let code = |random: &mut Random| match fill {
            Fill::Zeros => 0,
            Fill::Maxima => 0xff,
            Fill::Random | Fill::Denormals => random.next() as u8,
        };
        let mut data = Vec::with_capacity(blocks * bytes);
        for _ in 0..blocks {
            let start = data.len();
            data.extend((0..bytes).map(|_| code(&mut random)));
            write_floats(kind, fill, &mut random, &mut data[start..]);
        }
        if kind == WeightType::MlxMxfp8 {
            // Two codes are no numbers.
            data.iter_mut().filter(|code| **code & 0x7f == 0x7f).for_each(|code| *code -= 1);
        }
        let mut array = |bytes: usize| -> Vec<u8> {
            (0..blocks).flat_map(|_| own_scale(kind, bytes, fill, &mut random)).collect()
        };
        let (scales, biases) = (array(kind.scale_bytes()), array(kind.bias_bytes()));
        Self { kind, rows, columns, data, scales, biases }
    }

    pub fn source(&self) -> Source<'_> {
        let Self { kind, rows, columns, data, scales, biases } = self;
        Source::with_scales(*kind, *rows, *columns, data, scales, biases).unwrap()
    }
}

/// Puts sensible floats where a block has its own.
fn write_floats(kind: WeightType, fill: Fill, random: &mut Random, block: &mut [u8]) {
    let places: &[usize] = match kind {
        WeightType::Q4_0
        | WeightType::Q5_0
        | WeightType::Q8_0
        | WeightType::IQ4_NL
        | WeightType::F16 => &[0],
        WeightType::Q4_1 | WeightType::Q5_1 | WeightType::Q4_K | WeightType::Q5_K => &[0, 2],
        WeightType::Q2_K => &[80, 82],
        WeightType::Q3_K => &[108],
        WeightType::Q6_K => &[208],
        WeightType::BF16 | WeightType::F32 => {
            let float = if kind == WeightType::F32 { FloatType::F32 } else { FloatType::BF16 };
            block.copy_from_slice(&float_bytes(float, random.scale(fill)));
            return;
        }
        WeightType::MXFP4 => {
            block[0] = e8m0_byte(fill, random);
            return;
        }
        _ => return,
    };
    for place in places {
        let scale = float_bytes(FloatType::F16, random.scale(fill));
        block[*place..place + 2].copy_from_slice(&scale);
    }
}

fn own_scale(kind: WeightType, bytes: usize, fill: Fill, random: &mut Random) -> Vec<u8> {
    match kind {
        _ if bytes == 0 => Vec::new(),
        WeightType::MlxAffine { scale, .. } => float_bytes(scale, random.scale(fill)),
        // Exponents of 2 to 9 of 15, either sign.
        WeightType::MlxNvfp4 => match fill {
            Fill::Zeros => vec![0],
            Fill::Denormals => vec![random.next() as u8 & 7],
            _ => vec![(random.next() as u8 & 0xb7).wrapping_add(0x10)],
        },
        _ => vec![e8m0_byte(fill, random)],
    }
}

fn e8m0_byte(fill: Fill, random: &mut Random) -> u8 {
    match fill {
        Fill::Zeros => 0,
        Fill::Denormals => random.next() as u8 & 1,
        Fill::Random | Fill::Maxima => 118 + (random.next() % 8) as u8,
    }
}

fn float_bytes(float: FloatType, value: f32) -> Vec<u8> {
    match float {
        FloatType::F32 => value.to_le_bytes().to_vec(),
        FloatType::F16 => half::f16::from_f32(value).to_le_bytes().to_vec(),
        FloatType::BF16 => half::bf16::from_f32(value).to_le_bytes().to_vec(),
    }
}

/// Splitmix64 (Steele and others, 2014).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in −1 to 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn scale(&mut self, fill: Fill) -> f32 {
        match fill {
            Fill::Random | Fill::Maxima => self.unit() * 0.02,
            Fill::Zeros => 0.0,
            // The smallest f16 is 2^-24.
            Fill::Denormals => (self.unit() * 32.0).trunc() * 2.0_f32.powi(-24),
        }
    }
}

/// Every type that kernels take.
pub fn all_types() -> Vec<WeightType> {
    let mut types = vec![
        WeightType::F32,
        WeightType::F16,
        WeightType::BF16,
        WeightType::Q4_0,
        WeightType::Q4_1,
        WeightType::Q5_0,
        WeightType::Q5_1,
        WeightType::Q8_0,
        WeightType::Q2_K,
        WeightType::Q3_K,
        WeightType::Q4_K,
        WeightType::Q5_K,
        WeightType::Q6_K,
        WeightType::IQ4_NL,
        WeightType::MXFP4,
        WeightType::MlxMxfp4,
        WeightType::MlxMxfp8,
        WeightType::MlxNvfp4,
    ];
    let floats = [FloatType::F32, FloatType::F16, FloatType::BF16];
    for (bits, group) in [2, 3, 4, 5, 6, 8].into_iter().flat_map(|b| [32, 64, 128].map(|g| (b, g)))
    {
        // Each combination of bits and group with one type of scale, all three
        // with the common one.
        let at = usize::from(bits) + usize::from(group) / 32;
        let floats = if (bits, group) == (4, 64) { &floats[..] } else { &floats[at % 3..][..1] };
        types.extend(floats.iter().map(|scale| WeightType::MlxAffine {
            bits,
            group,
            scale: *scale,
        }));
    }
    types
}

/// Shapes (rows, columns) with whole tiles and without, with an odd number
/// of groups, with one row, with more columns than two panels of any tier.
pub const SHAPES: [(usize, usize); 6] =
    [(TILE_ROWS, 32), (1, 256), (37, 96), (70, 512), (21, 896), (5, 2080)];
