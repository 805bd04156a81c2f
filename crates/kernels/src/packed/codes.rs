//! Codes of a group, sixteen rows at once.

use crate::packed::{Codes, TILE_ROWS};
use crate::source::GROUP;

/// A vector of the layout.
const VECTOR: usize = 64;

/// Four columns of sixteen rows.
type Quad = [u8; VECTOR];

/// Writes the codes of 32 columns of sixteen rows into their planes.
pub fn write_group(codes: &[[u8; GROUP]; TILE_ROWS], kind: Codes, out: &mut [u8]) {
    let mut quads = [[0; VECTOR]; 8];
    for (row, codes) in codes.iter().enumerate() {
        for (quad, four) in quads.iter_mut().zip(codes.chunks_exact(4)) {
            quad[row * 4..row * 4 + 4].copy_from_slice(four);
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

fn plane_of_4(quads: &[Quad; 8], out: &mut [u8]) {
    for (v, out) in out.chunks_exact_mut(VECTOR).enumerate() {
        for (i, out) in out.iter_mut().enumerate() {
            *out = (quads[v][i] & 15) | (quads[v + 4][i] << 4);
        }
    }
}

fn plane_of_2(quads: &[Quad; 8], shift: u32, out: &mut [u8]) {
    for (v, out) in out.chunks_exact_mut(VECTOR).enumerate() {
        for (i, out) in out.iter_mut().enumerate() {
            let bits = |j: usize| ((quads[v + 2 * j][i] >> shift) & 3) << (2 * j);
            *out = bits(0) | bits(1) | bits(2) | bits(3);
        }
    }
}

fn plane_of_1(quads: &[Quad; 8], shift: u32, out: &mut [u8]) {
    for (i, out) in out.iter_mut().enumerate() {
        *out = 0;
        for (j, quad) in quads.iter().enumerate() {
            *out |= ((quad[i] >> shift) & 1) << j;
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
