//! Products in plain Rust.

use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Codes, Layout, Packed, TILE_ROWS, read_scale, read_value};
use crate::source::GROUP;
use crate::tier::{Kernels, Scratch, Tier};

/// The tier of every machine.
#[derive(Debug)]
pub struct Scalar;

impl Kernels for Scalar {
    fn tier(&self) -> Tier {
        Tier::Scalar
    }

    fn gemv(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
    ) {
        for tile in tiles {
            for token in 0..input.tokens {
                let products = product(weight.layout(), weight.tile(tile), input, token);
                output.store(token, tile * TILE_ROWS, weight.rows(), &products);
            }
        }
    }

    fn gemm(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
        _scratch: &mut Scratch,
    ) {
        self.gemv(weight, tiles, input, output);
    }
}

/// Sixteen rows with one token.
fn product(layout: Layout, tile: &[u8], input: &Activations, token: usize) -> [f32; TILE_ROWS] {
    let mut products = [0.0; TILE_ROWS];
    let first = token * input.stride;
    for (block, bytes) in tile.chunks_exact(layout.block_bytes()).enumerate() {
        let (header, codes) = bytes.split_at(layout.scales.header_bytes());
        for (group, codes) in codes.chunks_exact(layout.codes.group_bytes()).enumerate() {
            let column = first + block * layout.block_columns() + group * GROUP;
            for (lane, product) in products.iter_mut().enumerate() {
                *product += if layout.codes.is_whole() {
                    whole(layout, header, codes, group, lane, input, column)
                } else {
                    float(layout, header, codes, group, lane, input, column)
                };
            }
        }
    }
    products
}

/// A group of quantised weights with quantised states.
fn whole(
    layout: Layout,
    header: &[u8],
    codes: &[u8],
    group: usize,
    lane: usize,
    input: &Activations,
    column: usize,
) -> f32 {
    let zero = i32::from(layout.scales.zero());
    let mut product = 0.0;
    for half in 0..2 {
        let (scale, min) =
            read_scale(layout.scales, header, layout.codes == Codes::E2M1, lane, group * 2 + half);
        let mut sum = 0;
        for i in 0..16 {
            let value = read_value(codes, layout.codes, lane, half * 16 + i) as i32;
            sum += (value - zero) * i32::from(input.codes[column + half * 16 + i]);
        }
        let states = input.sums[column / 16 + half];
        product += scale * sum as f32 + min * states as f32;
    }
    product * input.scales[column / GROUP]
}

/// A group of weights that are floats with the states as they are.
fn float(
    layout: Layout,
    header: &[u8],
    codes: &[u8],
    group: usize,
    lane: usize,
    input: &Activations,
    column: usize,
) -> f32 {
    let (scale, _) = read_scale(layout.scales, header, false, lane, group * 2);
    let values = &input.values[column..column + GROUP];
    let products = values.iter().enumerate();
    let products = products.map(|(i, value)| read_value(codes, layout.codes, lane, i) * value);
    scale * products.sum::<f32>()
}
