//! A key or a value as it is stored.

use crate::prefetch::prefetch_far;
use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, lanes, narrow};
use crate::vector::level::Task;
use crate::vector::quantise::round;

/// Numbers of 8 bits that share a scale.
pub const SCALED: usize = 32;

/// Numbers of a stored row, with padding.
pub const fn row_length(head_dim: usize) -> usize {
    head_dim.next_multiple_of(LANES)
}

/// Scales of a row of 8-bit numbers.
pub const fn scales(row: usize) -> usize {
    row.div_ceil(SCALED)
}

/// Some rows that follow one another.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// Numbers as they are.
    F32(&'a [f32]),
    /// bfloat16.
    Bf16(&'a [u16]),
    /// `code · scale`, with a scale (bfloat16) for 32 numbers of a row.
    Q8 { codes: &'a [i8], scales: &'a [u16] },
}

impl Rows<'_> {
    /// Asks for all of them.
    #[inline(always)]
    pub fn prefetch(self) {
        match self {
            Self::F32(numbers) => prefetch_far(numbers.as_ptr().cast(), size_of_val(numbers)),
            Self::Bf16(numbers) => prefetch_far(numbers.as_ptr().cast(), size_of_val(numbers)),
            Self::Q8 { codes, scales } => {
                prefetch_far(codes.as_ptr().cast(), codes.len());
                prefetch_far(scales.as_ptr().cast(), size_of_val(scales));
            }
        }
    }

    /// Writes them as they are meant, `row` numbers each.
    #[inline(always)]
    pub fn widen(self, row: usize, out: &mut [f32]) {
        match self {
            Self::F32(numbers) => out[..numbers.len()].copy_from_slice(numbers),
            Self::Bf16(numbers) => {
                let (out, _) = out.as_chunks_mut::<LANES>();
                for (out, numbers) in out.iter_mut().zip(numbers.as_chunks::<LANES>().0) {
                    *out = lanes!(i => wide(numbers[i]));
                }
            }
            Self::Q8 { codes, scales } => {
                let rows = out.chunks_exact_mut(row).zip(codes.chunks_exact(row));
                for ((out, codes), scales) in rows.zip(scales.chunks_exact(self::scales(row))) {
                    let out = out.as_chunks_mut::<LANES>().0.iter_mut();
                    for (i, (out, codes)) in out.zip(codes.as_chunks::<LANES>().0).enumerate() {
                        let scale = wide(scales[i * LANES / SCALED]);
                        *out = lanes!(i => f32::from(codes[i]) * scale);
                    }
                }
            }
        }
    }
}

/// A bfloat16's value.
#[inline(always)]
fn wide(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Stores a row as bfloat16.
pub struct StoreBf16<'a> {
    pub from: &'a [f32],
    pub into: &'a mut [u16],
}

impl Task for StoreBf16<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for (into, from) in self.into.iter_mut().zip(self.from) {
            *into = narrow(*from);
        }
    }
}

/// Stores a row as 8-bit numbers: the largest of 32 becomes 127, or a little
/// less, since the scale is rounded up to a bfloat16.
pub struct StoreQ8<'a> {
    pub from: &'a [f32],
    pub codes: &'a mut [i8],
    pub scales: &'a mut [u16],
}

impl Task for StoreQ8<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let chunks = self.codes.chunks_mut(SCALED).zip(self.from.chunks(SCALED));
        for ((codes, from), scale) in chunks.zip(self.scales) {
            let most =
                from.iter().fold(0.0_f32, |most, x| if x.abs() > most { x.abs() } else { most });
            let least = most / 127.0;
            *scale = (least.to_bits().wrapping_add(0xffff) >> 16) as u16;
            let used = wide(*scale);
            let inverse = if used > 0.0 { 1.0 / used } else { 0.0 };
            for (code, number) in codes.iter_mut().zip(from) {
                *code = round(number * inverse) as i8;
            }
        }
    }
}
