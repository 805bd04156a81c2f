//! Codes of a group, sixteen rows at once.

use crate::packed::{Codes, TILE_ROWS};
use crate::source::GROUP;

/// A vector of the layout.
const VECTOR: usize = 64;

/// Four columns of sixteen rows.
type Quad = [u8; VECTOR];

/// Writes the codes of 32 columns of sixteen rows into their planes.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn write_group(codes: &[[u8; GROUP]; TILE_ROWS], kind: Codes, out: &mut [u8]) {
    let mut quads = [[0; VECTOR]; 8];
    for (row, codes) in codes.iter().enumerate() {
        for (quad, four) in quads.iter_mut().zip(codes.as_chunks::<4>().0) {
            quad.as_chunks_mut::<4>().0[row] = *four;
        }
    }
    match kind {
        Codes::Bits2 => plane_of_2(&quads, 0, out),
        Codes::Bits3 => {
            plane_of_2(&quads, 0, &mut out[..128]);
            plane_of_1(&quads, 2, &mut out[128..]);
        }
        Codes::Bits4 | Codes::Iq4Nl | Codes::E2M1 => plane_of_4(&quads, out),
        Codes::Bits5 => {
            plane_of_4(&quads, &mut out[..256]);
            plane_of_1(&quads, 4, &mut out[256..]);
        }
        Codes::Bits6 => {
            plane_of_4(&quads, &mut out[..256]);
            plane_of_2(&quads, 4, &mut out[256..]);
        }
        Codes::Bits8 | Codes::E4M3 => out.copy_from_slice(quads.as_flattened()),
        Codes::F16 | Codes::BF16 | Codes::F32 => {}
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn plane_of_4(quads: &[Quad; 8], out: &mut [u8]) {
    let (low, high) = quads.split_at(4);
    for (out, (low, high)) in out.as_chunks_mut::<VECTOR>().0.iter_mut().zip(low.iter().zip(high)) {
        for (out, (low, high)) in out.iter_mut().zip(low.iter().zip(high)) {
            *out = (low & 15) | (high << 4);
        }
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn plane_of_2(quads: &[Quad; 8], shift: u32, out: &mut [u8]) {
    for (v, out) in out.as_chunks_mut::<VECTOR>().0.iter_mut().enumerate().take(2) {
        *out = [0; VECTOR];
        for j in 0..4 {
            for (out, code) in out.iter_mut().zip(&quads[v + 2 * j]) {
                *out |= ((code >> shift) & 3) << (2 * j);
            }
        }
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn plane_of_1(quads: &[Quad; 8], shift: u32, out: &mut [u8]) {
    for out in out.as_chunks_mut::<VECTOR>().0.iter_mut().take(1) {
        *out = [0; VECTOR];
        for (j, quad) in quads.iter().enumerate() {
            for (out, code) in out.iter_mut().zip(quad) {
                *out |= ((code >> shift) & 1) << j;
            }
        }
    }
}

/// Reads one code back: `column` of 32, `row` of sixteen.
pub fn read_code(group: &[u8], kind: Codes, row: usize, column: usize) -> u8 {
    let (quad, at) = (column / 4, row * 4 + column % 4);
    let four = |plane: &[u8]| (plane[quad % 4 * VECTOR + at] >> (4 * (quad / 4))) & 15;
    let two = |plane: &[u8]| (plane[quad % 2 * VECTOR + at] >> (2 * (quad / 2))) & 3;
    let one = |plane: &[u8]| (plane[at] >> quad) & 1;
    match kind {
        Codes::Bits2 => two(group),
        Codes::Bits3 => two(group) | (one(&group[128..]) << 2),
        Codes::Bits4 | Codes::Iq4Nl | Codes::E2M1 => four(group),
        Codes::Bits5 => four(group) | (one(&group[256..]) << 4),
        Codes::Bits6 => four(group) | (two(&group[256..]) << 4),
        Codes::Bits8 | Codes::E4M3 => group[quad * VECTOR + at],
        Codes::F16 | Codes::BF16 | Codes::F32 => 0,
    }
}
