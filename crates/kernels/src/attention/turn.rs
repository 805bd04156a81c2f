//! Rows of bfloat16 as the sides of AMX's products.
//!
//! A product's right side is `[pair][lane]`: a lane holds two neighbours of the
//! sum. Its left side is `[row][number]`. Values come as `[slot][number]`, and
//! sums of them run over slots.

use std::arch::x86_64::{
    __m512, __m512i, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_loadu_si512,
    _mm512_setzero_si512, _mm512_shuffle_f32x4, _mm512_shuffle_ps, _mm512_storeu_si512,
    _mm512_unpackhi_epi16, _mm512_unpackhi_ps, _mm512_unpacklo_epi16, _mm512_unpacklo_ps,
};

use crate::vector::lanes::LANES;

/// A tile of pairs of bfloat16.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Tile(pub [[u32; LANES]; LANES]);

/// Zeros.
pub const NO_TILE: Tile = Tile([[0; LANES]; LANES]);

/// Numbers that [`pairs`] takes of each row.
pub const NUMBERS: usize = 2 * LANES;

/// The number, of [`NUMBERS`], that a lane of one of the two tiles holds that
/// [`pairs`] makes.
pub const fn number_of(tile: usize, lane: usize) -> usize {
    lane / 4 * 8 + tile * 4 + lane % 4
}

/// Slots in pairs, `[pair][lane]`: numbers `at` to `at + 32` of `slots` rows
/// that are `row` numbers long. Slots beyond are zeros. Which number a lane
/// has, [`number_of`] says.
///
/// # Safety
/// The machine has the instructions.
///
/// # Panics
/// Where the rows have no such numbers.
#[target_feature(enable = "avx512f,avx512bw")]
pub unsafe fn pairs(rows: &[u16], row: usize, at: usize, slots: usize, tiles: [&mut Tile; 2]) {
    assert!(at + NUMBERS <= row && slots <= 2 * LANES && slots * row <= rows.len());
    let [first, second] = tiles;
    let load = |slot: usize| {
        if slot < slots {
            // SAFETY: the row has these numbers.
            unsafe { _mm512_loadu_si512(rows.as_ptr().add(slot * row + at).cast()) }
        } else {
            _mm512_setzero_si512()
        }
    };
    for (pair, (first, second)) in first.0.iter_mut().zip(&mut second.0).enumerate() {
        let (even, odd) = (load(2 * pair), load(2 * pair + 1));
        // SAFETY: lanes are 64 bytes.
        unsafe {
            _mm512_storeu_si512(first.as_mut_ptr().cast(), _mm512_unpacklo_epi16(even, odd));
            _mm512_storeu_si512(second.as_mut_ptr().cast(), _mm512_unpackhi_epi16(even, odd));
        }
    }
}

/// Columns become rows: 64 bytes each, `stride` bytes apart.
///
/// # Safety
/// The machine has the instructions, and there is room for sixteen rows.
#[target_feature(enable = "avx512f")]
pub unsafe fn transpose(tile: &Tile, out: *mut u8, stride: usize) {
    let mut rows: [__m512; LANES] = std::array::from_fn(|row| {
        // SAFETY: lanes are 64 bytes.
        unsafe { _mm512_castsi512_ps(_mm512_loadu_si512(tile.0[row].as_ptr().cast())) }
    });
    // Fours of rows within parts of four lanes, then parts between rows.
    for four in rows.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = *four;
        let (low, high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        let (low2, high2) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        *four = [
            _mm512_shuffle_ps::<0x44>(low, low2),
            _mm512_shuffle_ps::<0xee>(low, low2),
            _mm512_shuffle_ps::<0x44>(high, high2),
            _mm512_shuffle_ps::<0xee>(high, high2),
        ];
    }
    for column in 0..4 {
        let parts = [rows[column], rows[4 + column], rows[8 + column], rows[12 + column]];
        let even = _mm512_shuffle_f32x4::<0x88>(parts[0], parts[1]);
        let odd = _mm512_shuffle_f32x4::<0xdd>(parts[0], parts[1]);
        let even2 = _mm512_shuffle_f32x4::<0x88>(parts[2], parts[3]);
        let odd2 = _mm512_shuffle_f32x4::<0xdd>(parts[2], parts[3]);
        let turned: [__m512; 4] = [
            _mm512_shuffle_f32x4::<0x88>(even, even2),
            _mm512_shuffle_f32x4::<0x88>(odd, odd2),
            _mm512_shuffle_f32x4::<0xdd>(even, even2),
            _mm512_shuffle_f32x4::<0xdd>(odd, odd2),
        ];
        for (part, turned) in turned.into_iter().enumerate() {
            let bits: __m512i = _mm512_castps_si512(turned);
            // SAFETY: the caller has the room.
            unsafe { _mm512_storeu_si512(out.add((part * 4 + column) * stride).cast(), bits) };
        }
    }
}

/// Tiles as products take them.
pub fn bytes(tiles: &[Tile]) -> &[u8] {
    // SAFETY: tiles are bytes without gaps.
    unsafe { std::slice::from_raw_parts(tiles.as_ptr().cast(), size_of_val(tiles)) }
}

/// The nearest bfloat16 of a number from 0 to 1, halves up, in the upper bits.
/// What is no number shows in the sum.
#[inline(always)]
pub fn rounded(weight: f32) -> u32 {
    weight.to_bits().wrapping_add(0x8000) & 0xffff_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_rows_are_where_they_are_said_to_be() {
        if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")) {
            return;
        }
        let (row, slots) = (80, 29);
        let rows: Vec<u16> = (0..32 * row as u16).collect();
        let (mut first, mut second) = (NO_TILE, NO_TILE);
        // SAFETY: the machine has the instructions.
        unsafe { pairs(&rows, row, 40, slots, [&mut first, &mut second]) };
        for (number, tile) in [first, second].iter().enumerate() {
            let mut turned = NO_TILE;
            // SAFETY: as above, and a tile has room for sixteen rows.
            unsafe { transpose(tile, turned.0.as_mut_ptr().cast(), 64) };
            for lane in 0..LANES {
                for pair in 0..LANES {
                    let of = |slot: usize| {
                        let at = slot * row + 40 + number_of(number, lane);
                        if slot < slots { u32::from(rows[at]) } else { 0 }
                    };
                    let expect = of(2 * pair) | of(2 * pair + 1) << 16;
                    assert_eq!(tile.0[pair][lane], expect, "{number} {pair} {lane}");
                    assert_eq!(turned.0[lane][pair], expect, "{number} {pair} {lane}");
                }
            }
        }
    }
}
