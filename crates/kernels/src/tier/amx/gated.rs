//! The gated unit of a feed-forward network, made where its two products lie.

use std::ops::Range;

use super::panel;
use super::product::Panels;
use super::tiles::Tiles;
use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Codes, Packed, TILE_ROWS};
use crate::tier::{Scratch, Tier};
use crate::vector::vectors;

/// Tiles of each matrix that are made together: the products of hundreds of
/// tokens with them stay in the second cache.
const TILES: usize = 8;
const ROWS: usize = TILES * TILE_ROWS;

/// Whether these matrices may be multiplied so: neither is kept in f32, and one
/// row of both makes one number.
pub fn can(gate: &Packed, up: &Packed) -> bool {
    let rounded = |weight: &Packed| weight.layout().codes != Codes::F32;
    rounded(gate) && rounded(up) && gate.rows() == up.rows() && gate.columns() == up.columns()
}

/// See [`Kernels::gated`](crate::tier::Kernels::gated).
///
/// # Safety
/// As said there.
pub unsafe fn gated(
    [gate, up]: [&Packed; 2],
    tiles: Range<usize>,
    input: &Activations,
    output: &Activations,
    scratch: &mut Scratch,
) {
    assert!(can(gate, up) && tiles.end <= gate.tiles());
    assert!(gate.columns() == input.columns() && gate.rows() == output.columns());
    assert!(input.tokens() <= output.tokens() && !input.bf16.is_empty());
    let tokens = input.tokens();
    let (room, numbers) = scratch
        .bytes(panel::BYTES + 2 * tokens * ROWS * size_of::<f32>())
        .split_at_mut(panel::BYTES);
    // SAFETY: any bytes are numbers.
    let (_, numbers, _) = unsafe { numbers.align_to_mut::<f32>() };
    let (gates, ups) = numbers.split_at_mut(tokens * ROWS);
    let registers = &Tiles::configure();
    let vectors = vectors(Tier::Amx);
    for first in tiles.clone().step_by(TILES) {
        let tiles = first..tiles.end.min(first + TILES);
        let rows = first * TILE_ROWS..(tiles.end * TILE_ROWS).min(gate.rows());
        for (weight, products) in [(gate, &mut *gates), (up, &mut *ups)] {
            let panels = Panels { weight, input, registers };
            let made = panels.multiply(tiles.clone(), 0, &mut Output::new(products, ROWS), room);
            assert!(made, "every layout has code of its own, see the tests");
        }
        for (token, (gates, ups)) in
            gates.chunks_exact(ROWS).zip(ups.chunks_exact(ROWS)).enumerate()
        {
            // SAFETY: these columns are the caller's alone.
            let out = unsafe { output.bf16_mut(token, rows.clone()) };
            vectors.silu_mul_bf16(&gates[..rows.len()], &ups[..rows.len()], out);
        }
    }
}
