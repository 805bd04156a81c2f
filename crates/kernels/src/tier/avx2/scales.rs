//! Scales of a group as floats, eight rows at a time.

use std::arch::x86_64::*;

use crate::packed::TILE_ROWS;
use crate::weight_type::FloatType;

/// A kind of scales.
pub trait Header: Copy {
    /// Scales of a group of 32 columns: 2 where each has 16.
    const HALVES: usize = 1;
    /// Whether something is added to a code times its scale. Where not, a
    /// code has a zero point instead.
    const MIN: bool = false;
    /// Tokens that are worth reading packed codes for; more take a panel.
    const DIRECT: usize = 2;

    /// The scales of a matrix whose floats are of that type, where it can be
    /// one or the other.
    fn of(float: FloatType) -> Self;

    /// Scales of the eight rows from `side · 8` on, and what is added.
    ///
    /// # Safety
    /// `header` has the scales of a block with that group, and the machine
    /// has AVX2 and F16C.
    unsafe fn scale(
        self,
        header: *const u8,
        group: usize,
        half: usize,
        side: usize,
    ) -> (__m256, __m256);
}

#[inline(always)]
unsafe fn floats16(from: *const u8) -> __m256 {
    // SAFETY: sixteen bytes on a multiple of 16 (the caller's).
    unsafe { _mm256_cvtph_ps(_mm_load_si128(from.cast())) }
}

#[inline(always)]
unsafe fn unsigned(from: *const u8) -> __m256i {
    // SAFETY: eight bytes (the caller's).
    unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast())) }
}

/// 16-bit floats, a zero point of the codes.
#[derive(Clone, Copy)]
pub struct F16;

impl Header for F16 {
    #[inline(always)]
    fn of(_float: FloatType) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn scale(
        self,
        header: *const u8,
        group: usize,
        _half: usize,
        side: usize,
    ) -> (__m256, __m256) {
        // SAFETY: the caller's.
        unsafe { (floats16(header.add(group * 32 + side * 16)), _mm256_setzero_ps()) }
    }
}

/// The same for 16 columns.
#[derive(Clone, Copy)]
pub struct F16By16;

impl Header for F16By16 {
    const HALVES: usize = 2;
    #[inline(always)]
    fn of(_float: FloatType) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn scale(
        self,
        header: *const u8,
        group: usize,
        half: usize,
        side: usize,
    ) -> (__m256, __m256) {
        // SAFETY: the caller's; a block has one group.
        unsafe { (floats16(header.add((group * 2 + half) * 32 + side * 16)), _mm256_setzero_ps()) }
    }
}

/// A scale and an addend of some type for a block.
#[derive(Clone, Copy)]
pub struct Affine(pub FloatType);

impl Header for Affine {
    const MIN: bool = true;
    // Measured: with two tokens, a panel is a third faster.
    const DIRECT: usize = 1;
    #[inline(always)]
    fn of(float: FloatType) -> Self {
        Self(float)
    }

    #[inline(always)]
    unsafe fn scale(
        self,
        header: *const u8,
        _group: usize,
        _half: usize,
        side: usize,
    ) -> (__m256, __m256) {
        // SAFETY: the caller's. The branch is the same for a whole matrix.
        unsafe {
            match self.0 {
                FloatType::F16 => {
                    let at = header.add(side * 16);
                    (floats16(at), floats16(at.add(2 * TILE_ROWS)))
                }
                FloatType::BF16 => {
                    let read = |from: *const u8| {
                        let bits = _mm256_cvtepu16_epi32(_mm_load_si128(from.cast()));
                        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))
                    };
                    let at = header.add(side * 16);
                    (read(at), read(at.add(2 * TILE_ROWS)))
                }
                FloatType::F32 => {
                    let at: *const f32 = header.add(side * 32).cast();
                    (_mm256_load_ps(at), _mm256_load_ps(at.add(TILE_ROWS)))
                }
            }
        }
    }
}

/// As `Q4_K` has them.
#[derive(Clone, Copy)]
pub struct WithMin;

impl Header for WithMin {
    const MIN: bool = true;
    #[inline(always)]
    fn of(_float: FloatType) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn scale(
        self,
        header: *const u8,
        group: usize,
        _half: usize,
        side: usize,
    ) -> (__m256, __m256) {
        // SAFETY: the caller's.
        unsafe {
            let (d, e) = (floats16(header.add(side * 16)), floats16(header.add(32 + side * 16)));
            let at = header.add(64 + group * TILE_ROWS + side * 8);
            let scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(unsigned(at)));
            let min = _mm256_mul_ps(e, _mm256_cvtepi32_ps(unsigned(at.add(128))));
            (scale, _mm256_xor_ps(min, _mm256_set1_ps(-0.0)))
        }
    }
}

/// As `Q2_K` has them.
#[derive(Clone, Copy)]
pub struct WithMinBy16;

impl Header for WithMinBy16 {
    const HALVES: usize = 2;
    const MIN: bool = true;
    #[inline(always)]
    fn of(_float: FloatType) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn scale(
        self,
        header: *const u8,
        group: usize,
        half: usize,
        side: usize,
    ) -> (__m256, __m256) {
        // SAFETY: the caller's.
        unsafe {
            let (d, e) = (floats16(header.add(side * 16)), floats16(header.add(32 + side * 16)));
            let both = unsigned(header.add(64 + (group * 2 + half) * TILE_ROWS + side * 8));
            let low = _mm256_and_si256(both, _mm256_set1_epi32(15));
            let scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(low));
            let min = _mm256_mul_ps(e, _mm256_cvtepi32_ps(_mm256_srli_epi32::<4>(both)));
            (scale, _mm256_xor_ps(min, _mm256_set1_ps(-0.0)))
        }
    }
}

/// As `Q6_K` has them.
#[derive(Clone, Copy)]
pub struct Signed;

impl Header for Signed {
    const HALVES: usize = 2;
    #[inline(always)]
    fn of(_float: FloatType) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn scale(
        self,
        header: *const u8,
        group: usize,
        half: usize,
        side: usize,
    ) -> (__m256, __m256) {
        // SAFETY: the caller's.
        unsafe {
            let d = floats16(header.add(side * 16));
            let at = header.add(64 + (group * 2 + half) * TILE_ROWS + side * 8);
            let small = _mm256_cvtepi8_epi32(_mm_loadl_epi64(at.cast()));
            (_mm256_mul_ps(d, _mm256_cvtepi32_ps(small)), _mm256_setzero_ps())
        }
    }
}

/// Powers of two; half of them for doubled values.
#[derive(Clone, Copy)]
pub struct E8M0;

impl Header for E8M0 {
    #[inline(always)]
    fn of(_float: FloatType) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn scale(
        self,
        header: *const u8,
        group: usize,
        _half: usize,
        side: usize,
    ) -> (__m256, __m256) {
        // SAFETY: the caller's.
        unsafe {
            let scale = powers(header.add(group * TILE_ROWS + side * 8));
            (_mm256_mul_ps(scale, _mm256_set1_ps(0.5)), _mm256_setzero_ps())
        }
    }
}

/// Eight powers of two.
///
/// # Safety
/// Eight bytes, and the machine has AVX2.
#[inline(always)]
pub unsafe fn powers(from: *const u8) -> __m256 {
    // SAFETY: the caller's.
    unsafe {
        let bits = _mm256_slli_epi32::<23>(unsigned(from));
        // 2^-127 has no exponent left in an f32: it is a denormal.
        _mm256_castsi256_ps(_mm256_max_epi32(bits, _mm256_set1_epi32(1 << 22)))
    }
}
