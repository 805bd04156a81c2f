//! Panels of weights with all tokens.

use std::ops::Range;

use super::PANEL_GROUPS;
use super::panel::Panel;
use super::tiles::{BLOCK, States, TILE_BYTES, Tiles};
use crate::activations::Activations;
use crate::output::{Block, Output};
use crate::packed::{Packed, TILE_ROWS};
use crate::source::GROUP;
use crate::tier::avx512::layouts::visit;

/// A matrix and the states that it is multiplied with.
pub struct Panels<'a> {
    pub weight: &'a Packed,
    pub input: &'a Activations,
    pub registers: &'a Tiles,
}

impl Panels<'_> {
    /// Multiplies some tiles, at most [`PANEL_TILES`](super::PANEL_TILES), into
    /// the output's numbers from `row` on. `false` where the layout has no code
    /// of its own; nothing was done then. `room` is a panel's.
    pub fn multiply(
        &self,
        tiles: Range<usize>,
        row: usize,
        output: &mut Output<'_>,
        room: &mut [u8],
    ) -> bool {
        let weight = self.weight;
        let rows = (tiles.end * TILE_ROWS).min(weight.rows()) - tiles.start * TILE_ROWS;
        let groups = weight.columns() / GROUP;
        let together = groups.div_ceil(groups.div_ceil(PANEL_GROUPS));
        for start in (0..groups).step_by(together) {
            let groups = start..groups.min(start + together);
            let part =
                Panel { weight, tiles: tiles.clone(), groups: groups.clone(), out: &mut *room };
            if !visit(weight.layout(), part) {
                return false;
            }
            let product = Product { input: self.input, rows: row..row + rows, groups, panel: room };
            product.add(self.registers, output);
        }
        true
    }
}

/// Some rows of a matrix over some groups of columns, and the states.
struct Product<'a> {
    input: &'a Activations,
    /// Where they go.
    rows: Range<usize>,
    groups: Range<usize>,
    /// `[tile][group]`, tiles [`PANEL_GROUPS`] groups apart.
    panel: &'a [u8],
}

impl Product<'_> {
    /// Adds the products to those of the columns before, which are in the
    /// output.
    fn add(&self, registers: &Tiles, output: &mut Output<'_>) {
        let fresh = self.groups.start == 0 && !output.adds();
        // Two tiles of weights stay in the first cache for all tokens.
        for row in self.rows.clone().step_by(BLOCK) {
            let rows = row..self.rows.end.min(row + BLOCK);
            for token in (0..self.input.tokens()).step_by(BLOCK) {
                let tokens = token..self.input.tokens().min(token + BLOCK);
                let states = self.states(token);
                if tokens.len() == BLOCK && rows.len() == BLOCK {
                    let mut sums = output.block(tokens, rows.clone());
                    registers.add(states, self.tiles(row), &mut sums, fresh);
                } else {
                    let mut edge = [0.0; BLOCK * BLOCK];
                    let lines = || tokens.clone().enumerate();
                    for (line, token) in lines().filter(|_| !fresh) {
                        edge[line * BLOCK..][..rows.len()].copy_from_slice(output.part(
                            token,
                            rows.start,
                            rows.len(),
                        ));
                    }
                    let mut sums = Block::of(&mut edge, BLOCK);
                    registers.add(states, self.tiles(row), &mut sums, fresh);
                    for (line, token) in lines() {
                        output
                            .part(token, rows.start, rows.len())
                            .copy_from_slice(&edge[line * BLOCK..][..rows.len()]);
                    }
                }
            }
        }
    }

    /// The states of a block of tokens, those beyond the last among them.
    fn states(&self, token: usize) -> States<'_> {
        let stride = self.input.bf16_stride();
        States { bits: &self.input.bf16[token * stride + self.groups.start * GROUP..], stride }
    }

    /// The tile of a row and the one after it; a last one is taken twice, and
    /// its second sums are dropped.
    fn tiles(&self, row: usize) -> [&[u8]; 2] {
        let last = (self.rows.len() - 1) / TILE_ROWS;
        let first = (row - self.rows.start) / TILE_ROWS;
        [first, (first + 1).min(last)].map(|tile| {
            &self.panel[tile * PANEL_GROUPS * TILE_BYTES..][..self.groups.len() * TILE_BYTES]
        })
    }
}
