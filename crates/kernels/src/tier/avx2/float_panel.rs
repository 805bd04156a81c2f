//! The engine of codes that are floats.

use std::arch::x86_64::*;
use std::ops::Range;

use super::columns::{BF16, Columns, E4M3, F16, F32, scale};
use super::float::MULTIPLY;
use super::panel::Engine;
use super::unpack::AHEAD;
use crate::activations::Activations;
use crate::packed::{Codes, Layout, TILE_ROWS};
use crate::prefetch::prefetch;
use crate::source::GROUP;

/// Multiplies floats with the states as they are.
#[derive(Debug)]
pub struct FloatEngine<'a> {
    layout: Layout,
    input: &'a Activations,
}

impl<'a> FloatEngine<'a> {
    /// The engine of a layout.
    pub fn new(layout: Layout, input: &'a Activations) -> Self {
        Self { layout, input }
    }
}

impl Engine for FloatEngine<'_> {
    const TILES: usize = 4;
    /// The panels of the tiles lie in the second cache, from which they come
    /// fast enough; their sums are touched once in so many columns.
    const COLUMNS: usize = 1024;
    const BYTES: usize = Self::COLUMNS * TILE_ROWS * size_of::<f32>();
    const TOKENS: usize = 6;

    unsafe fn unpack(&self, from: *const u8, blocks: usize, to: *mut u8) {
        let header_bytes = self.layout.scales.header_bytes();
        for block in 0..blocks {
            // SAFETY: the caller's.
            unsafe {
                let header = from.add(block * self.layout.block_bytes());
                prefetch(header.wrapping_add(AHEAD), self.layout.block_bytes());
                for group_number in 0..self.layout.block_groups() {
                    let at =
                        (block * self.layout.block_groups() + group_number) * GROUP * TILE_ROWS;
                    let to = to.cast::<f32>().add(at);
                    let codes =
                        header.add(header_bytes + group_number * self.layout.codes.group_bytes());
                    let scales = header.wrapping_add(group_number * TILE_ROWS);
                    match self.layout.codes {
                        Codes::F16 => group::<F16>(codes, scales, to),
                        Codes::BF16 => group::<BF16>(codes, scales, to),
                        Codes::E4M3 => group::<E4M3>(codes, scales, to),
                        _ => group::<F32>(codes, scales, to),
                    }
                }
            }
        }
    }

    unsafe fn multiply(
        &self,
        panel: *const u8,
        column: usize,
        columns: usize,
        tokens: Range<usize>,
        sums: *mut f32,
    ) {
        let (stride, count) = (self.input.stride, tokens.len());
        let states = std::array::from_fn(|i| {
            let token = tokens.start + i.min(count - 1);
            self.input.values[token * stride + column..].as_ptr()
        });
        // SAFETY: the caller's.
        unsafe { MULTIPLY[count - 1](panel.cast(), columns, &states, sums) }
    }

    fn prefetch(&self, column: usize, tokens: Range<usize>) {
        for token in tokens {
            let from = &self.input.values[token * self.input.stride + column..];
            prefetch(from.as_ptr().cast(), Self::COLUMNS * size_of::<f32>());
        }
    }
}

/// A group of sixteen rows, times its scales if it has some.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn group<F: Columns>(from: *const u8, scales: *const u8, to: *mut f32) {
    // SAFETY: a group of each and its scales (the caller's).
    unsafe {
        for side in 0..2 {
            let scale = scale::<F>(scales.wrapping_add(side * 8));
            for vector in 0..GROUP / F::STEP {
                let columns = F::read(from.add(vector * 64 + side * 32));
                for (i, column) in columns.into_iter().take(F::STEP).enumerate() {
                    let value = if F::SCALED { _mm256_mul_ps(column, scale) } else { column };
                    let column = vector * F::STEP + i;
                    _mm256_store_ps(to.add(column * TILE_ROWS + side * 8), value);
                }
            }
        }
    }
}
