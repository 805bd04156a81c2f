//! From a file's rows to tiles.

use std::ops::Range;

use crate::packed::codes::write_group;
use crate::packed::header::write_scales;
use crate::packed::{Codes, Layout, TILE_ROWS};
use crate::source::{GROUP, Source, group_codes};
use crate::weight_type::WeightType;

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
            #[cfg(target_arch = "x86_64")]
            if std::is_x86_feature_detected!("avx2") {
                // SAFETY: the feature is there.
                unsafe { write_with_avx2(source, rows, bytes) };
                continue;
            }
            if cfg!(target_arch = "aarch64") {
                write_known(source, rows, bytes);
            } else {
                write_tile(source, rows, bytes);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn write_with_avx2(source: &Source<'_>, rows: Range<usize>, bytes: &mut [u8]) {
    write_known(source, rows, bytes);
}

/// Each type has a copy of the code in which its number is known. Without
/// optimisation a copy is only long: hence the condition on inlining, here and
/// in all that is called.
#[cfg_attr(not(debug_assertions), inline(always))]
fn write_known(source: &Source<'_>, rows: Range<usize>, bytes: &mut [u8]) {
    macro_rules! write {
        ($kind:expr) => {
            write_tile(&Source { kind: $kind, ..*source }, rows, bytes)
        };
    }
    match source.kind {
        WeightType::F32 => write!(WeightType::F32),
        WeightType::F16 => write!(WeightType::F16),
        WeightType::BF16 => write!(WeightType::BF16),
        WeightType::Q4_0 => write!(WeightType::Q4_0),
        WeightType::Q4_1 => write!(WeightType::Q4_1),
        WeightType::Q5_0 => write!(WeightType::Q5_0),
        WeightType::Q5_1 => write!(WeightType::Q5_1),
        WeightType::Q8_0 => write!(WeightType::Q8_0),
        WeightType::Q2_K => write!(WeightType::Q2_K),
        WeightType::Q3_K => write!(WeightType::Q3_K),
        WeightType::Q4_K => write!(WeightType::Q4_K),
        WeightType::Q5_K => write!(WeightType::Q5_K),
        WeightType::Q6_K => write!(WeightType::Q6_K),
        WeightType::IQ4_NL => write!(WeightType::IQ4_NL),
        WeightType::MXFP4 => write!(WeightType::MXFP4),
        WeightType::MlxMxfp4 => write!(WeightType::MlxMxfp4),
        WeightType::MlxMxfp8 => write!(WeightType::MlxMxfp8),
        WeightType::MlxNvfp4 => write!(WeightType::MlxNvfp4),
        WeightType::MlxAffine { bits, group, scale } => match bits {
            2 => write!(WeightType::MlxAffine { bits: 2, group, scale }),
            3 => write!(WeightType::MlxAffine { bits: 3, group, scale }),
            4 => write!(WeightType::MlxAffine { bits: 4, group, scale }),
            5 => write!(WeightType::MlxAffine { bits: 5, group, scale }),
            6 => write!(WeightType::MlxAffine { bits: 6, group, scale }),
            _ => write!(WeightType::MlxAffine { bits: 8, group, scale }),
        },
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn write_tile(source: &Source<'_>, rows: Range<usize>, bytes: &mut [u8]) {
    let layout = Layout::of(source.kind);
    let mut lanes: [&[u8]; TILE_ROWS] = [&[]; TILE_ROWS];
    for (lane, row) in lanes.iter_mut().zip(rows.clone()) {
        *lane = source.row_bytes(row);
    }
    let lanes = &lanes[..rows.len()];
    for (block, bytes) in bytes.chunks_exact_mut(layout.block_bytes()).enumerate() {
        write_block(source, layout, rows.start, lanes, block, bytes);
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn write_block(
    source: &Source<'_>,
    layout: Layout,
    first_row: usize,
    lanes: &[&[u8]],
    block: usize,
    out: &mut [u8],
) {
    let (header, codes) = out.split_at_mut(layout.scales.header_bytes());
    for (lane, row) in lanes.iter().enumerate() {
        write_scales(source, layout.scales, first_row + lane, row, block, lane, header);
    }
    let groups = source.columns / GROUP;
    let first = block * layout.block_groups();
    for (group, out) in (first..groups).zip(codes.chunks_exact_mut(layout.codes.group_bytes())) {
        match layout.codes {
            Codes::F16 | Codes::BF16 => write_floats::<2>(lanes, group, out),
            Codes::F32 => write_floats::<4>(lanes, group, out),
            kind => {
                let mut codes = [[0; GROUP]; TILE_ROWS];
                for (codes, row) in codes.iter_mut().zip(lanes) {
                    *codes = group_codes(source, row, group);
                }
                write_group(&codes, kind, out);
            }
        }
    }
}

/// Floats of `N` bytes: lanes of 32 bits, one a row.
#[cfg_attr(not(debug_assertions), inline(always))]
fn write_floats<const N: usize>(lanes: &[&[u8]], group: usize, out: &mut [u8]) {
    for (lane, row) in lanes.iter().enumerate() {
        let from = &row[group * GROUP * N..(group + 1) * GROUP * N];
        for (vector, four) in from.chunks_exact(4).enumerate() {
            let at = vector * 64 + lane * 4;
            out[at..at + 4].copy_from_slice(four);
        }
    }
}
