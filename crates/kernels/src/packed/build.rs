//! From a file's rows to tiles.

use std::ops::Range;

use crate::packed::codes::write_group;
use crate::packed::header::write_scales;
use crate::packed::{Codes, Layout, TILE_ROWS};
use crate::source::{GROUP, Source, group_codes};

/// Writes a range of tiles of one matrix.
#[derive(Debug)]
pub struct TileWriter<'p> {
    layout: Layout,
    tiles: Range<usize>,
    bytes: &'p mut [u8],
}

impl<'p> TileWriter<'p> {
    pub(super) fn new(layout: Layout, tiles: Range<usize>, bytes: &'p mut [u8]) -> Self {
        Self { layout, tiles, bytes }
    }

    /// Reads the rows of its tiles from `source`, the matrix that the room
    /// was made for.
    pub fn write(&mut self, source: &Source<'_>) {
        let blocks = source.columns.div_ceil(self.layout.block_columns());
        let block_bytes = self.layout.block_bytes();
        let tiles = self.bytes.chunks_exact_mut(blocks * block_bytes);
        for (tile, bytes) in self.tiles.clone().zip(tiles) {
            let rows = tile * TILE_ROWS..((tile + 1) * TILE_ROWS).min(source.rows);
            for (block, bytes) in bytes.chunks_exact_mut(block_bytes).enumerate() {
                write_block(source, self.layout, rows.clone(), block, bytes);
            }
        }
    }
}

fn write_block(
    source: &Source<'_>,
    layout: Layout,
    rows: Range<usize>,
    block: usize,
    out: &mut [u8],
) {
    let (header, codes) = out.split_at_mut(layout.scales.header_bytes());
    for (lane, row) in rows.clone().enumerate() {
        write_scales(source, layout.scales, row, block, lane, header);
    }
    let groups = source.columns / GROUP;
    let first = block * layout.block_groups();
    for (group, out) in (first..groups).zip(codes.chunks_exact_mut(layout.codes.group_bytes())) {
        match layout.codes {
            Codes::F16 | Codes::BF16 => write_floats::<2>(source, rows.clone(), group, out),
            Codes::F32 => write_floats::<4>(source, rows.clone(), group, out),
            kind => {
                let mut codes = [[0; GROUP]; TILE_ROWS];
                for (codes, row) in codes.iter_mut().zip(rows.clone()) {
                    *codes = group_codes(source, source.row_bytes(row), group);
                }
                write_group(&codes, kind, out);
            }
        }
    }
}

/// Floats of `N` bytes: lanes of 32 bits, one a row.
fn write_floats<const N: usize>(
    source: &Source<'_>,
    rows: Range<usize>,
    group: usize,
    out: &mut [u8],
) {
    for (lane, row) in rows.enumerate() {
        let from = &source.row_bytes(row)[group * GROUP * N..(group + 1) * GROUP * N];
        for (vector, four) in from.chunks_exact(4).enumerate() {
            let at = vector * 64 + lane * 4;
            out[at..at + 4].copy_from_slice(four);
        }
    }
}
