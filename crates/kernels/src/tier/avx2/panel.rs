//! Several tokens: some tiles at a time, a panel of columns of each unpacked
//! into the caches and multiplied with all tokens.

use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Packed, TILE_ROWS};

/// Unpacks and multiplies matrices of one layout.
pub trait Engine {
    /// Tiles that are read at once: as many streams from memory, and as many
    /// uses of a panel of states. Their panels lie in the caches.
    const TILES: usize;
    /// Columns of a panel, a multiple of every block of the engine's layouts.
    const COLUMNS: usize;
    /// Bytes of an unpacked panel.
    const BYTES: usize;
    /// Tokens that are multiplied at once.
    const TOKENS: usize;

    /// Unpacks some blocks that follow one another.
    ///
    /// # Safety
    /// `from` has the blocks, on a multiple of 64, and `to` a panel's bytes,
    /// likewise; the machine has the instructions.
    unsafe fn unpack(&self, from: *const u8, blocks: usize, to: *mut u8);

    /// Adds the products of a panel that begins at `column` with some tokens,
    /// at most [`TOKENS`](Self::TOKENS), to `[token][row 16]` sums.
    ///
    /// # Safety
    /// The panel was unpacked, the tokens are the input's, whose columns
    /// reach to the panel's end, and `sums` has room for the tokens.
    unsafe fn multiply(
        &self,
        panel: *const u8,
        column: usize,
        columns: usize,
        tokens: Range<usize>,
        sums: *mut f32,
    );

    /// Asks for the states of some tokens ahead.
    fn prefetch(&self, column: usize, tokens: Range<usize>);
}

/// Bytes that [`product`] needs.
pub fn scratch_bytes<E: Engine>(tokens: usize) -> usize {
    E::TILES * (E::BYTES + tokens * TILE_ROWS * size_of::<f32>())
}

/// Multiplies the rows of some tiles with all tokens.
///
/// # Safety
/// The engine is of the weight's layout and of the input, the shapes fit, and
/// `scratch` has [`scratch_bytes`] on a multiple of 64.
pub unsafe fn product<E: Engine>(
    engine: &E,
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    output: &mut Output<'_>,
    scratch: *mut u8,
) {
    let layout = weight.layout();
    let (tokens, blocks) = (input.tokens(), weight.blocks());
    let panel_blocks = E::COLUMNS / layout.block_columns();
    let base: *mut f32 = scratch.wrapping_add(E::TILES * E::BYTES).cast();
    let sums_of =
        |tile: usize, token: usize| base.wrapping_add((tile * tokens + token) * TILE_ROWS);
    let mut first = tiles.start;
    while first < tiles.end {
        let count = E::TILES.min(tiles.end - first);
        // SAFETY: room for the sums of `E::TILES` tiles lies after the panels.
        unsafe { base.write_bytes(0, count * tokens * TILE_ROWS) };
        for block in (0..blocks).step_by(panel_blocks) {
            let here = panel_blocks.min(blocks - block);
            let (column, columns) = (block * layout.block_columns(), here * layout.block_columns());
            for tile in 0..count {
                let from = &weight.tile(first + tile)[block * layout.block_bytes()..];
                // SAFETY: the tile has these blocks, and a panel holds them.
                unsafe { engine.unpack(from.as_ptr(), here, scratch.add(tile * E::BYTES)) };
            }
            for token in (0..tokens).step_by(E::TOKENS) {
                let these = token..tokens.min(token + E::TOKENS);
                engine.prefetch(column, these.end..tokens.min(these.end + E::TOKENS));
                for tile in 0..count {
                    // SAFETY: the panel was unpacked just now; the input has
                    // the tokens and, padded, the columns.
                    unsafe {
                        let panel = scratch.add(tile * E::BYTES);
                        let sums = sums_of(tile, token);
                        engine.multiply(panel, column, columns, these.clone(), sums);
                    }
                }
            }
        }
        // Token by token: the rows of the tiles lie beside one another there.
        for token in 0..tokens {
            for tile in 0..count {
                // SAFETY: the sums of the tile and the token, as above.
                let products = unsafe { &*sums_of(tile, token).cast::<[f32; TILE_ROWS]>() };
                output.store(token, (first + tile) * TILE_ROWS, weight.rows(), products);
            }
        }
        first += count;
    }
}
