//! Codes as signed bytes, four rows at once.

use std::arch::aarch64::{
    int8x16_t, uint8x16_t, vandq_u8, vdupq_n_u8, veorq_u8, vld1q_s8, vld1q_u8, vqtbl1q_s8,
    vreinterpretq_s8_u8, vshrq_n_u8, vsliq_n_u8,
};

use crate::packed::Codes;
use crate::source::{E2M1_DOUBLED, IQ4_NL};

/// Bytes from one vector of the layout to the next.
const VECTOR: usize = 64;

/// Four rows of a group: the registers of its eight quads, each with four
/// neighbouring columns of a row in a lane of 32 bits.
pub type Quads = [int8x16_t; 8];

/// How the bytes of a group become [`Quads`].
pub trait Decode {
    /// The codes that this reads.
    const CODES: Codes;

    /// What a signed byte lacks to the value of its code.
    const OFFSET: i32 = 0;

    /// Four rows of a group.
    ///
    /// # Safety
    /// `group` points to [`Codes::group_bytes`] readable bytes, and `rows` is
    /// 16 times the quarter of the tile, 0 to 3.
    unsafe fn quads(group: *const u8, rows: usize) -> Quads;
}

/// The bytes of four rows in one vector of a plane.
///
/// # Safety
/// As for [`Decode::quads`]; the plane has more than `vector` vectors.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load(plane: *const u8, vector: usize, rows: usize) -> uint8x16_t {
    // SAFETY: the caller's promise.
    unsafe { vld1q_u8(plane.add(vector * VECTOR + rows)) }
}

/// A plane of 4 bits; the lower four quads keep their neighbours' bits in the
/// high halves.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn plane_of_4(plane: *const u8, rows: usize) -> [uint8x16_t; 8] {
    // SAFETY: the caller's promise; a plane of 4 bits has four vectors.
    let v: [_; 4] = std::array::from_fn(|v| unsafe { load(plane, v, rows) });
    let high = v.map(|v| vshrq_n_u8::<4>(v));
    [v[0], v[1], v[2], v[3], high[0], high[1], high[2], high[3]]
}

/// A plane of 2 bits, with neighbours' bits above.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn plane_of_2(plane: *const u8, rows: usize) -> [uint8x16_t; 8] {
    // SAFETY: the caller's promise; a plane of 2 bits has two vectors.
    let (a, b) = unsafe { (load(plane, 0, rows), load(plane, 1, rows)) };
    [
        a,
        b,
        vshrq_n_u8::<2>(a),
        vshrq_n_u8::<2>(b),
        vshrq_n_u8::<4>(a),
        vshrq_n_u8::<4>(b),
        vshrq_n_u8::<6>(a),
        vshrq_n_u8::<6>(b),
    ]
}

/// A plane of 1 bit, with neighbours' bits above.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn plane_of_1(plane: *const u8, rows: usize) -> [uint8x16_t; 8] {
    // SAFETY: the caller's promise.
    let a = unsafe { load(plane, 0, rows) };
    [
        a,
        vshrq_n_u8::<1>(a),
        vshrq_n_u8::<2>(a),
        vshrq_n_u8::<3>(a),
        vshrq_n_u8::<4>(a),
        vshrq_n_u8::<5>(a),
        vshrq_n_u8::<6>(a),
        vshrq_n_u8::<7>(a),
    ]
}

#[inline]
#[target_feature(enable = "neon")]
fn masked(quads: [uint8x16_t; 8], bits: u8) -> [uint8x16_t; 8] {
    let mask = vdupq_n_u8((1 << bits) - 1);
    quads.map(|quad| vandq_u8(quad, mask))
}

/// `low` in the lowest `BITS` bits, whatever it has above, and `high` there.
#[inline]
#[target_feature(enable = "neon")]
fn joined<const BITS: i32>(low: [uint8x16_t; 8], high: [uint8x16_t; 8]) -> Quads {
    std::array::from_fn(|q| vreinterpretq_s8_u8(vsliq_n_u8::<BITS>(low[q], high[q])))
}

#[inline]
#[target_feature(enable = "neon")]
unsafe fn looked_up(table: &[i8; 16], group: *const u8, rows: usize) -> Quads {
    // SAFETY: a table has sixteen bytes; the rest is the caller's promise.
    let (table, codes) = unsafe { (vld1q_s8(table.as_ptr()), plane_of_4(group, rows)) };
    masked(codes, 4).map(|codes| vqtbl1q_s8(table, codes))
}

macro_rules! decode {
    ($name:ident, $offset:expr, |$group:ident, $rows:ident| $quads:expr) => {
        #[doc = concat!("[`Codes::", stringify!($name), "`].")]
        pub struct $name;

        impl Decode for $name {
            const CODES: Codes = Codes::$name;
            const OFFSET: i32 = $offset;

            #[inline]
            #[target_feature(enable = "neon")]
            unsafe fn quads($group: *const u8, $rows: usize) -> Quads {
                // SAFETY: the planes are those of the layout, which the
                // caller promises to be there.
                unsafe { $quads }
            }
        }
    };
}

decode!(Bits2, 0, |group, rows| masked(plane_of_2(group, rows), 2).map(|q| vreinterpretq_s8_u8(q)));
decode!(Bits3, 0, |group, rows| {
    joined::<2>(plane_of_2(group, rows), masked(plane_of_1(group.add(128), rows), 1))
});
decode!(Bits4, 0, |group, rows| masked(plane_of_4(group, rows), 4).map(|q| vreinterpretq_s8_u8(q)));
decode!(Bits5, 0, |group, rows| {
    joined::<4>(plane_of_4(group, rows), masked(plane_of_1(group.add(256), rows), 1))
});
decode!(Bits6, 0, |group, rows| {
    joined::<4>(plane_of_4(group, rows), masked(plane_of_2(group.add(256), rows), 2))
});
decode!(Bits8, 128, |group, rows| {
    let middle = vdupq_n_u8(0x80);
    std::array::from_fn(|q| vreinterpretq_s8_u8(veorq_u8(load(group, q, rows), middle)))
});
decode!(Iq4Nl, 0, |group, rows| looked_up(&IQ4_NL, group, rows));
decode!(E2M1, 0, |group, rows| looked_up(&E2M1_DOUBLED, group, rows));
