//! What bodies ask of a set of instructions.
//!
//! Most leave vectors to the compiler. Products that stay in registers do
//! not: where sums across lanes follow, it would part registers in other ways.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as x86;

use crate::vector::lanes::{self, LANES, Lanes, lanes};

/// A set of instructions.
pub trait Isa {
    /// Whether there are at least 32 registers of vectors.
    const MANY_REGISTERS: bool;

    /// Sixteen numbers in registers.
    type Wide: Copy;

    /// `a · b + c`, rounded once where the machine does that in one step.
    fn mul_add(a: f32, b: f32, c: f32) -> f32;

    /// One number in all lanes.
    fn splat(number: f32) -> Self::Wide;

    /// Numbers from memory.
    fn load(lanes: &Lanes) -> Self::Wide;

    /// Numbers to memory.
    fn store(wide: Self::Wide, lanes: &mut Lanes);

    /// `a · b + c` in every lane.
    fn wide_mul_add(a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide;

    /// The sum of all lanes.
    fn sum(wide: Self::Wide) -> f32;

    /// Whether sixteen sums can run beside one another in registers, and
    /// [`sums`](Self::sums) is faster than as many [`sum`](Self::sum)s.
    const SUMS_TOGETHER: bool = false;

    /// The sums of all lanes of each, a sum a lane.
    #[inline(always)]
    fn sums(wide: [Self::Wide; LANES]) -> Lanes {
        wide.map(Self::sum)
    }
}

/// Plain Rust; `FUSED` where the machine always has fused products.
pub struct Plain<const FUSED: bool>;

impl<const FUSED: bool> Isa for Plain<FUSED> {
    const MANY_REGISTERS: bool = FUSED;

    type Wide = Lanes;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        if FUSED { a.mul_add(b, c) } else { a * b + c }
    }

    #[inline(always)]
    fn splat(number: f32) -> Lanes {
        [number; LANES]
    }

    #[inline(always)]
    fn load(lanes: &Lanes) -> Lanes {
        *lanes
    }

    #[inline(always)]
    fn store(wide: Lanes, lanes: &mut Lanes) {
        *lanes = wide;
    }

    #[inline(always)]
    fn wide_mul_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        lanes!(i => Self::mul_add(a[i], b[i], c[i]))
    }

    #[inline(always)]
    fn sum(wide: Lanes) -> f32 {
        lanes::sum(&wide)
    }
}

/// AVX2, FMA and F16C. Only `Level::run` names this type, in a function that
/// has these features.
#[cfg(target_arch = "x86_64")]
pub struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Isa for Avx2 {
    const MANY_REGISTERS: bool = false;

    type Wide = [x86::__m256; 2];

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn splat(number: f32) -> Self::Wide {
        // SAFETY: the features are there, as the type says.
        unsafe { [x86::_mm256_set1_ps(number); 2] }
    }

    #[inline(always)]
    fn load(lanes: &Lanes) -> Self::Wide {
        // SAFETY: the features are there, and sixteen numbers.
        unsafe {
            let at = lanes.as_ptr();
            [x86::_mm256_loadu_ps(at), x86::_mm256_loadu_ps(at.add(8))]
        }
    }

    #[inline(always)]
    fn store(wide: Self::Wide, lanes: &mut Lanes) {
        // SAFETY: the features are there, and room for sixteen numbers.
        unsafe {
            let at = lanes.as_mut_ptr();
            x86::_mm256_storeu_ps(at, wide[0]);
            x86::_mm256_storeu_ps(at.add(8), wide[1]);
        }
    }

    #[inline(always)]
    fn wide_mul_add(a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: the features are there.
        unsafe { [x86::_mm256_fmadd_ps(a[0], b[0], c[0]), x86::_mm256_fmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    fn sum(wide: Self::Wide) -> f32 {
        // SAFETY: the features are there.
        unsafe {
            let eight = x86::_mm256_add_ps(wide[0], wide[1]);
            let high = x86::_mm256_extractf128_ps::<1>(eight);
            let four = x86::_mm_add_ps(x86::_mm256_castps256_ps128(eight), high);
            let two = x86::_mm_add_ps(four, x86::_mm_movehl_ps(four, four));
            x86::_mm_cvtss_f32(x86::_mm_add_ss(two, x86::_mm_movehdup_ps(two)))
        }
    }
}

/// AVX-512 F, BW, DQ and VL. Only `Level::run` names this type, in a function
/// that has these features.
#[cfg(target_arch = "x86_64")]
pub struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Isa for Avx512 {
    const MANY_REGISTERS: bool = true;

    type Wide = x86::__m512;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn splat(number: f32) -> Self::Wide {
        // SAFETY: the features are there, as the type says.
        unsafe { x86::_mm512_set1_ps(number) }
    }

    #[inline(always)]
    fn load(lanes: &Lanes) -> Self::Wide {
        // SAFETY: the features are there, and sixteen numbers.
        unsafe { x86::_mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn store(wide: Self::Wide, lanes: &mut Lanes) {
        // SAFETY: the features are there, and room for sixteen numbers.
        unsafe { x86::_mm512_storeu_ps(lanes.as_mut_ptr(), wide) }
    }

    #[inline(always)]
    fn wide_mul_add(a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: the features are there.
        unsafe { x86::_mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn sum(wide: Self::Wide) -> f32 {
        // SAFETY: the features are there.
        unsafe { x86::_mm512_reduce_add_ps(wide) }
    }

    const SUMS_TOGETHER: bool = true;

    /// A tree: each step adds the halves, quarters and so on of two vectors and
    /// keeps both sums in one.
    #[inline(always)]
    fn sums(wide: [Self::Wide; LANES]) -> Lanes {
        // SAFETY: the features are there, and room for sixteen numbers.
        unsafe {
            let eight: [x86::__m512; 8] = std::array::from_fn(|i| {
                let (a, b) = (wide[i], wide[i + 8]);
                let low = x86::_mm512_shuffle_f32x4::<0x44>(a, b);
                x86::_mm512_add_ps(low, x86::_mm512_shuffle_f32x4::<0xee>(a, b))
            });
            let four: [x86::__m512; 4] = std::array::from_fn(|i| {
                let (a, b) = (eight[i], eight[i + 4]);
                let even = x86::_mm512_shuffle_f32x4::<0x88>(a, b);
                x86::_mm512_add_ps(even, x86::_mm512_shuffle_f32x4::<0xdd>(a, b))
            });
            let two: [x86::__m512; 2] = std::array::from_fn(|i| {
                let (a, b) = (four[i], four[i + 2]);
                let low = x86::_mm512_shuffle_ps::<0x44>(a, b);
                x86::_mm512_add_ps(low, x86::_mm512_shuffle_ps::<0xee>(a, b))
            });
            let even = x86::_mm512_shuffle_ps::<0x88>(two[0], two[1]);
            let one = x86::_mm512_add_ps(even, x86::_mm512_shuffle_ps::<0xdd>(two[0], two[1]));
            let order =
                x86::_mm512_setr_epi32(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
            let mut sums = [0.0; LANES];
            x86::_mm512_storeu_ps(sums.as_mut_ptr(), x86::_mm512_permutexvar_ps(order, one));
            sums
        }
    }
}
