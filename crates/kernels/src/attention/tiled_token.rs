//! One new token with AMX's tiles.
//!
//! The heads of a group are what fills a tile. Scores are keys by queries,
//! `[key][head]`, so that maxima and sums of a head run down a lane; outputs
//! are weights by values, `[head][number]`. Keys are taken from their pages as
//! they lie, of values two slots are set one into the other.
//!
//! A group has at most half of a tile's lanes. The other half is for what is
//! left of queries, and of weights, when they are rounded to bfloat16: with
//! both parts nothing is lost that a cache of bfloat16 had kept.

use std::f32::consts::{LN_2, LOG2_E};
use std::ops::Range;
use std::ptr;

use crate::attention::ahead::Ahead;
use crate::attention::turn::{NO_TILE, NUMBERS, Tile, bytes, number_of, pairs, rounded, transpose};
use crate::attention::{AttentionShape, CachedHead, Partial, pages_of};
use crate::cache::{CacheType, PAGE_TOKENS, Rows, row_length};
use crate::source::GROUP;
use crate::tier::amx::tiles::{States, Tiles};
use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, Lanes, PRECISE, exp2, lanes, larger, narrow};
use crate::vector::level::{Level, Task};

/// Pages whose weights are made together: sums are scaled once for them.
const PAGES: usize = 4;

/// Heads that have a tile: as many lanes are for what rounding leaves.
const HEADS: usize = LANES / 2;

/// The room that one thread works in.
#[derive(Clone, Debug, Default)]
pub struct TokenScratch {
    /// `[head_dim / 32]`: scaled queries, `[pair of numbers][head]`.
    queries: Vec<Tile>,
    /// `[page][slot][head]`.
    scores: Vec<[Lanes; PAGE_TOKENS]>,
    /// `[page]`: weights, `[head][slot]`.
    weights: Vec<Tile>,
    /// `[number / 16][page]`: `[pair of slots][number]`.
    values: Vec<Tile>,
    /// `[number / 16][head][number]`: `Σ 2^(score − maximum) · value`.
    sums: Vec<[Lanes; LANES]>,
}

/// Whether heads and cache are such as tiles take.
pub fn can(cached: &CachedHead<'_>, shape: &AttentionShape) -> bool {
    cached.pages.shape().kind == CacheType::Bf16
        && shape.head_dim.is_multiple_of(GROUP)
        && shape.group() <= HEADS
}

/// See [`Attention::attend_token`](super::Attention::attend_token).
pub struct TiledToken<'a, 'p> {
    pub cached: &'a CachedHead<'p>,
    pub shape: &'a AttentionShape,
    pub span: Range<usize>,
    pub queries: &'a [f32],
    pub partial: &'a mut Partial,
    pub scratch: &'a mut TokenScratch,
    pub level: Level,
}

impl TiledToken<'_, '_> {
    pub fn run(mut self) {
        self.prepare();
        let registers = Tiles::configure();
        let mut running = Running { maximum: [f32::NEG_INFINITY; LANES], sum: [0.0; LANES] };
        let first = self.span.start / PAGE_TOKENS;
        let last = pages_of(self.span.clone()).map(|(page, _)| page + 1).last().unwrap_or(first);
        for page in (first..last).step_by(PAGES) {
            self.attend(&registers, page..last.min(page + PAGES), &mut running);
        }
        drop(registers);
        self.finish(&running);
    }

    fn prepare(&mut self) {
        let dim = self.shape.head_dim;
        let scale = self.shape.scale * LOG2_E;
        let TokenScratch { queries, scores, weights, values, sums } = &mut *self.scratch;
        queries.clear();
        queries.resize(dim / GROUP, NO_TILE);
        for (number, tile) in queries.iter_mut().enumerate() {
            let mut rows = NO_TILE;
            let columns = self.queries.chunks_exact(dim).map(|query| &query[number * GROUP..]);
            for (head, from) in columns.enumerate() {
                self.level.run(Halve { from, scale, rows: &mut rows, head });
            }
            // SAFETY: the tier is given out where the machine has AVX-512, and
            // a tile has room for sixteen rows.
            unsafe { transpose(&rows, ptr::from_mut(tile).cast(), size_of::<Lanes>()) };
        }
        scores.resize(PAGES, [[0.0; LANES]; PAGE_TOKENS]);
        weights.resize(PAGES, NO_TILE);
        values.resize(dim / LANES * PAGES, NO_TILE);
        sums.clear();
        sums.resize(dim / LANES, [[0.0; LANES]; LANES]);
    }

    /// Takes some pages in.
    fn attend(&mut self, registers: &Tiles, numbers: Range<usize>, running: &mut Running) {
        let (dim, row) = (self.shape.head_dim, row_length(self.shape.head_dim));
        let CachedHead { pages, sequence, layer, kv_head } = *self.cached;
        let count = numbers.len();
        let TokenScratch { queries, scores, weights, values, sums } = &mut *self.scratch;
        let page = |number: usize| pages.head(sequence[number], layer, kv_head, 0..PAGE_TOKENS);
        let next = numbers.end..(numbers.end + PAGES).min(sequence.len());
        let mut ahead = Ahead::<{ 2 * PAGES }>::new(next.map(page));
        let pairs_of_pages = scores.as_chunks_mut::<2>().0.iter_mut().take(count.div_ceil(2));
        for (place, scores) in pairs_of_pages.enumerate() {
            // Of an odd one it does no harm to be asked twice.
            let pair = [0, 1].map(|i| (numbers.start + 2 * place + i).min(numbers.end - 1));
            let [Rows::Bf16(first), Rows::Bf16(second)] = pair.map(|number| page(number).keys)
            else {
                return;
            };
            let keys = [first, second].map(|bits| States { bits, stride: row });
            registers.narrow(keys, bytes(queries), scores.each_mut());
        }
        for (place, number) in numbers.clone().enumerate() {
            let Rows::Bf16(rows) = page(number).values else { return };
            let slots = (self.span.end - number * PAGE_TOKENS).min(PAGE_TOKENS);
            for at in (0..dim).step_by(NUMBERS) {
                let (before, after) = values.split_at_mut((at / LANES + 1) * PAGES);
                let tiles = [&mut before[at / LANES * PAGES + place], &mut after[place]];
                // SAFETY: the tier is given out where the machine has AVX-512.
                unsafe { pairs(rows, row, at, slots, tiles) };
            }
        }
        let start = numbers.start * PAGE_TOKENS;
        self.level.run(Soften {
            seen: self.span.start.max(start) - start
                ..self.span.end.min(start + count * PAGE_TOKENS) - start,
            scores: &mut scores[..count],
            weights,
            running,
            ahead: &mut ahead,
            sums: &mut *sums,
            heads: self.shape.group(),
        });
        let parts = values.chunks_exact(2 * PAGES).zip(sums.as_chunks_mut::<2>().0);
        for (values, [first, second]) in parts {
            let (low, high) = values.split_at(PAGES);
            let values = [&low[..count], &high[..count]].map(bytes);
            registers.add_wide(bytes(&weights[..count]), values, [first, second]);
        }
    }

    fn finish(&mut self, running: &Running) {
        let Partial { row, maximum, sum, values, .. } = &mut *self.partial;
        let heads = maximum.iter_mut().zip(sum).zip(values.chunks_exact_mut(*row));
        for (head, ((maximum, sum), values)) in heads.enumerate() {
            (*maximum, *sum) = (running.maximum[head] * LN_2, running.sum[head]);
            for (tile, sums) in self.scratch.sums.iter().enumerate() {
                let first = tile / 2 * NUMBERS;
                for (lane, number) in sums[head].iter().enumerate() {
                    let left = sums[HEADS + head][lane];
                    values[first + number_of(tile % 2, lane)] = number + left;
                }
            }
        }
    }
}

/// Numbers of a query as bfloat16 in a head's row, and in another what is left
/// of them.
struct Halve<'a> {
    from: &'a [f32],
    scale: f32,
    rows: &'a mut Tile,
    head: usize,
}

impl Task for Halve<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { from, scale, rows, head } = self;
        let Some(from) = from.first_chunk::<GROUP>() else { return };
        for lane in 0..LANES {
            let numbers = [2 * lane, 2 * lane + 1].map(|number| from[number] * scale);
            let whole = numbers.map(|number| u32::from(narrow(number)) << 16);
            let left = [0, 1].map(|i| numbers[i] - f32::from_bits(whole[i])).map(narrow);
            rows.0[head][lane] = whole[0] >> 16 | whole[1];
            rows.0[HEADS + head][lane] = u32::from(left[0]) | u32::from(left[1]) << 16;
        }
    }
}

/// What heads know of the keys that they have seen, twice.
struct Running {
    maximum: Lanes,
    sum: Lanes,
}

/// Takes scores into maxima and sums, scales what was there, and makes weights
/// of them, and asks for what is read next. Two slots share a vector, in the half of which all heads have room.
struct Soften<'a> {
    /// Of the scores' slots, those that are seen.
    seen: Range<usize>,
    scores: &'a mut [[Lanes; PAGE_TOKENS]],
    weights: &'a mut [Tile],
    running: &'a mut Running,
    ahead: &'a mut Ahead<'a, { 2 * PAGES }>,
    sums: &'a mut [[Lanes; LANES]],
    heads: usize,
}

impl Task for Soften<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { seen, scores, weights, running, ahead, sums, heads } = self;
        let slots = scores.as_flattened_mut();
        slots[..seen.start].fill([f32::NEG_INFINITY; LANES]);
        slots[seen.end..].fill([f32::NEG_INFINITY; LANES]);
        let before = running.maximum;
        let mut most = [before; 4];
        for slots in slots.as_chunks_mut::<8>().0 {
            ahead.ask::<4>();
            for (most, slots) in most.iter_mut().zip(slots.as_chunks_mut::<2>().0) {
                let [first, second] = *slots;
                slots[0] = lanes!(i => if i < HEADS {
                    first[i] + first[i + HEADS]
                } else {
                    second[i - HEADS] + second[i]
                });
                *most = larger(&slots[0], most);
            }
        }
        let most = larger(&larger(&most[0], &most[1]), &larger(&most[2], &most[3]));
        let most = larger(&most, &lanes!(i => most[i ^ HEADS]));
        let base = lanes!(i => if most[i] == f32::NEG_INFINITY { 0.0 } else { most[i] });
        let mut sum = [[0.0; LANES]; 2];
        for (scores, weights) in scores.iter().zip(weights) {
            let mut tile = NO_TILE;
            let pairs = scores.as_chunks::<2>().0.iter().zip(&mut tile.0);
            for (number, ([both, _], pairs)) in pairs.enumerate() {
                ahead.ask::<16>();
                let weights = lanes!(i => exp2::<I, 6>(both[i] - base[i], &PRECISE));
                let sum = &mut sum[number % 2];
                *sum = lanes!(i => sum[i] + weights[i]);
                let whole = lanes!(i => f32::from_bits(rounded(weights[i])));
                let left = lanes!(i => weights[i] - whole[i]);
                for i in 0..HEADS {
                    pairs[i] = whole[i].to_bits() >> 16 | whole[i + HEADS].to_bits();
                    pairs[i + HEADS] = rounded(left[i]) >> 16 | rounded(left[i + HEADS]);
                }
            }
            // SAFETY: the tier is given out where the machine has AVX-512, and a
            // tile has room for sixteen rows.
            unsafe { transpose(&tile, weights.0.as_mut_ptr().cast(), size_of::<Lanes>()) };
        }
        let sum = lanes!(i => sum[0][i] + sum[1][i]);
        let sum = lanes!(i => sum[i] + sum[i ^ HEADS]);
        let factor = lanes!(i => exp2::<I, 6>(before[i] - base[i], &PRECISE));
        let old = running.sum;
        running.sum = lanes!(i => old[i] * factor[i] + sum[i]);
        running.maximum = most;
        if !before.iter().zip(&most).any(|(before, most)| before < most) {
            return;
        }
        for tile in sums {
            let (whole, left) = tile.split_at_mut(HEADS);
            for ((whole, left), factor) in whole.iter_mut().zip(left).zip(factor).take(heads) {
                *whole = lanes!(i => whole[i] * factor);
                *left = lanes!(i => left[i] * factor);
            }
        }
    }
}
