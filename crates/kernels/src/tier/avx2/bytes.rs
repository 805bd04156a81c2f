//! The product of bytes: what AVX2 and AVX-VNNI differ in.

use std::arch::x86_64::*;

use crate::tier::Tier;

/// Adds up products of unsigned codes and signed states, four columns of
/// eight rows at a time.
pub trait Product: 'static {
    /// The tier that multiplies so.
    const TIER: Tier;
    /// Whether sums are of 32 bits from the start, so that no run of products
    /// is too long.
    const WIDE: bool;

    /// Adds the products of one quad to a run.
    ///
    /// # Safety
    /// The machine has the tier's instructions; so for all that follows.
    unsafe fn step(run: __m256i, codes: __m256i, states: __m256i) -> __m256i;

    /// A run as 32-bit sums, one a row.
    ///
    /// # Safety
    /// As above.
    unsafe fn finish(run: __m256i) -> __m256i;

    /// The same times sixteen: a run of the high halves of bytes.
    ///
    /// # Safety
    /// As above.
    unsafe fn finish_high(run: __m256i) -> __m256i;
}

/// `vpmaddubsw` and sums of 16 bits.
#[derive(Debug)]
pub struct Madd;

impl Product for Madd {
    const TIER: Tier = Tier::Avx2;
    const WIDE: bool = false;

    #[inline(always)]
    unsafe fn step(run: __m256i, codes: __m256i, states: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_add_epi16(run, _mm256_maddubs_epi16(codes, states)) }
    }

    #[inline(always)]
    unsafe fn finish(run: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_madd_epi16(run, _mm256_set1_epi16(1)) }
    }

    #[inline(always)]
    unsafe fn finish_high(run: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_madd_epi16(run, _mm256_set1_epi16(16)) }
    }
}

/// `vpdpbusd`.
#[derive(Debug)]
pub struct Vnni;

impl Product for Vnni {
    const TIER: Tier = Tier::AvxVnni;
    const WIDE: bool = true;

    #[inline(always)]
    unsafe fn step(run: __m256i, codes: __m256i, states: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_dpbusd_avx_epi32(run, codes, states) }
    }

    #[inline(always)]
    unsafe fn finish(run: __m256i) -> __m256i {
        run
    }

    #[inline(always)]
    unsafe fn finish_high(run: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_slli_epi32::<4>(run) }
    }
}

/// Runs a block eight times, with a constant that counts the quads of a group.
macro_rules! eight {
    ($q:ident, $body:block) => {{
        eight!(@ $q, $body, 0, 1, 2, 3, 4, 5, 6, 7);
    }};
    (@ $q:ident, $body:block, $($n:literal),*) => {
        $({
            const $q: usize = $n;
            $body
        })*
    };
}
pub(super) use eight;
