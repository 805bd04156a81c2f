use std::ops::Range;

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
    pub(crate) values: Vec<f32>,
    /// `[tokens, stride]`: `value ≈ code · scale`, −127 to 127.
    pub(crate) codes: Vec<i8>,
    /// `[tokens, stride / 32]`.
    pub(crate) scales: Vec<f32>,
    /// `[tokens, stride / 16]`: the codes of 16 columns added up.
    pub(crate) sums: Vec<i32>,
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
            values: vec![0.0; tokens * stride],
            codes: vec![0; tokens * stride],
            scales: vec![0.0; tokens * stride / GROUP],
            sums: vec![0; tokens * stride / (GROUP / 2)],
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

    /// Takes states, `[tokens, columns]`, and quantises them.
    ///
    /// # Panics
    /// Where `states` has another shape.
    pub fn fill(&mut self, states: &[f32]) {
        assert_eq!(states.len(), self.tokens * self.columns);
        let columns = self.columns;
        for (mut token, state) in self.tokens_mut(0..self.tokens).zip(states.chunks(columns)) {
            token.values[..columns].copy_from_slice(state);
            token.quantise();
        }
    }

    /// The tokens of a range, to be written one by one.
    pub fn tokens_mut(&mut self, tokens: Range<usize>) -> impl Iterator<Item = TokenMut<'_>> {
        let stride = self.stride;
        let part = |per_token: usize| tokens.start * per_token..tokens.end * per_token;
        let values = self.values[part(stride)].chunks_exact_mut(stride);
        let codes = self.codes[part(stride)].chunks_exact_mut(stride);
        let scales = self.scales[part(stride / GROUP)].chunks_exact_mut(stride / GROUP);
        let sums = self.sums[part(stride / 16)].chunks_exact_mut(stride / 16);
        values.zip(codes).zip(scales.zip(sums)).map(|((values, codes), (scales, sums))| TokenMut {
            values,
            codes,
            scales,
            sums,
        })
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
