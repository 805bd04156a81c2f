//! Products of a few tiles with a few tokens.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use super::codes::{Code, ask_ahead};
use super::floats::Float;
use super::scales::Scale;
use crate::activations::Activations;
use crate::packed::Packed;
use crate::source::GROUP;

/// How a tile is walked through.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    pub blocks: usize,
    /// Groups of a block.
    pub groups: usize,
    pub header_bytes: usize,
    pub group_bytes: usize,
    pub block_bytes: usize,
}

impl Walk {
    pub fn of(weight: &Packed) -> Self {
        let layout = weight.layout();
        Self {
            blocks: weight.blocks(),
            groups: layout.block_groups(),
            header_bytes: layout.scales.header_bytes(),
            group_bytes: layout.codes.group_bytes(),
            block_bytes: layout.block_bytes(),
        }
    }
}

/// The states of one token: as many as the groups of all blocks take.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    values: *const f32,
    codes: *const i8,
    scales: *const f32,
    sums: *const i32,
}

impl Token {
    pub fn of(input: &Activations, token: usize) -> Self {
        let from = token * input.stride;
        Self {
            values: input.values[from..from + input.stride].as_ptr(),
            codes: input.codes[from..from + input.stride].as_ptr(),
            scales: input.scales[from / GROUP..].as_ptr(),
            sums: input.sums[from / (GROUP / 2)..].as_ptr(),
        }
    }

    /// Four codes of a quad, for all rows.
    ///
    /// # Safety
    /// The group is one of the token's, the quad one of eight.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn quad(self, group: usize, quad: usize) -> __m512i {
        // SAFETY: as the caller promised; the read is an unaligned one.
        unsafe {
            let at = self.codes.add(group * GROUP + quad * 4);
            _mm512_set1_epi32(at.cast::<i32>().read_unaligned())
        }
    }
}

/// Products of `TILES` tiles with `TOKENS` tokens, a row a lane.
pub type Products<const TILES: usize, const TOKENS: usize> = [[__m512; TOKENS]; TILES];

/// What multiplies matrices of one layout.
pub trait Product: Copy {
    /// Multiplies some tiles, read side by side, with some tokens.
    ///
    /// # Safety
    /// The machine is able to, the tiles are whole ones of a matrix of this
    /// layout, and the tokens are as long as its rows with padding.
    unsafe fn multiply<const TILES: usize, const TOKENS: usize>(
        self,
        walk: Walk,
        tiles: [*const u8; TILES],
        tokens: [Token; TOKENS],
    ) -> Products<TILES, TOKENS>;
}

/// Whole codes with quantised states.
pub struct Whole<C, S>(pub S, pub PhantomData<C>);

/// Floats with the states as they are.
pub struct Floats<F, S>(pub S, pub PhantomData<F>);

impl<C, S: Copy> Clone for Whole<C, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C, S: Copy> Copy for Whole<C, S> {}
impl<F, S: Copy> Clone for Floats<F, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F, S: Copy> Copy for Floats<F, S> {}

impl<C: Code, S: Scale> Product for Whole<C, S> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn multiply<const TILES: usize, const TOKENS: usize>(
        self,
        walk: Walk,
        tiles: [*const u8; TILES],
        tokens: [Token; TOKENS],
    ) -> Products<TILES, TOKENS> {
        let mut products = [[_mm512_setzero_ps(); TOKENS]; TILES];
        let zero = -(self.0.zero() + C::BIAS);
        for block in 0..walk.blocks {
            // SAFETY: the block is one of each tile's.
            let blocks = tiles.map(|tile| unsafe { tile.add(block * walk.block_bytes) });
            // SAFETY: a block begins with its header.
            let heads = blocks.map(|header| unsafe { self.0.head(header) });
            for header in blocks {
                ask_ahead(header);
            }
            for g in 0..walk.groups {
                let group = block * walk.groups + g;
                for ((products, header), head) in products.iter_mut().zip(blocks).zip(heads) {
                    // SAFETY: groups follow the header; `g` is one of them.
                    // The tokens have all groups of all blocks, by padding.
                    unsafe {
                        let quads = C::quads(header.add(walk.header_bytes + g * walk.group_bytes));
                        if S::BY_HALVES {
                            self.by_halves(products, &quads, header, head, g, group, &tokens, zero);
                        } else {
                            self.by_groups(products, &quads, header, head, g, group, &tokens, zero);
                        }
                    }
                }
            }
        }
        products
    }
}

#[allow(clippy::too_many_arguments, reason = "the inner loop's variables, all in registers")]
impl<C: Code, S: Scale> Whole<C, S> {
    /// Adds a group with one scale.
    ///
    /// # Safety
    /// As for [`Product::multiply`]; `g` is a group of the block, `group` the
    /// same one of the row.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn by_groups<const TOKENS: usize>(
        self,
        products: &mut [__m512; TOKENS],
        quads: &[__m512i; 8],
        header: *const u8,
        head: S::Head,
        g: usize,
        group: usize,
        tokens: &[Token; TOKENS],
        zero: i32,
    ) {
        // SAFETY: as the caller promised.
        unsafe {
            let scale = self.0.scale(header, head, 2 * g);
            let min = self.0.min(header, head, 2 * g);
            for (product, token) in products.iter_mut().zip(tokens) {
                let sum = *token.sums.add(2 * group) + *token.sums.add(2 * group + 1);
                let mut codes = _mm512_set1_epi32(zero * sum);
                for (i, quad) in quads.iter().enumerate() {
                    codes = _mm512_dpbusd_epi32(codes, *quad, token.quad(group, i));
                }
                let mut addend = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(codes));
                if S::MINIMA {
                    addend = _mm512_fmadd_ps(min, _mm512_set1_ps(sum as f32), addend);
                }
                let state = _mm512_set1_ps(*token.scales.add(group));
                *product = _mm512_fmadd_ps(addend, state, *product);
            }
        }
    }

    /// Adds a group whose halves have scales of their own.
    ///
    /// # Safety
    /// As for [`by_groups`](Self::by_groups).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn by_halves<const TOKENS: usize>(
        self,
        products: &mut [__m512; TOKENS],
        quads: &[__m512i; 8],
        header: *const u8,
        head: S::Head,
        g: usize,
        group: usize,
        tokens: &[Token; TOKENS],
        zero: i32,
    ) {
        // SAFETY: as the caller promised.
        unsafe {
            let scales = [self.0.scale(header, head, 2 * g), self.0.scale(header, head, 2 * g + 1)];
            let mins = [self.0.min(header, head, 2 * g), self.0.min(header, head, 2 * g + 1)];
            for (product, token) in products.iter_mut().zip(tokens) {
                let mut addend = _mm512_setzero_ps();
                for half in 0..2 {
                    let sum = *token.sums.add(2 * group + half);
                    let mut codes = _mm512_set1_epi32(zero * sum);
                    for (i, quad) in quads.iter().enumerate().skip(4 * half).take(4) {
                        codes = _mm512_dpbusd_epi32(codes, *quad, token.quad(group, i));
                    }
                    addend = _mm512_fmadd_ps(scales[half], _mm512_cvtepi32_ps(codes), addend);
                    if S::MINIMA {
                        addend = _mm512_fmadd_ps(mins[half], _mm512_set1_ps(sum as f32), addend);
                    }
                }
                let state = _mm512_set1_ps(*token.scales.add(group));
                *product = _mm512_fmadd_ps(addend, state, *product);
            }
        }
    }
}

impl<F: Float, S: Scale> Product for Floats<F, S> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn multiply<const TILES: usize, const TOKENS: usize>(
        self,
        walk: Walk,
        tiles: [*const u8; TILES],
        tokens: [Token; TOKENS],
    ) -> Products<TILES, TOKENS> {
        let mut products = [[_mm512_setzero_ps(); TOKENS]; TILES];
        for block in 0..walk.blocks {
            for g in 0..walk.groups {
                let group = block * walk.groups + g;
                for (products, tile) in products.iter_mut().zip(tiles) {
                    let mut sums = [_mm512_setzero_ps(); TOKENS];
                    // SAFETY: block and group are the tile's; the tokens have
                    // all groups of all blocks, by padding.
                    unsafe {
                        let header = tile.add(block * walk.block_bytes);
                        let scale = self.0.scale(header, self.0.head(header), 2 * g);
                        let codes = header.add(walk.header_bytes + g * walk.group_bytes);
                        for quad in 0..GROUP / 4 {
                            let columns = F::columns(codes, quad);
                            for (sum, token) in sums.iter_mut().zip(tokens) {
                                let values = token.values.add(group * GROUP + quad * 4);
                                for (i, column) in columns.iter().enumerate() {
                                    let value = _mm512_set1_ps(*values.add(i));
                                    *sum = _mm512_fmadd_ps(*column, value, *sum);
                                }
                            }
                        }
                        for (product, sum) in products.iter_mut().zip(sums) {
                            *product = _mm512_fmadd_ps(scale, sum, *product);
                        }
                    }
                }
            }
        }
        products
    }
}
