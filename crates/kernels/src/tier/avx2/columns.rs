//! Codes that are floats, as 32-bit floats, eight rows at a time.

use std::arch::x86_64::*;

use super::scales::powers;

/// A kind of floats.
pub trait Columns {
    /// Columns of a vector of 64 bytes.
    const STEP: usize;
    /// Whether a group has a scale.
    const SCALED: bool = false;

    /// The columns of eight rows: the first `STEP` ones count.
    ///
    /// # Safety
    /// `half` has 32 bytes on a multiple of 32, and the machine has AVX2 and
    /// F16C.
    unsafe fn read(half: *const u8) -> [__m256; 4];
}

/// The scales of eight rows; one where there are none.
///
/// # Safety
/// `scales` has eight bytes if there are scales, and the machine has AVX2.
#[inline(always)]
pub unsafe fn scale<F: Columns>(scales: *const u8) -> __m256 {
    // SAFETY: the caller's.
    unsafe { if F::SCALED { powers(scales) } else { _mm256_set1_ps(1.0) } }
}

/// 32 bits.
pub struct F32;

impl Columns for F32 {
    const STEP: usize = 1;

    #[inline(always)]
    unsafe fn read(half: *const u8) -> [__m256; 4] {
        // SAFETY: the caller's.
        unsafe { [_mm256_load_ps(half.cast()); 4] }
    }
}

/// 16 bits of IEEE 754.
pub struct F16;

impl Columns for F16 {
    const STEP: usize = 2;

    #[inline(always)]
    unsafe fn read(half: *const u8) -> [__m256; 4] {
        // SAFETY: the caller's.
        unsafe {
            // First columns of four rows, then the second ones.
            let order = _mm256_broadcastsi128_si256(_mm_setr_epi8(
                0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,
            ));
            let pairs = _mm256_shuffle_epi8(_mm256_load_si256(half.cast()), order);
            let pairs = _mm256_permute4x64_epi64::<0b11_01_10_00>(pairs);
            let first = _mm256_cvtph_ps(_mm256_castsi256_si128(pairs));
            let second = _mm256_cvtph_ps(_mm256_extracti128_si256::<1>(pairs));
            [first, second, first, second]
        }
    }
}

/// bfloat16.
pub struct BF16;

impl Columns for BF16 {
    const STEP: usize = 2;

    #[inline(always)]
    unsafe fn read(half: *const u8) -> [__m256; 4] {
        // SAFETY: the caller's.
        unsafe {
            let pairs = _mm256_load_si256(half.cast());
            let first = _mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs));
            let second = _mm256_and_si256(pairs, _mm256_set1_epi32(-0x1_0000));
            let second = _mm256_castsi256_ps(second);
            [first, second, first, second]
        }
    }
}

/// E4M3. The two codes that are no numbers become 480.
pub struct E4M3;

impl Columns for E4M3 {
    const STEP: usize = 4;
    const SCALED: bool = true;

    #[inline(always)]
    unsafe fn read(half: *const u8) -> [__m256; 4] {
        // SAFETY: the caller's.
        unsafe {
            // Exponent and mantissa are put where an f32 has its own; the
            // product moves the bias, from 7 to 127, and normalises what was
            // denormal.
            let power = _mm256_set1_ps(f32::from_bits((127 + 120) << 23));
            let mask = _mm256_set1_epi32(0x87f0_0000_u32 as i32);
            let codes = _mm256_load_si256(half.cast());
            let tops = [
                _mm256_slli_epi32::<24>(codes),
                _mm256_slli_epi32::<16>(codes),
                _mm256_slli_epi32::<8>(codes),
                codes,
            ];
            let mut columns = [_mm256_setzero_ps(); 4];
            for (column, top) in columns.iter_mut().zip(tops) {
                let bits = _mm256_and_si256(_mm256_srai_epi32::<4>(top), mask);
                *column = _mm256_mul_ps(_mm256_castsi256_ps(bits), power);
            }
            columns
        }
    }
}
