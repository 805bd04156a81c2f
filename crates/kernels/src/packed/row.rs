//! A row of a packed matrix as plain numbers.

use crate::packed::codes::read_code;
use crate::packed::header::read_scale;
use crate::packed::{Codes, Packed, TILE_ROWS};
use crate::source::{E2M1_DOUBLED, GROUP, IQ4_NL, bf16_at, e4m3, f16_at, f32_at};

impl Packed {
    /// Writes the numbers of one row, as [`Source::dequantise_row`] does.
    ///
    /// [`Source::dequantise_row`]: crate::Source::dequantise_row
    ///
    /// # Panics
    /// Where `row` is none of the matrix or `out` is not as long as a row.
    pub fn dequantise_row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows && out.len() == self.columns);
        let (layout, lane) = (self.layout, row % TILE_ROWS);
        let blocks = self.tile(row / TILE_ROWS).chunks_exact(layout.block_bytes());
        for (block, out) in blocks.zip(out.chunks_mut(layout.block_columns())) {
            let (header, codes) = block.split_at(layout.scales.header_bytes());
            let groups = codes.chunks_exact(layout.codes.group_bytes());
            for (group, (codes, out)) in groups.zip(out.chunks_exact_mut(GROUP)).enumerate() {
                for (half, out) in out.chunks_exact_mut(GROUP / 2).enumerate() {
                    let doubled = layout.codes == Codes::E2M1;
                    let (scale, min) =
                        read_scale(layout.scales, header, doubled, lane, group * 2 + half);
                    let zero = f32::from(layout.scales.zero());
                    for (i, out) in out.iter_mut().enumerate() {
                        let value = read_value(codes, layout.codes, lane, half * 16 + i);
                        *out = scale * (value - zero) + min;
                    }
                }
            }
        }
    }
}

/// What a code stands for, twice that for E2M1.
pub fn read_value(group: &[u8], kind: Codes, lane: usize, column: usize) -> f32 {
    let code = || read_code(group, kind, lane, column);
    let pair = || &group[column / 2 * 64 + lane * 4..];
    match kind {
        Codes::Iq4Nl => f32::from(IQ4_NL[code() as usize]),
        Codes::E2M1 => f32::from(E2M1_DOUBLED[code() as usize]),
        Codes::E4M3 => e4m3(code()),
        Codes::F16 => f16_at(pair(), column % 2),
        Codes::BF16 => bf16_at(pair(), column % 2),
        Codes::F32 => f32_at(&group[column * 64..], lane),
        _ => f32::from(code()),
    }
}
