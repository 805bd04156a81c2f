//! The engine of whole codes.

use std::ops::Range;

use super::bytes::Product;
use super::dispatch::Plan;
use super::panel::Engine;
use super::states::State;
use super::unpack::{Room, UnpackBlocks};
use super::whole::{Multiply, Panel, multiply};
use crate::activations::Activations;
use crate::packed::{Layout, TILE_ROWS};
use crate::prefetch::prefetch;
use crate::source::GROUP;

/// Multiplies bytes that were unpacked from whole codes.
#[derive(Debug)]
pub struct WholeEngine<'a> {
    layout: Layout,
    unpack: UnpackBlocks,
    multiply: [Multiply; 4],
    planes: usize,
    halves: usize,
    input: &'a Activations,
    corrections: &'a [u32],
    /// Corrections of a token.
    stride: usize,
}

impl<'a> WholeEngine<'a> {
    /// The engine of a layout for some states and their corrections, `stride`
    /// of them a token.
    pub fn new<P: Product>(
        layout: Layout,
        plan: &Plan,
        input: &'a Activations,
        corrections: &'a [u32],
        stride: usize,
    ) -> Self {
        Self {
            layout,
            unpack: plan.unpack,
            multiply: multiply::<P>(plan.form),
            planes: plan.form.planes,
            halves: plan.form.halves,
            input,
            corrections,
            stride,
        }
    }

    fn room(panel: *mut u8) -> Room {
        let scales = panel.wrapping_add(CODES);
        Room { codes: panel, scales: scales.cast(), mins: scales.wrapping_add(SCALES).cast() }
    }
}

const COLUMNS: usize = 512;
/// Both halves of the bytes of all columns.
const CODES: usize = 2 * COLUMNS * TILE_ROWS;
/// A float for 16 columns.
const SCALES: usize = COLUMNS / 16 * TILE_ROWS * size_of::<f32>();

impl Engine for WholeEngine<'_> {
    const TILES: usize = 2;
    const COLUMNS: usize = COLUMNS;
    const BYTES: usize = CODES + 2 * SCALES;
    const TOKENS: usize = 4;

    unsafe fn unpack(&self, from: *const u8, blocks: usize, to: *mut u8) {
        // SAFETY: the caller's.
        unsafe { (self.unpack)(self.layout, from, blocks, Self::room(to)) }
    }

    unsafe fn multiply(
        &self,
        panel: *const u8,
        column: usize,
        columns: usize,
        tokens: Range<usize>,
        sums: *mut f32,
    ) {
        let state = |token: usize| State {
            codes: self.input.codes[token * self.input.stride + column..].as_ptr(),
            scales: self.input.scales[(token * self.input.stride + column) / GROUP..].as_ptr(),
            corrections: self.corrections[token * self.stride + column / GROUP * self.halves..]
                .as_ptr(),
        };
        debug_assert!(self.planes * columns * TILE_ROWS <= CODES);
        let count = tokens.len();
        let states: [State; 4] = std::array::from_fn(|i| state(tokens.start + i.min(count - 1)));
        let Room { codes, scales, mins } = Self::room(panel.cast_mut());
        // SAFETY: the caller's; there is a kernel for each number of tokens.
        unsafe {
            let panel = Panel { codes, scales, mins };
            self.multiply[count - 1](panel, columns / GROUP, &states, sums);
        }
    }

    fn prefetch(&self, column: usize, tokens: Range<usize>) {
        for token in tokens {
            let at = token * self.input.stride + column;
            prefetch(self.input.codes[at..].as_ptr().cast(), COLUMNS);
            prefetch(self.input.scales[at / GROUP..].as_ptr().cast(), COLUMNS / GROUP * 4);
            let at = token * self.stride + column / GROUP * self.halves;
            prefetch(self.corrections[at..].as_ptr().cast(), COLUMNS / GROUP * self.halves * 4);
        }
    }
}
