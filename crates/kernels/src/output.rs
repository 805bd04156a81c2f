use std::marker::PhantomData;
use std::ops::Range;

use crate::cells::Cells;
use crate::packed::TILE_ROWS;

/// Where products go: `[tokens, stride]` numbers, of which a kernel writes
/// the columns that are its tiles' rows.
#[derive(Debug)]
pub struct Output<'a> {
    base: *mut f32,
    len: usize,
    stride: usize,
    add: bool,
    borrowed: PhantomData<&'a mut [f32]>,
}

// SAFETY: an output stands for a `&mut [f32]`, or for the part of one that
// nobody else touches (the promise of `of_cells`).
unsafe impl Send for Output<'_> {}

impl<'a> Output<'a> {
    /// Products replace what is there.
    pub fn new(numbers: &'a mut [f32], stride: usize) -> Self {
        let (base, len) = (numbers.as_mut_ptr(), numbers.len());
        Self { base, len, stride, add: false, borrowed: PhantomData }
    }

    /// Products replace what is there, in numbers that several threads share.
    ///
    /// # Safety
    /// Nobody else reads or writes the columns that this output is used for
    /// while it lives.
    pub unsafe fn of_cells(cells: &'a Cells<f32>, stride: usize) -> Self {
        Self { base: cells.base(), len: cells.len(), stride, add: false, borrowed: PhantomData }
    }

    /// Products are added to what is there.
    pub fn adding(mut self) -> Self {
        self.add = true;
        self
    }

    /// Whether products are added to what is there.
    pub(crate) fn adds(&self) -> bool {
        self.add
    }

    /// The numbers of some tokens and some rows; [`adding`](Self::adding) has no
    /// part in it.
    ///
    /// # Panics
    /// Where they lie outside, or there are none.
    pub(crate) fn block(&mut self, tokens: Range<usize>, rows: Range<usize>) -> Block<'_> {
        assert!(!tokens.is_empty() && !rows.is_empty() && rows.end <= self.stride);
        assert!((tokens.end - 1) * self.stride + rows.end <= self.len);
        let base = self.base.wrapping_add(tokens.start * self.stride + rows.start);
        let (tokens, rows) = (tokens.len(), rows.len());
        Block { base, tokens, rows, stride: self.stride, borrowed: PhantomData }
    }

    /// Stores the products of sixteen rows, from `row` on, with one token; of
    /// the last tile only those that are the matrix's.
    ///
    /// # Panics
    /// Where the token or the row lies outside.
    #[inline]
    pub fn store(&mut self, token: usize, row: usize, rows: usize, products: &[f32; TILE_ROWS]) {
        let count = TILE_ROWS.min(rows - row);
        let at = token * self.stride + row;
        assert!(row + count <= self.stride && at + count <= self.len);
        // SAFETY: the numbers lie within the output, as just checked, and are
        // this output's own, as its maker promised.
        let out = unsafe { std::slice::from_raw_parts_mut(self.base.add(at), count) };
        if self.add {
            for (out, product) in out.iter_mut().zip(products) {
                *out += product;
            }
        } else {
            out.copy_from_slice(&products[..count]);
        }
    }

    /// Some numbers of one token, to be written; [`adding`](Self::adding) has
    /// no part in it.
    ///
    /// # Panics
    /// Where they lie outside.
    #[inline]
    pub fn part(&mut self, token: usize, start: usize, count: usize) -> &mut [f32] {
        let at = token * self.stride + start;
        assert!(start + count <= self.stride && at + count <= self.len);
        // SAFETY: as in `store`.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(at), count) }
    }
}

/// A part of an output, for kernels that write it by its address: `tokens` lines
/// of `rows` numbers, `stride` numbers apart.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    base: *mut f32,
    tokens: usize,
    rows: usize,
    stride: usize,
    borrowed: PhantomData<&'a mut [f32]>,
}

impl<'a> Block<'a> {
    /// All of some numbers, `rows` a token.
    pub fn of(numbers: &'a mut [f32], rows: usize) -> Self {
        let tokens = numbers.len() / rows;
        Self { base: numbers.as_mut_ptr(), tokens, rows, stride: rows, borrowed: PhantomData }
    }

    /// The first number; it and the others may be written while this lives.
    pub fn base(&mut self) -> *mut f32 {
        self.base
    }

    /// Lines.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Numbers of a line.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How far lines lie apart.
    pub fn stride(&self) -> usize {
        self.stride
    }
}
