//! AMX tiles for many tokens.
//!
//! Some rows of the matrix, some columns at a time, become bfloat16 in the
//! second cache; then `tdpbf16ps` multiplies them with all tokens, and sums
//! are f32, which lie where the products go. Making the panels takes a small
//! part of the time, since every token uses them. Weights that are f32 stay
//! what they are, and go to AVX-512's products. `gemv` is that of
//! [`avx512`](crate::tier::avx512).

mod gated;
mod machine;
mod panel;
mod product;
#[cfg(test)]
mod tests;
pub mod tiles;

use std::ops::Range;

use product::Panels;
use tiles::Tiles;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Codes, Packed, TILE_ROWS};
use crate::tier::scalar::Scalar;
use crate::tier::{Kernels, KernelsRef, Scratch, Tier, avx512};

/// Tiles of the matrix that are made together, at most.
const PANEL_TILES: usize = 16;
/// Groups of columns that are made together, at most: with the tiles, 224 KiB.
/// Two tiles of them stay in the first cache while all tokens are multiplied
/// with them.
const PANEL_GROUPS: usize = 14;

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

    fn activations(&self, tokens: usize, columns: usize) -> Activations {
        Activations::new(tokens, columns).with_bf16()
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
        if weight.layout().codes == Codes::F32 || input.bf16.is_empty() {
            // Rounded to bfloat16, such weights would lose what they are kept for.
            return avx512::gemm(weight, tiles, input, output);
        }
        let panels = Panels { weight, input, registers: &Tiles::configure() };
        let room = scratch.bytes(panel::BYTES);
        for first in tiles.clone().step_by(PANEL_TILES) {
            let panel = first..tiles.end.min(first + PANEL_TILES);
            if !panels.multiply(panel, first * TILE_ROWS, output, room) {
                return Scalar.gemv(weight, tiles, input, output);
            }
        }
    }

    fn takes_bf16(&self) -> bool {
        true
    }

    fn multiplies_gated(&self, gate: &Packed, up: &Packed) -> bool {
        gated::can(gate, up)
    }

    unsafe fn gated(
        &self,
        [gate, up]: [&Packed; 2],
        tiles: Range<usize>,
        input: &Activations,
        output: &Activations,
        scratch: &mut Scratch,
    ) {
        // SAFETY: the caller's promise.
        unsafe { gated::gated([gate, up], tiles, input, output, scratch) };
    }
}
