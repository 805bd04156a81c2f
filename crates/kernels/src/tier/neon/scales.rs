//! Scales of a group, four rows at once.

use std::arch::aarch64::{
    float32x4_t, uint8x8_t, vand_u8, vcreate_u8, vcvt_f32_f16, vcvtq_f32_s32, vcvtq_f32_u32,
    vdup_n_u8, vdupq_n_f32, vdupq_n_u32, vget_low_s16, vget_low_u16, vld1_u16, vld1q_f32,
    vmaxq_u32, vmovl_s8, vmovl_s16, vmovl_u8, vmovl_u16, vmulq_f32, vmulq_n_f32, vnegq_f32,
    vreinterpret_f16_u16, vreinterpret_s8_u8, vreinterpretq_f32_u32, vshll_n_u16, vshlq_n_u32,
    vshr_n_u8,
};

use crate::packed::TILE_ROWS;
use crate::weight_type::FloatType;

/// What the products of four rows with a group are multiplied by, and what a
/// unit of the states' sum adds: for both halves of it, 16 columns each, or
/// the first alone for all 32.
#[derive(Clone, Copy)]
pub struct RowScales {
    pub d: [float32x4_t; 2],
    pub m: [float32x4_t; 2],
}

impl RowScales {
    #[inline]
    #[target_feature(enable = "neon")]
    fn of_group(d: float32x4_t, m: float32x4_t) -> Self {
        Self { d: [d; 2], m: [m; 2] }
    }
}

/// How the header of a block becomes [`RowScales`].
pub trait Scaling: Copy {
    /// The code of weight 0.
    const ZERO: i32 = 0;
    /// Whether both halves of a group have scales of their own.
    const BY_HALF: bool = false;
    /// Whether something is added.
    const HAS_MIN: bool = false;

    /// The scales of a group for four rows, from `4 · quarter` on.
    ///
    /// # Safety
    /// `header` points to the readable bytes of a block's scales, the block
    /// has the group, and `quarter` is 0 to 3.
    unsafe fn rows(self, header: *const u8, group: usize, quarter: usize) -> RowScales;
}

/// The `index`-th four numbers of 16 bits.
///
/// # Safety
/// They can be read.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn four_f16(from: *const u8, index: usize) -> float32x4_t {
    // SAFETY: the caller's promise; the load takes any address.
    vcvt_f32_f16(vreinterpret_f16_u16(unsafe { vld1_u16(from.add(index * 8).cast()) }))
}

/// The `index`-th four bytes, low in a register.
///
/// # Safety
/// They can be read.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn four_bytes(from: *const u8, index: usize) -> uint8x8_t {
    // SAFETY: the caller's promise.
    let word = unsafe { from.add(index * 4).cast::<u32>().read_unaligned() };
    vcreate_u8(u64::from(word))
}

#[inline]
#[target_feature(enable = "neon")]
fn unsigned(bytes: uint8x8_t) -> float32x4_t {
    vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))))
}

/// [`Scales::F16`](crate::packed::Scales::F16).
#[derive(Clone, Copy)]
pub struct F16<const ZERO: i32>;

impl<const ZERO: i32> Scaling for F16<ZERO> {
    const ZERO: i32 = ZERO;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn rows(self, header: *const u8, group: usize, quarter: usize) -> RowScales {
        // SAFETY: a block has 2 groups of 16 halves.
        let d = unsafe { four_f16(header, group * 4 + quarter) };
        RowScales::of_group(d, d)
    }
}

/// [`Scales::F16By16`](crate::packed::Scales::F16By16).
#[derive(Clone, Copy)]
pub struct F16By16;

impl Scaling for F16By16 {
    const BY_HALF: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn rows(self, header: *const u8, group: usize, quarter: usize) -> RowScales {
        // SAFETY: a block has 1 group of 2 times 16 halves.
        let d = [0, 1].map(|half| unsafe { four_f16(header, (group * 2 + half) * 4 + quarter) });
        RowScales { d, m: d }
    }
}

/// [`Scales::Affine`](crate::packed::Scales::Affine).
#[derive(Clone, Copy)]
pub struct Affine(pub FloatType);

impl Scaling for Affine {
    const HAS_MIN: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn rows(self, header: *const u8, _group: usize, quarter: usize) -> RowScales {
        let four = |index: usize| {
            let at = index * 4 * self.0.bytes();
            // SAFETY: a block has 16 scales of the type, then 16 minima.
            unsafe {
                match self.0 {
                    FloatType::F32 => vld1q_f32(header.add(at).cast()),
                    FloatType::F16 => four_f16(header, index),
                    FloatType::BF16 => {
                        vreinterpretq_f32_u32(vshll_n_u16::<16>(vld1_u16(header.add(at).cast())))
                    }
                }
            }
        };
        RowScales::of_group(four(quarter), four(4 + quarter))
    }
}

/// [`Scales::WithMin`](crate::packed::Scales::WithMin).
#[derive(Clone, Copy)]
pub struct WithMin;

impl Scaling for WithMin {
    const HAS_MIN: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn rows(self, header: *const u8, group: usize, quarter: usize) -> RowScales {
        // SAFETY: a block has two times 16 halves, then two times 8 groups of
        // 16 bytes.
        let (d, e, s, m) = unsafe {
            let small = header.add(4 * TILE_ROWS);
            (
                four_f16(header, quarter),
                four_f16(header, 4 + quarter),
                four_bytes(small, group * 4 + quarter),
                four_bytes(small, (8 + group) * 4 + quarter),
            )
        };
        RowScales::of_group(vmulq_f32(d, unsigned(s)), vnegq_f32(vmulq_f32(e, unsigned(m))))
    }
}

/// [`Scales::WithMinBy16`](crate::packed::Scales::WithMinBy16).
#[derive(Clone, Copy)]
pub struct WithMinBy16;

impl Scaling for WithMinBy16 {
    const BY_HALF: bool = true;
    const HAS_MIN: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn rows(self, header: *const u8, group: usize, quarter: usize) -> RowScales {
        // SAFETY: a block has two times 16 halves, then 16 half groups of 16
        // bytes.
        let (d, e, bytes) = unsafe {
            let small = header.add(4 * TILE_ROWS);
            let bytes = [0, 1].map(|half| four_bytes(small, (group * 2 + half) * 4 + quarter));
            (four_f16(header, quarter), four_f16(header, 4 + quarter), bytes)
        };
        RowScales {
            d: bytes.map(|byte| vmulq_f32(d, unsigned(vand_u8(byte, vdup_n_u8(15))))),
            m: bytes.map(|byte| vnegq_f32(vmulq_f32(e, unsigned(vshr_n_u8::<4>(byte))))),
        }
    }
}

/// [`Scales::Signed`](crate::packed::Scales::Signed).
#[derive(Clone, Copy)]
pub struct Signed<const ZERO: i32>;

impl<const ZERO: i32> Scaling for Signed<ZERO> {
    const ZERO: i32 = ZERO;
    const BY_HALF: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn rows(self, header: *const u8, group: usize, quarter: usize) -> RowScales {
        // SAFETY: a block has 16 halves, 32 bytes of nothing, then 16 half
        // groups of 16 bytes.
        let (d, bytes) = unsafe {
            let small = header.add(4 * TILE_ROWS);
            let bytes = [0, 1].map(|half| four_bytes(small, (group * 2 + half) * 4 + quarter));
            (four_f16(header, quarter), bytes)
        };
        let d = bytes.map(|byte| {
            let wide = vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(byte))));
            vmulq_f32(d, vcvtq_f32_s32(wide))
        });
        RowScales { d, m: d }
    }
}

/// [`Scales::E8M0`](crate::packed::Scales::E8M0); the power of two is halved
/// where products are `DOUBLED`.
#[derive(Clone, Copy)]
pub struct E8M0<const DOUBLED: bool>;

impl<const DOUBLED: bool> Scaling for E8M0<DOUBLED> {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn rows(self, header: *const u8, group: usize, quarter: usize) -> RowScales {
        // SAFETY: a block has 4 groups of 16 bytes.
        let bytes = unsafe { four_bytes(header, group * 4 + quarter) };
        let exponent = vshlq_n_u32::<23>(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
        // The exponent 0, alone below 2^23, is 2^-127: the denormal 2^22.
        let d = vreinterpretq_f32_u32(vmaxq_u32(exponent, vdupq_n_u32(1 << 22)));
        let d = if DOUBLED { vmulq_n_f32(d, 0.5) } else { d };
        RowScales::of_group(d, vdupq_n_f32(0.0))
    }
}
