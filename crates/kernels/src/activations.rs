use std::ops::Range;

use crate::cells::Cells;
use crate::source::GROUP;

/// What rows are padded to, so that every block of a packed matrix has its
/// columns: the widest block whose last columns may not be the matrix's.
const PADDING: usize = 128;

/// The states of some tokens as products take them: as they are, and
/// quantised to bytes with a scale for 32.
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
}

/// One token of [`Activations`], to be written; all its slices are padded.
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
        }
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
        // SAFETY: the token is the caller's alone, and so are its parts.
        unsafe {
            TokenMut {
                values: self.values.part_mut(part(stride)),
                codes: self.codes.part_mut(part(stride)),
                scales: self.scales.part_mut(part(stride / GROUP)),
                sums: self.sums.part_mut(part(stride / 16)),
            }
        }
    }

    /// Copies a token of other activations, of as many columns.
    ///
    /// # Safety
    /// Nobody else reads or writes the token `to` meanwhile, nor writes `from`.
    ///
    /// # Panics
    /// Where there is no such token, or the columns differ.
    pub unsafe fn copy_token(&self, to: usize, other: &Self, from: usize) {
        // SAFETY: the caller's promise.
        let token = unsafe { self.token_mut(to) };
        let other = other.view(from..from + 1);
        token.values.copy_from_slice(&other.values);
        token.codes.copy_from_slice(&other.codes);
        token.scales.copy_from_slice(&other.scales);
        token.sums.copy_from_slice(&other.sums);
    }

    /// Some of the tokens, sharing their numbers.
    ///
    /// # Panics
    /// Where the range reaches beyond the last token.
    pub fn view(&self, tokens: Range<usize>) -> Self {
        let part = |per_token: usize| tokens.start * per_token..tokens.end * per_token;
        let stride = self.stride;
        Self {
            tokens: tokens.len(),
            columns: self.columns,
            stride,
            values: self.values.view(part(stride)),
            codes: self.codes.view(part(stride)),
            scales: self.scales.view(part(stride / GROUP)),
            sums: self.sums.view(part(stride / 16)),
        }
    }
}

impl TokenMut<'_> {
    /// Makes codes, scales and sums of the values: the largest of 32 becomes
    /// 127, the others are rounded to the nearest, halves to even.
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
    }
}
