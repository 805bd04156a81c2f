//! The scales of a block, sixteen rows at once.

use half::f16;

use crate::packed::{Scales, TILE_ROWS};
use crate::source::{Source, bf16_at, e4m3, e8m0, f16_at, f32_at, scales_of_q3_k, scales_of_q4_k};
use crate::weight_type::{FloatType, WeightType};

/// Writes the scales of one row of the `block`-th block; `lane` is the row's
/// place in its tile, `bytes` are the row's.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn write_scales(
    source: &Source<'_>,
    scales: Scales,
    row: usize,
    bytes: &[u8],
    block: usize,
    lane: usize,
    out: &mut [u8],
) {
    let (columns, size) = source.kind.block();
    let per_row = source.columns / columns;
    match scales {
        Scales::None => {}
        Scales::F16 { .. } => {
            for half in 0..2 {
                // The last block may have one group alone.
                if let Some(from) = bytes.get((block * 2 + half) * size..).filter(|b| !b.is_empty())
                {
                    put(out, half * 32 + lane * 2, &from[..2]);
                }
            }
        }
        Scales::F16By16 => {
            for half in 0..2 {
                let scale = e4m3(source.scales[row * per_row + block * 2 + half]);
                // Products of E2M1 are doubled. Both halves are exact in f16.
                put(out, half * 32 + lane * 2, &f16::from_f32(scale * 0.5).to_le_bytes());
            }
        }
        Scales::Affine { float, .. } => {
            let width = float.bytes();
            let (d, m) = match source.kind {
                WeightType::Q4_1 | WeightType::Q5_1 => {
                    let from = &bytes[block * size..];
                    (&from[..2], &from[2..4])
                }
                _ => {
                    // Groups are powers of two: no division for every row.
                    let per_row = source.columns >> columns.trailing_zeros();
                    let at = (row * per_row + block) * width;
                    (&source.scales[at..at + width], &source.biases[at..at + width])
                }
            };
            for (place, from) in [(lane, d), (TILE_ROWS + lane, m)] {
                // Lengths that are known are moves, not calls.
                match float {
                    FloatType::F32 => put(out, place * 4, &from[..4]),
                    FloatType::F16 | FloatType::BF16 => put(out, place * 2, &from[..2]),
                }
            }
        }
        Scales::WithMin => {
            let from = &bytes[block * size..(block + 1) * size];
            put(out, lane * 2, &from[..2]);
            put(out, 32 + lane * 2, &from[2..4]);
            let (scales, mins) = scales_of_q4_k(&from[4..16]);
            for group in 0..8 {
                out[64 + group * TILE_ROWS + lane] = scales[group];
                out[192 + group * TILE_ROWS + lane] = mins[group];
            }
        }
        Scales::WithMinBy16 => {
            let from = &bytes[block * size..(block + 1) * size];
            put(out, lane * 2, &from[80..82]);
            put(out, 32 + lane * 2, &from[82..84]);
            for half in 0..16 {
                out[64 + half * TILE_ROWS + lane] = from[half];
            }
        }
        Scales::Signed { .. } => {
            let from = &bytes[block * size..(block + 1) * size];
            let (d, scales) = match source.kind {
                WeightType::Q3_K => (&from[108..110], scales_of_q3_k(&from[96..108])),
                _ => (&from[208..210], std::array::from_fn(|half| from[192 + half] as i8)),
            };
            put(out, lane * 2, d);
            for (half, scale) in scales.iter().enumerate() {
                out[64 + half * TILE_ROWS + lane] = *scale as u8;
            }
        }
        Scales::E8M0 => {
            for group in 0..4 {
                let at = block * 4 + group;
                if at < per_row {
                    out[group * TILE_ROWS + lane] = match source.kind {
                        WeightType::MXFP4 => bytes[at * size],
                        _ => source.scales[row * per_row + at],
                    };
                }
            }
        }
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

/// What a code is multiplied by and what is added, for the half group (16
/// columns) `half` of a block: `weight = scale · (value − zero) + min`, where
/// `value` is what the code stands for (doubled for E2M1).
pub fn read_scale(
    scales: Scales,
    header: &[u8],
    doubled: bool,
    row: usize,
    half: usize,
) -> (f32, f32) {
    let group = half / 2;
    match scales {
        Scales::None => (1.0, 0.0),
        Scales::F16 { .. } => (f16_at(&header[group * 32..], row), 0.0),
        Scales::F16By16 => (f16_at(&header[half * 32..], row), 0.0),
        Scales::Affine { float, .. } => {
            let read = match float {
                FloatType::F32 => f32_at,
                FloatType::F16 => f16_at,
                FloatType::BF16 => bf16_at,
            };
            (read(header, row), read(header, TILE_ROWS + row))
        }
        Scales::WithMin => {
            let byte = |at: usize| f32::from(header[at + group * TILE_ROWS + row]);
            let (d, e) = (f16_at(header, row), f16_at(header, TILE_ROWS + row));
            (d * byte(64), -(e * byte(192)))
        }
        Scales::WithMinBy16 => {
            let byte = header[64 + half * TILE_ROWS + row];
            let (d, e) = (f16_at(header, row), f16_at(header, TILE_ROWS + row));
            (d * f32::from(byte & 15), -(e * f32::from(byte >> 4)))
        }
        Scales::Signed { .. } => {
            let scale = header[64 + half * TILE_ROWS + row] as i8;
            (f16_at(header, row) * f32::from(scale), 0.0)
        }
        Scales::E8M0 => {
            let scale = e8m0(header[group * TILE_ROWS + row]);
            (if doubled { scale * 0.5 } else { scale }, 0.0)
        }
    }
}
