//! Many tokens with AMX's tiles.
//!
//! A query head with 32 tokens is the right side of both products: scores are
//! keys by queries, `[key][query]`, and outputs are values by weights,
//! `[number][query]`, so that maxima and sums of a query run down a lane, as in
//! [`block`](super::block). Keys are taken from their pages as they lie, values
//! are turned once for all heads. Products are of bfloat16, sums are f32.
//! Exponentials are powers of two, as queries are scaled for it.

use std::f32::consts::LOG2_E;

use crate::attention::turn::{NO_TILE, NUMBERS, Tile, bytes, number_of, pairs, rounded, transpose};
use crate::attention::{AttentionShape, CachedHead, Work};
use crate::cache::{CacheType, PAGE_TOKENS, Rows, row_length};
use crate::output::Block;
use crate::source::GROUP;
use crate::tier::amx::tiles::{BLOCK, States, Tiles};
use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, Lanes, SHORT, exp2, lanes, larger, narrow};
use crate::vector::level::{Level, Task};

/// Tokens of a block: two tiles.
pub const TOKENS: usize = BLOCK;

/// Pages whose weights are made together: the output is scaled once for them.
const PAGES: usize = 4;
const SLOTS: usize = PAGES * PAGE_TOKENS;

/// How far numbers of a turned value lie apart: an odd number of lines.
const TURNED: usize = SLOTS + 32;

/// Numbers of 32 queries.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Row([Lanes; 2]);

const NO_ROW: Row = Row([[0.0; LANES]; 2]);

/// The room that one thread's blocks work in.
#[derive(Clone, Debug)]
pub struct TiledScratch {
    /// `[head, half, head_dim / 32]`: scaled queries.
    queries: Vec<Tile>,
    /// `[head, number]`: `Σ exp(score − maximum) · value`. Numbers are in the
    /// order of [`number`].
    output: Vec<Row>,
    /// `[head]`.
    running: Vec<Running>,
    /// `[slot]`.
    scores: Vec<Row>,
    /// `[half, page]`: what scores become.
    weights: Vec<Tile>,
    /// `[number, TURNED]`.
    values: Vec<u16>,
}

/// What a head knows of the keys that it has seen.
#[derive(Clone, Copy, Debug)]
struct Running {
    maximum: [Lanes; 2],
    sum: [Lanes; 2],
}

impl Default for TiledScratch {
    fn default() -> Self {
        Self {
            queries: Vec::new(),
            output: Vec::new(),
            running: Vec::new(),
            scores: vec![NO_ROW; SLOTS],
            weights: vec![NO_TILE; 2 * PAGES],
            values: Vec::new(),
        }
    }
}

/// Whether heads and cache are such as tiles take.
pub fn can(cached: &CachedHead<'_>, shape: &AttentionShape) -> bool {
    let kind = cached.pages.shape().kind;
    kind == CacheType::Bf16 && shape.head_dim.is_multiple_of(GROUP)
}

/// See [`Attention::attend_block`](super::Attention::attend_block).
pub struct TiledBlock<'a, 'p, 'o> {
    pub work: Work<'a, 'p, 'o>,
    pub scratch: &'a mut TiledScratch,
    pub level: Level,
}

impl<'p> TiledBlock<'_, 'p, '_> {
    pub fn run(mut self) {
        self.prepare();
        let registers = Tiles::configure();
        let start = self.work.first_position + self.work.tokens.start;
        let end = self.work.first_position + self.work.tokens.end;
        let first = self.work.shape.visible(start).start / PAGE_TOKENS;
        let last = end.div_ceil(PAGE_TOKENS);
        let visible = self.visible();
        for page in (first..last).step_by(PAGES) {
            let pages = page..last.min(page + PAGES);
            let keys: Vec<&[u16]> = pages
                .clone()
                .enumerate()
                .map(|(place, page)| self.turn(place, page, end))
                .collect();
            for head in 0..self.work.shape.group() {
                self.attend(&registers, head, &keys, pages.start * PAGE_TOKENS, &visible);
            }
        }
        drop(registers);
        self.finish();
    }

    /// The positions that each token sees; a token that there is not sees what
    /// the last one sees.
    fn visible(&self) -> Visible {
        let of = |token: usize| {
            let token = (self.work.tokens.start + token).min(self.work.tokens.end - 1);
            self.work.shape.visible(self.work.first_position + token)
        };
        Visible {
            start: std::array::from_fn(|token| of(token).start as u32),
            end: std::array::from_fn(|token| of(token).end as u32),
        }
    }

    /// Queries in pairs of numbers, scaled.
    fn prepare(&mut self) {
        let (dim, group) = (self.work.shape.head_dim, self.work.shape.group());
        let steps = dim / GROUP;
        let scale = self.work.shape.scale * LOG2_E;
        let scratch = &mut *self.scratch;
        scratch.queries.clear();
        scratch.queries.resize(group * 2 * steps, NO_TILE);
        scratch.output.clear();
        scratch.output.resize(group * dim, NO_ROW);
        scratch.running.clear();
        let nothing = Running { maximum: [[f32::NEG_INFINITY; LANES]; 2], sum: [[0.0; LANES]; 2] };
        scratch.running.resize(group, nothing);
        scratch.values.resize(dim * TURNED, 0);
        for head in 0..group {
            let number = self.work.cached.kv_head * group + head;
            for (token, row) in self.work.tokens.clone().enumerate() {
                let from = row * self.work.queries.stride + number * dim;
                let query = &self.work.queries.numbers[from..from + dim];
                let (half, lane) = (token / LANES, token % LANES);
                for (pair, numbers) in query.chunks_exact(2).enumerate() {
                    let [low, high] = [0, 1].map(|i| narrow(numbers[i] * scale));
                    let tile = (head * 2 + half) * steps + pair / LANES;
                    scratch.queries[tile].0[pair % LANES][lane] =
                        u32::from(low) | u32::from(high) << 16;
                }
            }
        }
    }

    /// The keys of a page; its values are turned into their place. Slots from
    /// `end` on hold nothing that may be used.
    fn turn(&mut self, place: usize, number: usize, end: usize) -> &'p [u16] {
        let (dim, row) = (self.work.shape.head_dim, row_length(self.work.shape.head_dim));
        let CachedHead { pages, sequence, layer, kv_head } = *self.work.cached;
        let head = pages.head(sequence[number], layer, kv_head, 0..PAGE_TOKENS);
        let (Rows::Bf16(keys), Rows::Bf16(values)) = (head.keys, head.values) else {
            return &[];
        };
        if let Some(next) = sequence.get(number + 1) {
            let next = pages.head(*next, layer, kv_head, 0..PAGE_TOKENS);
            next.keys.prefetch();
            next.values.prefetch();
        }
        let used = (end - number * PAGE_TOKENS).min(PAGE_TOKENS);
        let part = &mut self.scratch.values[place * PAGE_TOKENS..];
        let (mut first, mut second) = (NO_TILE, NO_TILE);
        for at in (0..dim).step_by(NUMBERS) {
            // SAFETY: the tier is given out where the machine has AVX-512;
            // there is room for `dim` rows.
            unsafe {
                pairs(values, row, at, used, [&mut first, &mut second]);
                for (tile, at) in [(&first, at), (&second, at + LANES)] {
                    let out = &mut part[at * TURNED..][..(LANES - 1) * TURNED + PAGE_TOKENS];
                    transpose(tile, out.as_mut_ptr().cast(), 2 * TURNED);
                }
            }
        }
        keys
    }

    /// Takes some pages in for one head.
    fn attend(
        &mut self,
        registers: &Tiles,
        head: usize,
        keys: &[&[u16]],
        position: usize,
        visible: &Visible,
    ) {
        let (dim, row) = (self.work.shape.head_dim, row_length(self.work.shape.head_dim));
        let TiledScratch { queries, output, running, scores, weights, values } = &mut *self.scratch;
        let steps = dim / GROUP;
        let queries = &queries[head * 2 * steps..][..2 * steps];
        let halves = [&queries[..steps], &queries[steps..]].map(bytes);
        for (keys, scores) in keys.iter().zip(scores.chunks_exact_mut(PAGE_TOKENS)) {
            let keys = States { bits: keys, stride: row };
            registers.add(keys, halves, &mut block(scores), true);
        }
        let output = &mut output[head * dim..][..dim];
        self.level.run(Soften {
            position,
            visible,
            scores: &mut scores[..keys.len() * PAGE_TOKENS],
            running: &mut running[head],
            output: &mut *output,
            weights: &mut *weights,
        });
        let halves = [&weights[..keys.len()], &weights[PAGES..][..keys.len()]].map(bytes);
        for (number, sums) in output.chunks_exact_mut(BLOCK).enumerate() {
            let values = States { bits: &values[number * BLOCK * TURNED..], stride: TURNED };
            registers.add(values, halves, &mut block(sums), false);
        }
    }

    fn finish(&mut self) {
        let (dim, group) = (self.work.shape.head_dim, self.work.shape.group());
        for head in 0..group {
            let first = (self.work.cached.kv_head * group + head) * dim;
            let sums = self.scratch.running[head].sum;
            let rows = &self.scratch.output[head * dim..][..dim];
            for (token, row) in self.work.tokens.clone().enumerate() {
                let (half, lane) = (token / LANES, token % LANES);
                let inverse = 1.0 / sums[half][lane];
                let out = self.work.output.part(row, first, dim);
                for (row, numbers) in rows.iter().enumerate() {
                    out[number(row)] = numbers.0[half][lane] * inverse;
                }
            }
        }
    }
}

/// The number of a head that a row of turned values has.
fn number(row: usize) -> usize {
    row / NUMBERS * NUMBERS + number_of(row % NUMBERS / LANES, row % LANES)
}

fn block(rows: &mut [Row]) -> Block<'_> {
    // SAFETY: rows are numbers without gaps.
    let numbers = unsafe {
        std::slice::from_raw_parts_mut(rows.as_mut_ptr().cast::<f32>(), rows.len() * 2 * LANES)
    };
    Block::of(numbers, 2 * LANES)
}

/// The positions that 32 tokens see.
struct Visible {
    start: [u32; TOKENS],
    end: [u32; TOKENS],
}

/// Takes scores into the maximum and the sum, scales what was there, and makes
/// weights of them.
struct Soften<'a> {
    /// Of the first score.
    position: usize,
    visible: &'a Visible,
    scores: &'a mut [Row],
    running: &'a mut Running,
    output: &'a mut [Row],
    weights: &'a mut [Tile],
}

impl Task for Soften<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let positions = self.position as u32..(self.position + self.scores.len()) as u32;
        for half in 0..2 {
            let starts: [u32; LANES] =
                std::array::from_fn(|i| self.visible.start[half * LANES + i]);
            let ends: [u32; LANES] = std::array::from_fn(|i| self.visible.end[half * LANES + i]);
            let all = starts.iter().all(|start| *start <= positions.start)
                && ends.iter().all(|end| positions.end <= *end);
            if !all {
                for (row, position) in self.scores.iter_mut().zip(positions.clone()) {
                    let scores = &mut row.0[half];
                    *scores = lanes!(i => {
                        let seen = (starts[i]..ends[i]).contains(&position);
                        if seen { scores[i] } else { f32::NEG_INFINITY }
                    });
                }
            }
            let before = self.running.maximum[half];
            let mut most = [before; 4];
            for rows in self.scores.as_chunks::<4>().0 {
                for (most, row) in most.iter_mut().zip(rows) {
                    *most = larger(&row.0[half], most);
                }
            }
            let most = larger(&larger(&most[0], &most[1]), &larger(&most[2], &most[3]));
            // A lane that sees nothing yet has nothing to be relative to.
            let base = lanes!(i => if most[i] == f32::NEG_INFINITY { 0.0 } else { most[i] });
            let factor = lanes!(i => exp2::<I, 4>(before[i] - base[i], &SHORT));
            let sum = self.running.sum[half];
            let mut sum = lanes!(i => sum[i] * factor[i]);
            let tiles = self.weights[half * PAGES..].iter_mut();
            for (rows, tile) in self.scores.chunks_exact(PAGE_TOKENS).zip(tiles) {
                for (rows, pairs) in rows.chunks_exact(2).zip(&mut tile.0) {
                    let (first, second) = (&rows[0].0[half], &rows[1].0[half]);
                    let first = lanes!(i => exp2::<I, 4>(first[i] - base[i], &SHORT));
                    let second = lanes!(i => exp2::<I, 4>(second[i] - base[i], &SHORT));
                    sum = lanes!(i => sum[i] + (first[i] + second[i]));
                    for ((pair, first), second) in pairs.iter_mut().zip(first).zip(second) {
                        *pair = rounded(first) >> 16 | rounded(second);
                    }
                }
            }
            (self.running.maximum[half], self.running.sum[half]) = (most, sum);
            if before.iter().zip(&most).any(|(before, most)| before < most) {
                let (factor, zero) = (I::load(&factor), I::splat(0.0));
                for row in self.output.iter_mut() {
                    let numbers = &mut row.0[half];
                    I::store(I::wide_mul_add(I::load(numbers), factor, zero), numbers);
                }
            }
        }
    }
}
