//! Codes that are floats, four columns of sixteen rows at once.

use std::arch::x86_64::*;

use super::codes::line;

/// A kind of floats.
pub trait Float {
    /// Columns `4 · quad` to `4 · quad + 3`, one a vector, a row a lane.
    ///
    /// # Safety
    /// The machine is able to, `group` has the bytes of a group, and `quad` is
    /// less than eight.
    unsafe fn columns(group: *const u8, quad: usize) -> [__m512; 4];
}

/// 32 bits.
pub struct F32;
/// 16 bits of IEEE 754.
pub struct F16;
/// 16 bits of bfloat16.
pub struct BF16;
/// 8 bits, four of them exponent.
pub struct E4M3;

impl Float for F32 {
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn columns(group: *const u8, quad: usize) -> [__m512; 4] {
        let mut columns = [_mm512_setzero_ps(); 4];
        for (i, column) in columns.iter_mut().enumerate() {
            // SAFETY: a group has 32 vectors.
            *column = _mm512_castsi512_ps(unsafe { line(group, 4 * quad + i) });
        }
        columns
    }
}

impl Float for F16 {
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn columns(group: *const u8, quad: usize) -> [__m512; 4] {
        let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        let odd = _mm512_or_si512(even, _mm512_set1_epi32(1));
        let mut columns = [_mm512_setzero_ps(); 4];
        for (v, columns) in columns.chunks_exact_mut(2).enumerate() {
            // SAFETY: a group has sixteen vectors.
            let pairs = unsafe { line(group, 2 * quad + v) };
            // Pairs of columns, of the first eight rows and of the others.
            let first = _mm512_cvtph_ps(_mm512_castsi512_si256(pairs));
            let second = _mm512_cvtph_ps(_mm512_extracti64x4_epi64::<1>(pairs));
            columns[0] = _mm512_permutex2var_ps(first, even, second);
            columns[1] = _mm512_permutex2var_ps(first, odd, second);
        }
        columns
    }
}

impl Float for BF16 {
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn columns(group: *const u8, quad: usize) -> [__m512; 4] {
        let high = _mm512_set1_epi32(!0xffff);
        let mut columns = [_mm512_setzero_ps(); 4];
        for (v, columns) in columns.chunks_exact_mut(2).enumerate() {
            // SAFETY: a group has sixteen vectors.
            let pairs = unsafe { line(group, 2 * quad + v) };
            columns[0] = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs));
            columns[1] = _mm512_castsi512_ps(_mm512_and_si512(pairs, high));
        }
        columns
    }
}

impl Float for E4M3 {
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn columns(group: *const u8, quad: usize) -> [__m512; 4] {
        // SAFETY: a group has eight vectors.
        let bytes = unsafe { line(group, quad) };
        // The sign stays at the top, exponent and mantissa go where an f32 has
        // its own; the product moves the bias from 7 to 127, which normalises
        // what was denormal. Two codes that are no numbers become large ones.
        let kept = _mm512_set1_epi32(0x87f0_0000_u32 as i32);
        let scale = _mm512_set1_ps(f32::from_bits((120 + 127) << 23));
        let tops = [
            _mm512_slli_epi32::<24>(bytes),
            _mm512_slli_epi32::<16>(bytes),
            _mm512_slli_epi32::<8>(bytes),
            bytes,
        ];
        let mut columns = [_mm512_setzero_ps(); 4];
        for (column, top) in columns.iter_mut().zip(tops) {
            let bits = _mm512_and_si512(_mm512_srai_epi32::<4>(top), kept);
            *column = _mm512_mul_ps(_mm512_castsi512_ps(bits), scale);
        }
        columns
    }
}
