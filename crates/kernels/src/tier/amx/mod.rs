//! AMX tiles for many tokens.
//!
//! Some rows of the matrix, 512 columns at a time, become bfloat16 in the
//! second cache; then `tdpbf16ps` multiplies them with all tokens, and sums
//! are f32; weights that are f32 stay what they are, and go to AVX-512's
//! products. Making the panels takes a small part of the time, since every token uses
//! them. `gemv` is that of [`avx512`](crate::tier::avx512).

#![allow(clippy::wildcard_imports, reason = "the intrinsics, whose names are long enough")]

mod machine;
mod panel;
mod states;
#[cfg(test)]
mod tests;
mod tiles;

use std::ops::Range;

use panel::Panel;
use tiles::{TILE_BYTES, Tiles};

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Codes, Packed, TILE_ROWS};
use crate::source::GROUP;
use crate::tier::avx512::layouts::visit;
use crate::tier::scalar::Scalar;
use crate::tier::{Kernels, KernelsRef, Scratch, Tier, avx512};

/// Tiles of the matrix that are made together.
const PANEL_TILES: usize = 8;
/// Groups of columns that are made together: with the tiles, 128 KiB.
const PANEL_GROUPS: usize = 16;

/// The kernels, where this machine can run them.
pub fn kernels() -> Option<KernelsRef> {
    machine::available().then_some(&Amx as KernelsRef)
}

/// The tier. Only [`kernels`] gives it out, so that the machine is able to.
#[derive(Debug)]
struct Amx;

impl Kernels for Amx {
    fn tier(&self) -> Tier {
        Tier::Amx
    }

    fn gemv(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
    ) {
        avx512::gemv(weight, tiles, input, output);
    }

    fn gemm(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        assert!(tiles.end <= weight.tiles());
        assert_eq!(weight.columns(), input.columns());
        if weight.layout().codes == Codes::F32 {
            // Rounded to bfloat16, these would lose what they are kept for.
            return avx512::gemm(weight, tiles, input, output);
        }
        let groups = weight.columns() / GROUP;
        // Tokens come in pairs of tiles; those beyond the last are zeros.
        let token_tiles = input.tokens().div_ceil(2 * TILE_ROWS) * 2;
        let sizes = [
            token_tiles * groups * TILE_BYTES,
            PANEL_TILES * PANEL_GROUPS * TILE_BYTES,
            token_tiles * PANEL_TILES * TILE_BYTES,
        ];
        let (states, rest) = scratch.bytes(sizes.iter().sum()).split_at_mut(sizes[0]);
        let (weights, sums) = rest.split_at_mut(sizes[1]);
        states::pack(input, groups, states);
        let multiply = Tiles::configure();
        for first in tiles.clone().step_by(PANEL_TILES) {
            let panel = first..tiles.end.min(first + PANEL_TILES);
            for start in (0..groups).step_by(PANEL_GROUPS) {
                let columns = start..groups.min(start + PANEL_GROUPS);
                let room = &mut *weights;
                let task =
                    Panel { weight, tiles: panel.clone(), groups: columns.clone(), out: room };
                if !visit(weight.layout(), task) {
                    return Scalar.gemv(weight, tiles, input, output);
                }
                for tokens in (0..token_tiles).step_by(2) {
                    let state = |tile: usize| {
                        &states[((tokens + tile) * groups + columns.start) * TILE_BYTES..]
                            [..columns.len() * TILE_BYTES]
                    };
                    for rows in (0..panel.len()).step_by(2) {
                        // An odd last tile is taken twice; its second sums are dropped.
                        let weight = |tile: usize| {
                            let tile = (rows + tile).min(panel.len() - 1);
                            &weights[tile * PANEL_GROUPS * TILE_BYTES..]
                                [..columns.len() * TILE_BYTES]
                        };
                        let sums = &mut sums[(tokens * PANEL_TILES + 2 * rows) * TILE_BYTES..]
                            [..4 * TILE_BYTES];
                        let (states, weights) = ([state(0), state(1)], [weight(0), weight(1)]);
                        multiply.add(states, weights, sums, start == 0);
                    }
                }
            }
            store(weight, panel, input.tokens(), sums, output);
        }
    }
}

/// Hands out the sums of a panel: four tiles for each pair of tiles of tokens
/// and pair of tiles of rows, `[token tile 2][row tile 2][token 16][row 16]`.
fn store(
    weight: &Packed,
    panel: Range<usize>,
    tokens: usize,
    sums: &[u8],
    output: &mut Output<'_>,
) {
    for token in 0..tokens {
        let (pair, place, lane) =
            (token / (2 * TILE_ROWS), token / TILE_ROWS % 2, token % TILE_ROWS);
        for (number, tile) in panel.clone().enumerate() {
            let at = pair * 2 * PANEL_TILES + number / 2 * 4 + place * 2 + number % 2;
            let row = &sums[at * TILE_BYTES + lane * 4 * TILE_ROWS..][..4 * TILE_ROWS];
            let mut products = [0.0; TILE_ROWS];
            for (product, bytes) in products.iter_mut().zip(row.chunks_exact(4)) {
                *product = f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
            output.store(token, tile * TILE_ROWS, weight.rows(), &products);
        }
    }
}
