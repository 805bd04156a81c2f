//! Scales of sixteen rows.

use std::arch::x86_64::*;

use crate::weight_type::FloatType;

/// A kind of scales: `weight = scale · (code − zero) + min`.
///
/// All functions need what [`available`](super::available) says, and a header
/// as [`Scales`](crate::Scales) describes it; `half` counts the halves of the
/// groups of a block, 16 columns each.
pub trait Scale: Copy {
    /// Whether the halves of a group have scales of their own.
    const BY_HALVES: bool;
    /// Whether there are minima.
    const MINIMA: bool;
    /// What is read once a block.
    type Head: Copy;

    /// The code of weight 0.
    fn zero(self) -> i32 {
        0
    }

    /// Reads what a block has once.
    ///
    /// # Safety
    /// The machine is able to, and `header` has the bytes of a header.
    unsafe fn head(self, header: *const u8) -> Self::Head;

    /// Scales of a half.
    ///
    /// # Safety
    /// As for [`head`](Self::head), and `half` is one of the block's.
    unsafe fn scale(self, header: *const u8, head: Self::Head, half: usize) -> __m512;

    /// Minima of a half.
    ///
    /// # Safety
    /// As for [`scale`](Self::scale).
    unsafe fn min(self, header: *const u8, head: Self::Head, half: usize) -> __m512;
}

/// No scales: [`Scales::None`](crate::Scales::None).
#[derive(Clone, Copy)]
pub struct One;
/// [`Scales::F16`](crate::Scales::F16).
#[derive(Clone, Copy)]
pub struct Halves {
    pub zero: i32,
}
/// [`Scales::F16By16`](crate::Scales::F16By16).
#[derive(Clone, Copy)]
pub struct HalvesBy16;
/// [`Scales::Affine`](crate::Scales::Affine).
#[derive(Clone, Copy)]
pub struct Affine {
    pub float: FloatType,
}
/// [`Scales::WithMin`](crate::Scales::WithMin).
#[derive(Clone, Copy)]
pub struct WithMin;
/// [`Scales::WithMinBy16`](crate::Scales::WithMinBy16).
#[derive(Clone, Copy)]
pub struct WithMinBy16;
/// [`Scales::Signed`](crate::Scales::Signed).
#[derive(Clone, Copy)]
pub struct Signed {
    pub zero: i32,
}
/// [`Scales::E8M0`](crate::Scales::E8M0), `factor` times.
#[derive(Clone, Copy)]
pub struct Powers {
    pub factor: f32,
}

/// # Safety
/// `at` has 32 bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn f16s(at: *const u8) -> __m512 {
    // SAFETY: as the caller promised.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(at.cast()) })
}

/// # Safety
/// `at` has sixteen bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn bytes(at: *const u8) -> __m512i {
    // SAFETY: as the caller promised.
    _mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(at.cast()) })
}

impl Scale for One {
    const BY_HALVES: bool = false;
    const MINIMA: bool = false;
    type Head = ();

    #[inline]
    unsafe fn head(self, _: *const u8) {}

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, _: *const u8, (): (), _: usize) -> __m512 {
        _mm512_set1_ps(1.0)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, _: *const u8, (): (), _: usize) -> __m512 {
        _mm512_setzero_ps()
    }
}

impl Scale for Halves {
    const BY_HALVES: bool = false;
    const MINIMA: bool = false;
    type Head = ();

    #[inline]
    fn zero(self) -> i32 {
        self.zero
    }

    #[inline]
    unsafe fn head(self, _: *const u8) {}

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, header: *const u8, (): (), half: usize) -> __m512 {
        // SAFETY: a header has 32 bytes for each of two groups.
        unsafe { f16s(header.add(half / 2 * 32)) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, _: *const u8, (): (), _: usize) -> __m512 {
        _mm512_setzero_ps()
    }
}

impl Scale for HalvesBy16 {
    const BY_HALVES: bool = true;
    const MINIMA: bool = false;
    type Head = ();

    #[inline]
    unsafe fn head(self, _: *const u8) {}

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, header: *const u8, (): (), half: usize) -> __m512 {
        // SAFETY: a header has 32 bytes for each of two halves.
        unsafe { f16s(header.add(half * 32)) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, _: *const u8, (): (), _: usize) -> __m512 {
        _mm512_setzero_ps()
    }
}

impl Scale for Affine {
    const BY_HALVES: bool = false;
    const MINIMA: bool = true;
    type Head = (__m512, __m512);

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn head(self, header: *const u8) -> (__m512, __m512) {
        // SAFETY: a header has two times sixteen floats.
        unsafe {
            match self.float {
                FloatType::F32 => {
                    (_mm512_loadu_ps(header.cast()), _mm512_loadu_ps(header.add(64).cast()))
                }
                FloatType::F16 => (f16s(header), f16s(header.add(32))),
                FloatType::BF16 => {
                    let at = |at: usize| _mm256_loadu_si256(header.add(at).cast());
                    let wide = |narrow| _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(narrow));
                    (_mm512_castsi512_ps(wide(at(0))), _mm512_castsi512_ps(wide(at(32))))
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, _: *const u8, head: (__m512, __m512), _: usize) -> __m512 {
        head.0
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, _: *const u8, head: (__m512, __m512), _: usize) -> __m512 {
        head.1
    }
}

impl Scale for WithMin {
    const BY_HALVES: bool = false;
    const MINIMA: bool = true;
    type Head = (__m512, __m512);

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn head(self, header: *const u8) -> (__m512, __m512) {
        // SAFETY: a header begins with two times sixteen f16.
        unsafe { (f16s(header), f16s(header.add(32))) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, header: *const u8, (d, _): (__m512, __m512), half: usize) -> __m512 {
        // SAFETY: from 64 on, sixteen bytes for each of eight groups.
        let scales = unsafe { bytes(header.add(64 + half / 2 * 16)) };
        _mm512_mul_ps(d, _mm512_cvtepi32_ps(scales))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, header: *const u8, (_, e): (__m512, __m512), half: usize) -> __m512 {
        // SAFETY: from 192 on, sixteen bytes for each of eight groups.
        let mins = unsafe { bytes(header.add(192 + half / 2 * 16)) };
        _mm512_fnmadd_ps(e, _mm512_cvtepi32_ps(mins), _mm512_setzero_ps())
    }
}

impl Scale for WithMinBy16 {
    const BY_HALVES: bool = true;
    const MINIMA: bool = true;
    type Head = (__m512, __m512);

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn head(self, header: *const u8) -> (__m512, __m512) {
        // SAFETY: a header begins with two times sixteen f16.
        unsafe { (f16s(header), f16s(header.add(32))) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, header: *const u8, (d, _): (__m512, __m512), half: usize) -> __m512 {
        // SAFETY: from 64 on, sixteen bytes for each of sixteen halves.
        let both = unsafe { bytes(header.add(64 + half * 16)) };
        let scales = _mm512_and_si512(both, _mm512_set1_epi32(15));
        _mm512_mul_ps(d, _mm512_cvtepi32_ps(scales))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, header: *const u8, (_, e): (__m512, __m512), half: usize) -> __m512 {
        // SAFETY: from 64 on, sixteen bytes for each of sixteen halves.
        let both = unsafe { bytes(header.add(64 + half * 16)) };
        let mins = _mm512_cvtepi32_ps(_mm512_srli_epi32::<4>(both));
        _mm512_fnmadd_ps(e, mins, _mm512_setzero_ps())
    }
}

impl Scale for Signed {
    const BY_HALVES: bool = true;
    const MINIMA: bool = false;
    type Head = __m512;

    #[inline]
    fn zero(self) -> i32 {
        self.zero
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn head(self, header: *const u8) -> __m512 {
        // SAFETY: a header begins with sixteen f16.
        unsafe { f16s(header) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, header: *const u8, d: __m512, half: usize) -> __m512 {
        // SAFETY: from 64 on, sixteen bytes for each of sixteen halves.
        let scales = unsafe { _mm_loadu_si128(header.add(64 + half * 16).cast()) };
        _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(scales)))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, _: *const u8, _: __m512, _: usize) -> __m512 {
        _mm512_setzero_ps()
    }
}

impl Scale for Powers {
    const BY_HALVES: bool = false;
    const MINIMA: bool = false;
    type Head = ();

    #[inline]
    unsafe fn head(self, _: *const u8) {}

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn scale(self, header: *const u8, (): (), half: usize) -> __m512 {
        // SAFETY: sixteen bytes for each of four groups.
        let exponents = unsafe { bytes(header.add(half / 2 * 16)) };
        // 2^-127 is a denormal, whose one bit is the mantissa's first.
        let bits = _mm512_max_epu32(_mm512_slli_epi32::<23>(exponents), _mm512_set1_epi32(1 << 22));
        _mm512_mul_ps(_mm512_castsi512_ps(bits), _mm512_set1_ps(self.factor))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn min(self, _: *const u8, (): (), _: usize) -> __m512 {
        _mm512_setzero_ps()
    }
}
