//! A matrix as the kernels read it.
//!
//! Sixteen rows are a **tile**; tiles follow one another, and a product walks
//! through a tile from its first column to its last. Within a tile, columns
//! come in **blocks** of 32 to 256: first the scales of the block for all
//! sixteen rows, then its codes in **groups** of 32 columns. Everything begins
//! on a multiple of 64 bytes.
//!
//! Four columns of sixteen rows are a **quad**, 64 bytes: byte `4 · row + i` is
//! column `i`. That is what a product of bytes takes (`vpdpbusd`, `vpmaddubsw`,
//! `sdot`): four neighbouring columns of a row in one 32-bit lane. A group has
//! eight quads. Narrow codes share bytes so that a shift and a mask part them:
//!
//! | plane | vectors of 64 bytes a group | vector `v` holds |
//! |---|---|---|
//! | 8 bits | 8 | quad `v` |
//! | 4 bits | 4 | quad `v` in the low half of each byte, quad `v + 4` in the high |
//! | 2 bits | 2 | quad `v + 2j` in bits `2j` and `2j + 1` |
//! | 1 bit | 1 | quad `j` in bit `j` |
//!
//! Codes of 3 bits are a plane of 2 and one of 1 (their third bit), codes of 5
//! a plane of 4 and one of 1, codes of 6 a plane of 4 and one of 2. Floats of
//! 16 bits lie in pairs: vector `v` (of 16) has columns `2v` and `2v + 1` of
//! row `r` in lane `r`; of 32 bits: vector `v` (of 32) has column `v`.

mod build;
mod codes;
mod header;
mod layout;
mod row;

use std::ops::Range;

pub use build::TileWriter;
pub use header::read_scale;
pub use layout::{Codes, Layout, Scales};
pub use row::read_value;

use crate::buffer::{Arena, Buffer};
use crate::source::Source;

/// Rows of a tile.
pub const TILE_ROWS: usize = 16;

/// A matrix as the kernels read it: see the module's page for the layout.
#[derive(Debug)]
pub struct Packed {
    layout: Layout,
    rows: usize,
    columns: usize,
    bytes: Buffer,
}

impl Packed {
    /// Lays a matrix out, on the calling thread.
    pub fn new(source: &Source<'_>) -> Self {
        let mut packed = Self::empty(source, &Arena::new(0));
        let all = 0..packed.tiles();
        for mut tile in packed.writers(&[all]) {
            tile.write(source);
        }
        packed
    }

    /// Room for a matrix in an arena. Each range of tiles that is asked of
    /// [`writers`](Self::writers) can be written by another thread.
    pub fn empty(source: &Source<'_>, arena: &Arena) -> Self {
        let layout = Layout::of(source.kind);
        let blocks = source.columns.div_ceil(layout.block_columns());
        let tiles = source.rows.div_ceil(TILE_ROWS);
        let bytes = arena.zeroed(tiles * blocks * layout.block_bytes());
        Self { layout, rows: source.rows, columns: source.columns, bytes }
    }

    /// How its numbers are coded.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Tiles; the last one may have rows that are not the matrix's. They are
    /// zero, and no product writes them.
    pub fn tiles(&self) -> usize {
        self.rows.div_ceil(TILE_ROWS)
    }

    /// Blocks of a tile. The last one may have columns beyond the matrix's,
    /// whose scale is zero.
    pub fn blocks(&self) -> usize {
        self.columns.div_ceil(self.layout.block_columns())
    }

    /// Bytes of a tile.
    pub fn tile_bytes(&self) -> usize {
        self.blocks() * self.layout.block_bytes()
    }

    /// The bytes of one tile, on a multiple of 64.
    pub fn tile(&self, tile: usize) -> &[u8] {
        &self.bytes.bytes()[tile * self.tile_bytes()..(tile + 1) * self.tile_bytes()]
    }

    /// All its bytes in memory.
    pub fn size_bytes(&self) -> usize {
        self.bytes.bytes().len()
    }

    /// What writes each of some ranges of tiles, which follow one another
    /// from the first tile on.
    ///
    /// # Panics
    /// Where they do not, or reach beyond the last tile.
    pub fn writers(&mut self, ranges: &[Range<usize>]) -> Vec<TileWriter<'_>> {
        let (layout, length) = (self.layout, self.tile_bytes());
        let mut rest = self.bytes.bytes_mut();
        let mut next = 0;
        let mut writers = Vec::with_capacity(ranges.len());
        for range in ranges {
            assert_eq!(range.start, next, "ranges of tiles follow one another");
            let (bytes, after) = rest.split_at_mut(range.len() * length);
            writers.push(TileWriter::new(layout, range.clone(), bytes));
            (rest, next) = (after, range.end);
        }
        writers
    }
}

#[cfg(test)]
mod tests;
