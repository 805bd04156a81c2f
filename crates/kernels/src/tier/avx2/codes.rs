//! Codes of a group as bytes, eight rows at a time.

use std::arch::x86_64::*;

/// A kind of codes that are whole numbers.
pub trait Unpack {
    /// Bytes of 32 columns of sixteen rows.
    const GROUP_BYTES: usize;
    /// Quads whose products surely fit 16 bits when they are added up; two
    /// neighbours of the largest code times 127 fit it this often.
    const RUN: usize;
    /// 2 where codes are of eight bits: their low and their high halves are
    /// multiplied apart, for a sum of two products of whole bytes would not
    /// fit 16 bits.
    const PLANES: usize = 1;
    /// What has been added to make a table's signed values unsigned.
    const OFFSET: i32 = 0;

    /// Four columns of eight rows, from `side · 8` on, as a quad is laid out.
    ///
    /// # Safety
    /// `group` has `GROUP_BYTES` bytes, and the machine has AVX2.
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, plane: usize) -> __m256i;
}

#[inline(always)]
unsafe fn load(group: *const u8, vector: usize, side: usize) -> __m256i {
    // SAFETY: the vector is of the group (the caller's). Groups begin on
    // multiples of 64.
    unsafe { _mm256_load_si256(group.add(vector * 64 + side * 32).cast()) }
}

/// The low (0) or the high (1) half of each byte.
#[inline(always)]
unsafe fn half_bytes(bytes: __m256i, half: usize) -> __m256i {
    // SAFETY: the machine has AVX2 (the caller's).
    unsafe {
        let bytes = if half == 0 { bytes } else { _mm256_srli_epi16::<4>(bytes) };
        _mm256_and_si256(bytes, _mm256_set1_epi8(15))
    }
}

#[inline(always)]
unsafe fn plane_of_4<const Q: usize>(plane: *const u8, side: usize) -> __m256i {
    // SAFETY: the plane has four vectors (the caller's).
    unsafe { half_bytes(load(plane, Q % 4, side), Q / 4) }
}

/// Two bits of each byte, put at bit `AT` (0 or 4).
#[inline(always)]
unsafe fn plane_of_2<const Q: usize, const AT: i32>(plane: *const u8, side: usize) -> __m256i {
    // SAFETY: the plane has two vectors (the caller's).
    unsafe {
        let bytes = load(plane, Q % 2, side);
        let bytes = match (Q / 2, AT) {
            (0, 0) | (2, 4) => bytes,
            (1, 0) | (3, 4) => _mm256_srli_epi16::<2>(bytes),
            (2, 0) => _mm256_srli_epi16::<4>(bytes),
            (3, 0) => _mm256_srli_epi16::<6>(bytes),
            (1, _) => _mm256_slli_epi16::<2>(bytes),
            _ => _mm256_slli_epi16::<4>(bytes),
        };
        _mm256_and_si256(bytes, _mm256_set1_epi8(3 << AT))
    }
}

/// One bit of each byte, put at bit `AT` (2 or 4).
#[inline(always)]
unsafe fn plane_of_1<const Q: usize, const AT: i32>(plane: *const u8, side: usize) -> __m256i {
    // SAFETY: the plane has one vector (the caller's).
    unsafe {
        let bytes = load(plane, 0, side);
        let bytes = match Q as i32 - AT {
            -4 => _mm256_slli_epi16::<4>(bytes),
            -3 => _mm256_slli_epi16::<3>(bytes),
            -2 => _mm256_slli_epi16::<2>(bytes),
            -1 => _mm256_slli_epi16::<1>(bytes),
            0 => bytes,
            1 => _mm256_srli_epi16::<1>(bytes),
            2 => _mm256_srli_epi16::<2>(bytes),
            3 => _mm256_srli_epi16::<3>(bytes),
            4 => _mm256_srli_epi16::<4>(bytes),
            _ => _mm256_srli_epi16::<5>(bytes),
        };
        _mm256_and_si256(bytes, _mm256_set1_epi8(1 << AT))
    }
}

/// Looks sixteen values up.
#[inline(always)]
unsafe fn look_up(table: &[u8; 16], codes: __m256i) -> __m256i {
    // SAFETY: the machine has AVX2 (the caller's).
    unsafe {
        let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
        _mm256_shuffle_epi8(table, codes)
    }
}

/// Two bits.
pub struct Bits2;
/// Three bits.
pub struct Bits3;
/// Four bits.
pub struct Bits4;
/// Five bits.
pub struct Bits5;
/// Six bits.
pub struct Bits6;
/// Eight bits.
pub struct Bits8;
/// The table of `IQ4_NL`, from −127 to 113.
pub struct Iq4Nl;
/// Doubled E2M1, from −12 to 12.
pub struct E2M1;

impl Unpack for Bits2 {
    const GROUP_BYTES: usize = 128;
    const RUN: usize = 8;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, _plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe { plane_of_2::<Q, 0>(group, side) }
    }
}

impl Unpack for Bits3 {
    const GROUP_BYTES: usize = 192;
    const RUN: usize = 8;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, _plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe {
            let low = plane_of_2::<Q, 0>(group, side);
            _mm256_or_si256(low, plane_of_1::<Q, 2>(group.add(128), side))
        }
    }
}

impl Unpack for Bits4 {
    const GROUP_BYTES: usize = 256;
    const RUN: usize = 8;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, _plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe { plane_of_4::<Q>(group, side) }
    }
}

impl Unpack for Bits5 {
    const GROUP_BYTES: usize = 320;
    const RUN: usize = 4;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, _plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe {
            let low = plane_of_4::<Q>(group, side);
            _mm256_or_si256(low, plane_of_1::<Q, 4>(group.add(256), side))
        }
    }
}

impl Unpack for Bits6 {
    const GROUP_BYTES: usize = 384;
    const RUN: usize = 2;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, _plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe {
            let low = plane_of_4::<Q>(group, side);
            _mm256_or_si256(low, plane_of_2::<Q, 4>(group.add(256), side))
        }
    }
}

impl Unpack for Bits8 {
    const GROUP_BYTES: usize = 512;
    const RUN: usize = 8;
    const PLANES: usize = 2;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe { half_bytes(load(group, Q, side), plane) }
    }
}

impl Iq4Nl {
    const LOW: [u8; 16] = [1, 8, 13, 15, 15, 13, 10, 6, 1, 13, 9, 6, 5, 5, 9, 1];
    const HIGH: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 15];
}

impl Unpack for Iq4Nl {
    const GROUP_BYTES: usize = 256;
    const RUN: usize = 8;
    const PLANES: usize = 2;
    const OFFSET: i32 = 128;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe {
            let codes = plane_of_4::<Q>(group, side);
            look_up(if plane == 0 { &Self::LOW } else { &Self::HIGH }, codes)
        }
    }
}

impl E2M1 {
    const TABLE: [u8; 16] = [12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0];
}

impl Unpack for E2M1 {
    const GROUP_BYTES: usize = 256;
    const RUN: usize = 4;
    const OFFSET: i32 = 12;
    #[inline(always)]
    unsafe fn quad<const Q: usize>(group: *const u8, side: usize, _plane: usize) -> __m256i {
        // SAFETY: the caller's.
        unsafe { look_up(&Self::TABLE, plane_of_4::<Q>(group, side)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{E2M1, Iq4Nl};
    use crate::source::{E2M1_DOUBLED, IQ4_NL};

    #[test]
    fn tables_are_those_of_the_types_made_unsigned() {
        for code in 0..16 {
            let value = i32::from(Iq4Nl::HIGH[code]) * 16 + i32::from(Iq4Nl::LOW[code]);
            assert_eq!(value, i32::from(IQ4_NL[code]) + 128);
            assert_eq!(i32::from(E2M1::TABLE[code]), i32::from(E2M1_DOUBLED[code]) + 12);
        }
    }
}
