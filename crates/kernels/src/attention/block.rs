//! Many tokens: queries lie in lanes, keys and values are broadcast.
//!
//! Sixteen rows of queries are a **panel**, transposed once. A page's scores
//! with it are `[key][query]`, so that maxima and sums of a query run down a
//! lane, and its output is `[number][query]`. No product needs a sum across
//! lanes, and no key has to be transposed.

use std::ops::Range;

use crate::attention::tile::{ZEROS, columns_by, rows_by};
#[cfg(target_arch = "x86_64")]
use crate::attention::tiled::TiledScratch;
#[cfg(target_arch = "x86_64")]
use crate::attention::tiled_token::TokenScratch;
use crate::attention::{Work, pages_of};
use crate::cache::{PAGE_TOKENS, row_length};
use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, Lanes, exp, lanes, larger};
use crate::vector::level::Task;

/// Tokens of a block.
pub const TOKENS: usize = 32;

/// The room that one thread works in.
#[derive(Clone, Debug, Default)]
pub struct AttentionScratch {
    panels: Vec<Panel>,
    /// `[panel, row]`: scaled queries.
    queries: Vec<Lanes>,
    /// `[panel, row]`: `Σ exp(score − maximum) · value`.
    output: Vec<Lanes>,
    /// `[32, row]` each: a page's.
    keys: Vec<f32>,
    values: Vec<f32>,
    #[cfg(target_arch = "x86_64")]
    pub(super) tiled: TiledScratch,
    #[cfg(target_arch = "x86_64")]
    pub(super) tiled_token: TokenScratch,
}

#[derive(Clone, Debug)]
struct Panel {
    maximum: Lanes,
    sum: Lanes,
    /// The positions that each lane sees, and those that some and all see.
    start: [u32; LANES],
    end: [u32; LANES],
    some: Range<usize>,
    all: Range<usize>,
}

/// See [`Attention::attend_block`](super::Attention::attend_block).
pub struct AttendBlock<'a, 'p, 'o> {
    pub work: Work<'a, 'p, 'o>,
    pub scratch: &'a mut AttentionScratch,
}

impl Task for AttendBlock<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self) {
        self.prepare();
        let row = row_length(self.work.shape.head_dim);
        let start = self.work.first_position + self.work.tokens.start;
        let end = self.work.first_position + self.work.tokens.end;
        for (number, slots) in pages_of(self.work.shape.visible(start).start..end) {
            let page = self.work.cached.sequence[number];
            let position = number * PAGE_TOKENS;
            // From the page's start, so that slots are positions.
            let slots = 0..slots.end;
            let count = slots.len();
            let head = self.work.cached.pages.head(
                page,
                self.work.cached.layer,
                self.work.cached.kv_head,
                slots,
            );
            let AttentionScratch { panels, queries, output, keys, values, .. } = &mut *self.scratch;
            head.keys.widen(row, &mut keys[..count * row]);
            head.values.widen(row, &mut values[..count * row]);
            let (keys, values) = (&keys[..PAGE_TOKENS * row], &values[..count * row]);
            let parts = queries.chunks_exact(row).zip(output.chunks_exact_mut(row));
            for (panel, (queries, output)) in panels.iter_mut().zip(parts) {
                let positions = position..position + count;
                if panel.some.start >= positions.end || panel.some.end <= positions.start {
                    continue;
                }
                if I::MANY_REGISTERS {
                    panel.attend::<I, 8>(positions, queries, keys, values, output);
                } else {
                    panel.attend::<I, 4>(positions, queries, keys, values, output);
                }
            }
        }
        self.finish();
    }
}

impl AttendBlock<'_, '_, '_> {
    /// The query head and the token (of the block) of a row. Neighbouring rows
    /// are neighbouring tokens, so that most panels end on a page's edge.
    #[inline(always)]
    fn place(&self, row: usize) -> (usize, usize) {
        let tokens = self.work.tokens.len();
        (self.work.cached.kv_head * self.work.shape.group() + row / tokens, row % tokens)
    }

    fn prepare(&mut self) {
        let (dim, row) = (self.work.shape.head_dim, row_length(self.work.shape.head_dim));
        let rows = self.work.tokens.len() * self.work.shape.group();
        let panels = rows.div_ceil(LANES);
        let first = self.work.first_position + self.work.tokens.start;
        self.scratch.keys.resize(PAGE_TOKENS * row, 0.0);
        self.scratch.values.resize(PAGE_TOKENS * row, 0.0);
        for numbers in [&mut self.scratch.queries, &mut self.scratch.output] {
            numbers.clear();
            numbers.resize(panels * row, ZEROS);
        }
        for index in 0..rows {
            let (head, token) = self.place(index);
            let at = (self.work.tokens.start + token) * self.work.queries.stride + head * dim;
            let query = &self.work.queries.numbers[at..at + dim];
            let panel = &mut self.scratch.queries[index / LANES * row..][..dim];
            for (lanes, number) in panel.iter_mut().zip(query) {
                lanes[index % LANES] = number * self.work.shape.scale;
            }
        }
        self.scratch.panels.clear();
        for panel in 0..panels {
            // A lane without a row sees what the last row sees.
            let visible: [Range<usize>; LANES] = std::array::from_fn(|lane| {
                let (_, token) = self.place((panel * LANES + lane).min(rows - 1));
                self.work.shape.visible(first + token)
            });
            let edge = |pick: fn(&Range<usize>) -> usize| {
                let each = visible.iter().map(pick);
                each.clone().zip(each).fold((usize::MAX, 0), |(a, b), (x, y)| (a.min(x), b.max(y)))
            };
            let (starts, ends) = (edge(|r| r.start), edge(|r| r.end));
            self.scratch.panels.push(Panel {
                maximum: [f32::NEG_INFINITY; LANES],
                sum: ZEROS,
                start: std::array::from_fn(|lane| visible[lane].start as u32),
                end: std::array::from_fn(|lane| visible[lane].end as u32),
                some: starts.0..ends.1,
                all: starts.1..ends.0,
            });
        }
    }

    fn finish(&mut self) {
        let (dim, row) = (self.work.shape.head_dim, row_length(self.work.shape.head_dim));
        for index in 0..self.work.tokens.len() * self.work.shape.group() {
            let (head, token) = self.place(index);
            let (panel, lane) = (index / LANES, index % LANES);
            let inverse = 1.0 / self.scratch.panels[panel].sum[lane];
            let numbers = &self.scratch.output[panel * row..][..dim];
            let out = self.work.output.part(self.work.tokens.start + token, head * dim, dim);
            for (out, lanes) in out.iter_mut().zip(numbers) {
                *out = lanes[lane] * inverse;
            }
        }
    }
}

impl Panel {
    /// Takes one page in, of which `positions` are there.
    #[inline(always)]
    fn attend<I: Isa, const R: usize>(
        &mut self,
        positions: Range<usize>,
        queries: &[Lanes],
        keys: &[f32],
        values: &[f32],
        output: &mut [Lanes],
    ) {
        let row = queries.len();
        let mut scores = [ZEROS; PAGE_TOKENS];
        let (blocks, _) = scores.as_chunks_mut::<R>();
        for (scores, keys) in blocks.iter_mut().zip(keys.chunks_exact(R * row)) {
            rows_by::<I, R>(keys, queries, scores);
        }
        let count = positions.len();
        if positions.start < self.all.start || positions.end > self.all.end {
            for (scores, position) in scores.iter_mut().zip(positions.start as u32..) {
                *scores = lanes!(i => {
                    let seen = (self.start[i]..self.end[i]).contains(&position);
                    if seen { scores[i] } else { f32::NEG_INFINITY }
                });
            }
        }
        let scores = &mut scores[..count];
        let mut most = self.maximum;
        for scores in scores.iter() {
            most = larger(scores, &most);
        }
        // A lane that sees nothing yet has nothing to be relative to.
        let base = lanes!(i => if most[i] == f32::NEG_INFINITY { 0.0 } else { most[i] });
        let factor = lanes!(i => exp::<I>(self.maximum[i] - base[i]));
        let mut sum = lanes!(i => self.sum[i] * factor[i]);
        for scores in scores.iter_mut() {
            *scores = lanes!(i => exp::<I>(scores[i] - base[i]));
            sum = lanes!(i => sum[i] + scores[i]);
        }
        (self.maximum, self.sum) = (most, sum);
        let (values, _) = values.as_chunks::<R>();
        let (output, _) = output.as_chunks_mut::<R>();
        let width = output.len();
        for (at, output) in output.iter_mut().enumerate() {
            columns_by::<I, R>(values, width, at, scores, &factor, output);
        }
    }
}
