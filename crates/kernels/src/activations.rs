use std::ops::Range;

use crate::cells::Cells;
use crate::source::GROUP;
use crate::vector::lanes::narrow;

/// What rows are padded to, so that every block of a packed matrix has its
/// columns: the widest block whose last columns may not be the matrix's.
const PADDING: usize = 128;

/// Rows of bfloat16 lie so much further apart than they are long: an odd number
/// of cache lines, or sixteen rows side by side would share a few sets of the
/// first cache.
const BF16_GAP: usize = 32;

/// Products with tiles read so many tokens at once, and drop what they make of
/// those that there are not.
const TILED_TOKENS: usize = 32;

/// The states of some tokens as products take them: as they are, quantised to
/// bytes with a scale for 32, and rounded to bfloat16 where
/// [asked for](Activations::with_bf16).
///
/// All rows are padded with zeros to a multiple of 128 columns.
#[derive(Clone, Debug)]
pub struct Activations {
    pub(crate) tokens: usize,
    pub(crate) columns: usize,
    /// Columns with padding.
    pub(crate) stride: usize,
    /// `[tokens, stride]`.
    pub(crate) values: Cells<f32>,
    /// `[tokens, stride]`: `value ≈ code · scale`, −127 to 127.
    pub(crate) codes: Cells<i8>,
    /// `[tokens, stride / 32]`.
    pub(crate) scales: Cells<f32>,
    /// `[tokens, stride / 16]`: the codes of 16 columns added up.
    pub(crate) sums: Cells<i32>,
    /// `[tokens + 31, stride + 32]`, or nothing.
    pub(crate) bf16: Cells<u16>,
}

/// One token of [`Activations`], or groups of one, to be written. A whole
/// token is padded.
#[derive(Debug)]
pub struct TokenMut<'a> {
    /// The state.
    pub values: &'a mut [f32],
    /// Its codes.
    pub codes: &'a mut [i8],
    /// A scale for 32 codes.
    pub scales: &'a mut [f32],
    /// A sum of 16 codes.
    pub sums: &'a mut [i32],
    /// The state as bfloat16, or nothing.
    pub bf16: &'a mut [u16],
}

impl Activations {
    /// Room for some tokens.
    pub fn new(tokens: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(PADDING);
        Self {
            tokens,
            columns,
            stride,
            values: Cells::new(tokens * stride),
            codes: Cells::new(tokens * stride),
            scales: Cells::new(tokens * stride / GROUP),
            sums: Cells::new(tokens * stride / (GROUP / 2)),
            bf16: Cells::new(0),
        }
    }

    /// The same room, and room for the states as bfloat16.
    pub fn with_bf16(mut self) -> Self {
        self.bf16 = Cells::new(self.bf16_end(self.tokens));
        self
    }

    /// How far rows of bfloat16 lie apart.
    pub(crate) fn bf16_stride(&self) -> usize {
        self.stride + BF16_GAP
    }

    /// Tokens.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Columns without padding.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The states themselves, `[tokens, stride]`, and the stride: for products
    /// that become the input of others.
    pub fn values(&self) -> (&Cells<f32>, usize) {
        (&self.values, self.stride)
    }

    /// Takes states, `[tokens, columns]`, and quantises them.
    ///
    /// # Panics
    /// Where `states` has another shape.
    pub fn fill(&mut self, states: &[f32]) {
        assert_eq!(states.len(), self.tokens * self.columns);
        for (number, state) in states.chunks(self.columns).enumerate() {
            // SAFETY: `&mut self`, and views are given out to be read.
            let mut token = unsafe { self.token_mut(number) };
            token.values[..self.columns].copy_from_slice(state);
            token.quantise();
        }
    }

    /// One token, to be written. Padding is zero and has to stay so.
    ///
    /// # Safety
    /// While it is borrowed, nobody else reads or writes this token, here or
    /// in a view.
    ///
    /// # Panics
    /// Where there is no such token.
    pub unsafe fn token_mut(&self, token: usize) -> TokenMut<'_> {
        let part = |per_token: usize| token * per_token..(token + 1) * per_token;
        let stride = self.stride;
        let wide = token * self.bf16_stride();
        let bf16 = if self.bf16.is_empty() { 0..0 } else { wide..wide + stride };
        // SAFETY: the token is the caller's alone, and so are its parts.
        unsafe {
            TokenMut {
                values: self.values.part_mut(part(stride)),
                codes: self.codes.part_mut(part(stride)),
                scales: self.scales.part_mut(part(stride / GROUP)),
                sums: self.sums.part_mut(part(stride / 16)),
                bf16: self.bf16.part_mut(bf16),
            }
        }
    }

    /// Whole groups of 32 columns of one token, to be written.
    ///
    /// # Safety
    /// While they are borrowed, nobody else reads or writes these columns, here
    /// or in a view.
    ///
    /// # Panics
    /// Where there are none, or they are parts of groups.
    pub unsafe fn columns_mut(&self, token: usize, columns: Range<usize>) -> TokenMut<'_> {
        assert!(token < self.tokens && columns.end <= self.columns);
        assert!(columns.start.is_multiple_of(GROUP) && columns.end.is_multiple_of(GROUP));
        let from = token * self.stride;
        let part = |size: usize| (from + columns.start) / size..(from + columns.end) / size;
        let wide = token * self.bf16_stride();
        let bf16 = match self.bf16.len() {
            0 => 0..0,
            _ => wide + columns.start..wide + columns.end,
        };
        // SAFETY: the columns are the caller's alone, and so are their parts.
        unsafe {
            TokenMut {
                values: self.values.part_mut(part(1)),
                codes: self.codes.part_mut(part(1)),
                scales: self.scales.part_mut(part(GROUP)),
                sums: self.sums.part_mut(part(GROUP / 2)),
                bf16: self.bf16.part_mut(bf16),
            }
        }
    }

    /// Some columns of one token as bfloat16, to be written.
    ///
    /// # Safety
    /// While they are borrowed, nobody else reads or writes these columns, here
    /// or in a view.
    ///
    /// # Panics
    /// Where there are none.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that the part is its own")]
    pub(crate) unsafe fn bf16_mut(&self, token: usize, columns: Range<usize>) -> &mut [u16] {
        assert!(token < self.tokens && columns.end <= self.columns);
        let start = token * self.bf16_stride();
        // SAFETY: the caller's promise.
        unsafe { self.bf16.part_mut(start + columns.start..start + columns.end) }
    }

    /// Copies a token of other activations, of as many columns.
    ///
    /// # Safety
    /// Nobody else reads or writes the token `to` meanwhile, nor writes `from`.
    ///
    /// # Panics
    /// Where there is no such token, the columns differ, or one has bfloat16
    /// alone.
    pub unsafe fn copy_token(&self, to: usize, other: &Self, from: usize) {
        // SAFETY: the caller's promise.
        let token = unsafe { self.token_mut(to) };
        let other = other.view(from..from + 1);
        token.values.copy_from_slice(&other.values);
        token.codes.copy_from_slice(&other.codes);
        token.scales.copy_from_slice(&other.scales);
        token.sums.copy_from_slice(&other.sums);
        if !token.bf16.is_empty() {
            token.bf16.copy_from_slice(&other.bf16[..self.stride]);
        }
    }

    /// Some of the tokens, sharing their numbers.
    ///
    /// # Panics
    /// Where the range reaches beyond the last token.
    pub fn view(&self, tokens: Range<usize>) -> Self {
        let part = |per_token: usize| tokens.start * per_token..tokens.end * per_token;
        let stride = self.stride;
        let bf16 = match self.bf16.len() {
            0 => 0..0,
            _ => part(self.bf16_stride()).start..self.bf16_end(tokens.end),
        };
        Self {
            tokens: tokens.len(),
            columns: self.columns,
            stride,
            values: self.values.view(part(stride)),
            codes: self.codes.view(part(stride)),
            scales: self.scales.view(part(stride / GROUP)),
            sums: self.sums.view(part(stride / 16)),
            bf16: self.bf16.view(bf16),
        }
    }

    /// Where the last tile of the first `tokens` tokens ends, at most.
    fn bf16_end(&self, tokens: usize) -> usize {
        (tokens + TILED_TOKENS - 1) * self.bf16_stride()
    }
}

impl TokenMut<'_> {
    /// Makes codes, scales and sums of the values: the largest of 32 becomes
    /// 127, the others are rounded to the nearest, halves to even; and
    /// bfloat16, rounded in the same way.
    pub fn quantise(&mut self) {
        let groups = self.values.chunks_exact(GROUP).zip(self.codes.chunks_exact_mut(GROUP));
        let scales = self.scales.iter_mut().zip(self.sums.chunks_exact_mut(2));
        for ((values, codes), (scale, sums)) in groups.zip(scales) {
            let largest = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            *scale = largest / 127.0;
            for (code, value) in codes.iter_mut().zip(values) {
                *code = (value * inverse).round_ties_even() as i8;
            }
            for (sum, codes) in sums.iter_mut().zip(codes.chunks_exact(GROUP / 2)) {
                *sum = codes.iter().map(|code| i32::from(*code)).sum();
            }
        }
        for (bits, value) in self.bf16.iter_mut().zip(&*self.values) {
            *bits = narrow(*value);
        }
    }
}
