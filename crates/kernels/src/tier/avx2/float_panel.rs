//! The engine of codes that are floats.

use std::arch::x86_64::*;
use std::ops::Range;

use super::float::MULTIPLY;
use super::panel::{Engine, prefetch};
use super::scales::powers;
use super::unpack::AHEAD;
use crate::activations::Activations;
use crate::packed::{Codes, Layout, TILE_ROWS};
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
    const COLUMNS: usize = 128;
    const BYTES: usize = Self::COLUMNS * TILE_ROWS * size_of::<f32>();
    const TOKENS: usize = 6;

    unsafe fn unpack(&self, from: *const u8, blocks: usize, to: *mut u8) {
        let header_bytes = self.layout.scales.header_bytes();
        for block in 0..blocks {
            // SAFETY: the caller's.
            unsafe {
                let header = from.add(block * self.layout.block_bytes());
                prefetch(header.wrapping_add(AHEAD), self.layout.block_bytes());
                for group in 0..self.layout.block_groups() {
                    let at = (block * self.layout.block_groups() + group) * GROUP * TILE_ROWS;
                    let to = to.cast::<f32>().add(at);
                    let codes = header.add(header_bytes + group * self.layout.codes.group_bytes());
                    match self.layout.codes {
                        Codes::F16 => halves(codes, to),
                        Codes::BF16 => bfloats(codes, to),
                        Codes::E4M3 => bytes(codes, header.add(group * TILE_ROWS), to),
                        _ => codes.cast::<f32>().copy_to_nonoverlapping(to, GROUP * TILE_ROWS),
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

/// A group of 16-bit floats, pairs of columns.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn halves(from: *const u8, to: *mut f32) {
    // SAFETY: a group of each (the caller's).
    unsafe {
        // First columns of four rows, then the second ones.
        let order = _mm256_broadcastsi128_si256(_mm_setr_epi8(
            0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,
        ));
        for pair in 0..GROUP / 2 {
            for side in 0..2 {
                let lanes = _mm256_load_si256(from.add(pair * 64 + side * 32).cast());
                let lanes = _mm256_shuffle_epi8(lanes, order);
                let lanes = _mm256_permute4x64_epi64::<0b11_01_10_00>(lanes);
                let to = to.add(pair * 2 * TILE_ROWS + side * 8);
                _mm256_store_ps(to, _mm256_cvtph_ps(_mm256_castsi256_si128(lanes)));
                let second = _mm256_cvtph_ps(_mm256_extracti128_si256::<1>(lanes));
                _mm256_store_ps(to.add(TILE_ROWS), second);
            }
        }
    }
}

/// A group of bfloat16, pairs of columns.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn bfloats(from: *const u8, to: *mut f32) {
    // SAFETY: a group of each (the caller's).
    unsafe {
        for pair in 0..GROUP / 2 {
            for side in 0..2 {
                let lanes = _mm256_load_si256(from.add(pair * 64 + side * 32).cast());
                let to = to.add(pair * 2 * TILE_ROWS + side * 8);
                _mm256_store_ps(to, _mm256_castsi256_ps(_mm256_slli_epi32::<16>(lanes)));
                let second = _mm256_and_si256(lanes, _mm256_set1_epi32(-0x1_0000));
                _mm256_store_ps(to.add(TILE_ROWS), _mm256_castsi256_ps(second));
            }
        }
    }
}

/// A group of E4M3 times its powers of two. The two codes that are no numbers
/// become 480.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn bytes(from: *const u8, scales: *const u8, to: *mut f32) {
    // SAFETY: a group of each and sixteen scales (the caller's).
    unsafe {
        // Exponent and mantissa are put where an f32 has its own; the product
        // moves the bias, from 7 to 127, and normalises what was denormal.
        let bias = _mm256_set1_ps(f32::from_bits((127 + 120) << 23));
        let mask = _mm256_set1_epi32(0x87f0_0000_u32 as i32);
        for side in 0..2 {
            let scale = powers(scales.add(side * 8));
            for quad in 0..GROUP / 4 {
                let codes = _mm256_load_si256(from.add(quad * 64 + side * 32).cast());
                let to = to.add(quad * 4 * TILE_ROWS + side * 8);
                let tops = [
                    _mm256_slli_epi32::<24>(codes),
                    _mm256_slli_epi32::<16>(codes),
                    _mm256_slli_epi32::<8>(codes),
                    codes,
                ];
                for (column, top) in tops.into_iter().enumerate() {
                    let bits = _mm256_and_si256(_mm256_srai_epi32::<4>(top), mask);
                    let value = _mm256_mul_ps(_mm256_castsi256_ps(bits), bias);
                    _mm256_store_ps(to.add(column * TILE_ROWS), _mm256_mul_ps(value, scale));
                }
            }
        }
    }
}
