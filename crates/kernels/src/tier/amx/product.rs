//! A panel of weights with all tokens.

use std::ops::Range;

use super::PANEL_GROUPS;
use super::tiles::{BLOCK, States, TILE_BYTES, Tiles};
use crate::activations::Activations;
use crate::output::{Block, Output};
use crate::packed::TILE_ROWS;
use crate::source::GROUP;

/// Some rows of a matrix over some groups of columns, and the states.
pub struct Product<'a> {
    pub input: &'a Activations,
    pub rows: Range<usize>,
    pub groups: Range<usize>,
    /// `[tile][group]`, tiles [`PANEL_GROUPS`] groups apart.
    pub panel: &'a [u8],
}

impl Product<'_> {
    /// Adds the products to those of the columns before, which are in the
    /// output.
    pub fn add(&self, registers: &Tiles, output: &mut Output<'_>) {
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
