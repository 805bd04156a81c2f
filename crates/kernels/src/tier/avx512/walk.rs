//! The tiles of one thread with all tokens.

use std::arch::x86_64::*;
use std::marker::PhantomData;
use std::ops::Range;

use super::codes::Code;
use super::floats::Float;
use super::layouts::Visitor;
use super::product::{Floats, Product, Token, Walk, Whole};
use super::scales::Scale;
use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Packed, TILE_ROWS};

/// A product to be made by the instructions that
/// [`available`](super::available) checks.
pub struct Job<'a, 'o> {
    pub weight: &'a Packed,
    pub tiles: Range<usize>,
    pub input: &'a Activations,
    pub output: &'a mut Output<'o>,
}

impl Visitor for Job<'_, '_> {
    fn whole<C: Code, S: Scale>(self, scales: S) {
        self.run(Whole::<C, S>(scales, PhantomData));
    }

    fn floats<F: Float, S: Scale>(self, scales: S) {
        self.run(Floats::<F, S>(scales, PhantomData));
    }
}

impl Job<'_, '_> {
    /// Eight tokens at a time, which weights in a cache are read again for.
    fn run<P: Product>(mut self, product: P) {
        assert!(self.tiles.end <= self.weight.tiles());
        assert_eq!(self.weight.columns(), self.input.columns);
        if self.tiles.is_empty() {
            return;
        }
        for first in (0..self.input.tokens).step_by(8) {
            let tokens = first..self.input.tokens.min(first + 8);
            // More streams than one are what memory is read fastest with;
            // more tokens leave registers for fewer.
            // SAFETY: kernels are given out where the machine has the
            // instructions; tiles and tokens were checked above.
            unsafe {
                match tokens.len() {
                    1 => self.walk::<P, 4, 1>(product, tokens),
                    2 => self.walk::<P, 4, 2>(product, tokens),
                    3 | 4 => self.walk::<P, 2, 4>(product, tokens),
                    _ => self.walk::<P, 2, 8>(product, tokens),
                }
            }
        }
    }

    /// Splits the tiles into `TILES` streams and walks through all at once.
    /// Where a stream or a token is missing, another takes its place, and its
    /// products are dropped: a tile's do not hang on what lies beside it.
    ///
    /// # Safety
    /// The machine is able to; there are tiles, all of them the matrix's, and
    /// tokens, at most `TOKENS`, as long as its rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn walk<P: Product, const TILES: usize, const TOKENS: usize>(
        &mut self,
        product: P,
        tokens: Range<usize>,
    ) {
        let walk = Walk::of(self.weight);
        let (first, count) = (self.tiles.start, self.tiles.len());
        let states: [Token; TOKENS] = std::array::from_fn(|token| {
            Token::of(self.input, (tokens.start + token).min(tokens.end - 1))
        });
        let streams: [Range<usize>; TILES] = std::array::from_fn(|stream| {
            first + count * stream / TILES..first + count * (stream + 1) / TILES
        });
        for step in 0..count.div_ceil(TILES) {
            let numbers: [usize; TILES] =
                std::array::from_fn(|s| (streams[s].start + step).min(first + count - 1));
            let tiles = numbers.map(|tile| self.weight.tile(tile).as_ptr());
            // SAFETY: whole tiles of the matrix, and its layout's product.
            let products = unsafe { product.multiply(walk, tiles, states) };
            for (s, products) in products.iter().enumerate() {
                if streams[s].start + step >= streams[s].end {
                    continue;
                }
                for (token, lanes) in tokens.clone().zip(products) {
                    let mut rows = [0.0; TILE_ROWS];
                    // SAFETY: sixteen numbers.
                    unsafe { _mm512_storeu_ps(rows.as_mut_ptr(), *lanes) };
                    let row = numbers[s] * TILE_ROWS;
                    self.output.store(token, row, self.weight.rows(), &rows);
                }
            }
        }
    }
}
