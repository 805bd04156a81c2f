//! Weights as bfloat16, in pairs of columns, as `tdpbf16ps` takes them.

#![allow(clippy::wildcard_imports, reason = "the intrinsics, whose names are long enough")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::tiles::TILE_BYTES;
use super::{PANEL_GROUPS, PANEL_TILES};
use crate::packed::Packed;
use crate::prefetch::prefetch;
use crate::source::GROUP;
use crate::tier::avx512::codes::Code;
use crate::tier::avx512::floats::Float;
use crate::tier::avx512::layouts::Visitor;
use crate::tier::avx512::product::Walk;
use crate::tier::avx512::scales::Scale;

/// The room of a panel.
pub const BYTES: usize = PANEL_TILES * PANEL_GROUPS * TILE_BYTES;

/// Some tiles and some groups of a matrix, and where they go:
/// `[tile][group]`, tiles [`PANEL_GROUPS`] groups apart, each group 16 pairs
/// of columns of 16 rows.
pub struct Panel<'a, 'o> {
    pub weight: &'a Packed,
    pub tiles: Range<usize>,
    pub groups: Range<usize>,
    pub out: &'o mut [u8],
}

impl Visitor for Panel<'_, '_> {
    fn whole<C: Code, S: Scale>(self, scales: S) {
        // SAFETY: the tier is given out where the machine has the
        // instructions; groups are given as the layout's.
        self.each(|header, codes, g, out| unsafe { whole::<C, S>(scales, header, codes, g, out) });
    }

    fn floats<F: Float, S: Scale>(self, scales: S) {
        // SAFETY: as above.
        self.each(|header, codes, g, out| unsafe {
            floats::<F, S>(scales, header, codes, g, out);
        });
    }
}

impl Panel<'_, '_> {
    /// Calls `make` with header, codes, place in the block and room of each
    /// group.
    fn each(self, make: impl Fn(*const u8, *const u8, usize, &mut [u8; TILE_BYTES])) {
        let walk = Walk::of(self.weight);
        let room = self.out.chunks_exact_mut(PANEL_GROUPS * TILE_BYTES);
        for (number, room) in self.tiles.clone().zip(room) {
            let tile = self.weight.tile(number);
            let next = self.weight.tile((number + 1).min(self.tiles.end - 1));
            let (room, _) = room.as_chunks_mut::<TILE_BYTES>();
            for (group, out) in self.groups.clone().zip(room) {
                let (block, g) = (group / walk.groups, group % walk.groups);
                let header = block * walk.block_bytes;
                let codes = header + walk.header_bytes + g * walk.group_bytes;
                let group = codes..codes + walk.group_bytes;
                // A panel takes a small part of each tile, so what follows in
                // memory is not what is read next.
                prefetch(next[group.clone()].as_ptr(), walk.group_bytes);
                if g == 0 {
                    prefetch(next[header..].as_ptr(), walk.header_bytes);
                }
                make(tile[header..].as_ptr(), tile[group].as_ptr(), g, out);
            }
        }
    }
}

/// # Safety
/// The machine is able to; header and codes are those of the layout, and `g` is
/// a group of the block.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn whole<C: Code, S: Scale>(
    scales: S,
    header: *const u8,
    codes: *const u8,
    g: usize,
    out: &mut [u8; TILE_BYTES],
) {
    let byte = _mm512_set1_epi32(255);
    let zero = _mm512_set1_ps((scales.zero() + C::BIAS) as f32);
    // SAFETY: as the caller promised.
    let (head, quads) = unsafe { (scales.head(header), C::quads(codes)) };
    for half in 0..2 {
        if half == 1 && !S::BY_HALVES {
            break;
        }
        // SAFETY: as the caller promised.
        let (scale, min) = unsafe {
            (scales.scale(header, head, 2 * g + half), scales.min(header, head, 2 * g + half))
        };
        // What weight 0 lies from code 0.
        let min = _mm512_fnmadd_ps(zero, scale, min);
        let quads = if S::BY_HALVES { &quads[4 * half..4 * half + 4] } else { &quads[..] };
        for (i, quad) in quads.iter().enumerate() {
            let bytes = [
                _mm512_and_si512(*quad, byte),
                _mm512_and_si512(_mm512_srli_epi32::<8>(*quad), byte),
                _mm512_and_si512(_mm512_srli_epi32::<16>(*quad), byte),
                _mm512_srli_epi32::<24>(*quad),
            ];
            let mut columns = [_mm512_setzero_ps(); 4];
            for (column, code) in columns.iter_mut().zip(bytes) {
                *column = _mm512_fmadd_ps(_mm512_cvtepi32_ps(code), scale, min);
            }
            put(columns, 4 * half + i, out);
        }
    }
}

/// # Safety
/// As for [`whole`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn floats<F: Float, S: Scale>(
    scales: S,
    header: *const u8,
    codes: *const u8,
    g: usize,
    out: &mut [u8; TILE_BYTES],
) {
    // SAFETY: as the caller promised.
    let scale = unsafe { scales.scale(header, scales.head(header), 2 * g) };
    for quad in 0..GROUP / 4 {
        // SAFETY: as the caller promised.
        let mut columns = unsafe { F::columns(codes, quad) };
        for column in &mut columns {
            *column = _mm512_mul_ps(*column, scale);
        }
        put(columns, quad, out);
    }
}

/// Writes four columns of sixteen rows as two rows of pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn put(columns: [__m512; 4], quad: usize, out: &mut [u8; TILE_BYTES]) {
    // Numbers 0 to 15 are the first column's, 16 to 31 the second's.
    let in_pairs = _mm512_or_si512(
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        _mm512_slli_epi32::<16>(_mm512_setr_epi32(
            16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        )),
    );
    for (columns, out) in columns.chunks_exact(2).zip(out[quad * 128..][..128].chunks_exact_mut(64))
    {
        // SAFETY: vectors are 64 bytes of any content, and so is the room.
        unsafe {
            let both: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(columns[1], columns[0]));
            let pairs = _mm512_permutexvar_epi16(in_pairs, both);
            _mm512_storeu_si512(out.as_mut_ptr().cast(), pairs);
        }
    }
}
