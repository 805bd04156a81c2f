//! Whole codes of a group, parted from one another.
//!
//! All functions need what [`available`](super::available) says.

use std::arch::x86_64::*;

use crate::source::{E2M1_DOUBLED, IQ4_NL};

/// How far ahead of a read its stream is asked for. Far enough for the
/// latency of memory, near enough that the lines are still in the cache.
const AHEAD: usize = 2048;

/// A kind of codes: how 32 columns of sixteen rows become eight quads of
/// bytes, each as `vpdpbusd` takes them.
pub trait Code {
    /// What was added to the numbers that codes stand for, since the bytes of
    /// a weight are unsigned.
    const BIAS: i32;

    /// Eight quads.
    ///
    /// # Safety
    /// The machine is able to, and `group` has the bytes of a group.
    unsafe fn quads(group: *const u8) -> [__m512i; 8];
}

/// Whole numbers of 2 bits.
pub struct Bits2;
/// Whole numbers of 3 bits.
pub struct Bits3;
/// Whole numbers of 4 bits.
pub struct Bits4;
/// Whole numbers of 5 bits.
pub struct Bits5;
/// Whole numbers of 6 bits.
pub struct Bits6;
/// Whole numbers of 8 bits.
pub struct Bits8;
/// Places in the table of `IQ4_NL`.
pub struct Iq4Nl;
/// Floats of 4 bits, twice their values.
pub struct E2M1;

/// A vector of the layout; its stream is asked for ahead.
///
/// # Safety
/// `group` has 64 bytes from `64 * vector` on. What lies ahead need not exist.
#[inline]
#[target_feature(enable = "avx512f")]
pub unsafe fn line(group: *const u8, vector: usize) -> __m512i {
    // SAFETY: the bytes are there, as the caller promised; a prefetch reads
    // nothing that a program could see.
    unsafe {
        let at = group.add(64 * vector);
        _mm_prefetch::<_MM_HINT_T1>(at.wrapping_add(AHEAD).cast());
        _mm512_loadu_si512(at.cast())
    }
}

/// Asks for what lies ahead of a block's scales.
#[inline]
pub fn ask_ahead(header: *const u8) {
    // SAFETY: a prefetch of any address reads nothing that a program could
    // see; every x86-64 has it.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(header.wrapping_add(AHEAD).cast()) };
}

/// Lanes moved to the left, or to the right where `by` is negative.
#[inline]
#[target_feature(enable = "avx512f")]
fn moved(lanes: __m512i, by: i32) -> __m512i {
    let count = _mm_cvtsi32_si128(by.abs());
    if by < 0 { _mm512_srl_epi32(lanes, count) } else { _mm512_sll_epi32(lanes, count) }
}

/// Puts the bits of `mask` of a moved plane among those of a quad.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn insert(quad: &mut __m512i, plane: __m512i, by: i32, mask: i8) {
    *quad = _mm512_or_si512(*quad, _mm512_and_si512(moved(plane, by), _mm512_set1_epi8(mask)));
}

/// # Safety
/// `plane` has 256 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn plane_of_4(plane: *const u8) -> [__m512i; 8] {
    let mut quads = [_mm512_setzero_si512(); 8];
    for v in 0..4 {
        // SAFETY: four vectors, as the caller promised.
        let bytes = unsafe { line(plane, v) };
        insert(&mut quads[v], bytes, 0, 15);
        insert(&mut quads[v + 4], bytes, -4, 15);
    }
    quads
}

/// Puts two bits of each code at `bit`.
///
/// # Safety
/// `plane` has 128 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn plane_of_2(quads: &mut [__m512i; 8], plane: *const u8, bit: i32) {
    for v in 0..2 {
        // SAFETY: two vectors, as the caller promised.
        let bytes = unsafe { line(plane, v) };
        for j in 0..4 {
            insert(&mut quads[v + 2 * j], bytes, bit - 2 * j as i32, 3 << bit);
        }
    }
}

/// Puts one bit of each code at `bit`.
///
/// # Safety
/// `plane` has 64 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn plane_of_1(quads: &mut [__m512i; 8], plane: *const u8, bit: i32) {
    // SAFETY: a vector, as the caller promised.
    let bytes = unsafe { line(plane, 0) };
    for (j, quad) in quads.iter_mut().enumerate() {
        insert(quad, bytes, bit - j as i32, 1 << bit);
    }
}

/// What codes of four bits stand for, from a table of unsigned bytes.
///
/// # Safety
/// `group` has 256 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn looked_up(group: *const u8, table: &[u8; 16]) -> [__m512i; 8] {
    // SAFETY: the table has sixteen bytes; the group is the caller's promise.
    let (table, mut quads) = unsafe { (_mm_loadu_si128(table.as_ptr().cast()), plane_of_4(group)) };
    for quad in &mut quads {
        *quad = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), *quad);
    }
    quads
}

/// A table of signed values as bytes that are `bias` larger.
const fn unsigned(values: [i8; 16], bias: i32) -> [u8; 16] {
    let (mut table, mut i) = ([0; 16], 0);
    while i < 16 {
        table[i] = (values[i] as i32 + bias) as u8;
        i += 1;
    }
    table
}

impl Code for Bits2 {
    const BIAS: i32 = 0;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        let mut quads = [_mm512_setzero_si512(); 8];
        // SAFETY: a group has 128 bytes.
        unsafe { plane_of_2(&mut quads, group, 0) };
        quads
    }
}

impl Code for Bits3 {
    const BIAS: i32 = 0;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        let mut quads = [_mm512_setzero_si512(); 8];
        // SAFETY: a group has 128 bytes and 64 more.
        unsafe {
            plane_of_2(&mut quads, group, 0);
            plane_of_1(&mut quads, group.add(128), 2);
        }
        quads
    }
}

impl Code for Bits4 {
    const BIAS: i32 = 0;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        // SAFETY: a group has 256 bytes.
        unsafe { plane_of_4(group) }
    }
}

impl Code for Bits5 {
    const BIAS: i32 = 0;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        // SAFETY: a group has 256 bytes and 64 more.
        unsafe {
            let mut quads = plane_of_4(group);
            plane_of_1(&mut quads, group.add(256), 4);
            quads
        }
    }
}

impl Code for Bits6 {
    const BIAS: i32 = 0;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        // SAFETY: a group has 256 bytes and 128 more.
        unsafe {
            let mut quads = plane_of_4(group);
            plane_of_2(&mut quads, group.add(256), 4);
            quads
        }
    }
}

impl Code for Bits8 {
    const BIAS: i32 = 0;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        let mut quads = [_mm512_setzero_si512(); 8];
        for (v, quad) in quads.iter_mut().enumerate() {
            // SAFETY: a group has eight vectors.
            *quad = unsafe { line(group, v) };
        }
        quads
    }
}

impl Code for Iq4Nl {
    // The least of the table is −127.
    const BIAS: i32 = 128;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        const TABLE: [u8; 16] = unsigned(IQ4_NL, Iq4Nl::BIAS);
        // SAFETY: a group has 256 bytes.
        unsafe { looked_up(group, &TABLE) }
    }
}

impl Code for E2M1 {
    // The least of the table is −12.
    const BIAS: i32 = 12;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn quads(group: *const u8) -> [__m512i; 8] {
        const TABLE: [u8; 16] = unsigned(E2M1_DOUBLED, E2M1::BIAS);
        // SAFETY: a group has 256 bytes.
        unsafe { looked_up(group, &TABLE) }
    }
}
