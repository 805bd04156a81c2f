//! One new token: what takes the time is to read keys and values once.

use std::ops::Range;

use crate::attention::{AttentionShape, CachedHead, pages_of};
use crate::cache::{PAGE_TOKENS, row_length};
use crate::vector::isa::Isa;
use crate::vector::lanes::{LANES, Lanes, exp, lanes, larger, largest, sum};
use crate::vector::level::Task;

/// How many pages before it is used a page is asked for.
const PAGES_AHEAD: usize = 3;

/// What one thread found in its span of positions, for the query heads that
/// share a head of keys and values, and the room it works in.
#[derive(Clone, Debug)]
pub struct Partial {
    head_dim: usize,
    pub(super) row: usize,
    /// `[group]`: the largest score.
    pub(super) maximum: Vec<f32>,
    /// `[group]`: `Σ exp(score − maximum)`.
    pub(super) sum: Vec<f32>,
    /// `[group, row]`: `Σ exp(score − maximum) · value`.
    pub(super) values: Vec<f32>,
    /// `[group, row]`, scaled.
    queries: Vec<f32>,
    /// `[32, row]`: keys, then values, of one page.
    page: Vec<f32>,
    /// `[group]`: scores of one page, then their exponentials.
    scores: Vec<[f32; PAGE_TOKENS]>,
    /// `[group]`: what a page has changed the scale of sums by.
    factors: Vec<f32>,
}

impl Partial {
    /// Room for a span of any length.
    pub fn new(shape: &AttentionShape) -> Self {
        let (group, row) = (shape.group(), row_length(shape.head_dim));
        Self {
            head_dim: shape.head_dim,
            row,
            maximum: vec![f32::NEG_INFINITY; group],
            sum: vec![0.0; group],
            values: vec![0.0; group * row],
            queries: vec![0.0; group * row],
            page: vec![0.0; PAGE_TOKENS * row],
            scores: vec![[0.0; PAGE_TOKENS]; group],
            factors: vec![0.0; group],
        }
    }

    /// # Panics
    /// Where it has not room for such heads.
    pub(super) fn check(&self, shape: &AttentionShape) {
        assert!(self.head_dim == shape.head_dim && self.sum.len() == shape.group());
    }

    /// Puts spans together that make up all positions: `output` is
    /// `[group, head_dim]`. Spans may be empty, but not all.
    ///
    /// # Panics
    /// Where `output` is of another shape.
    pub fn merge<'a>(parts: impl Iterator<Item = &'a Self> + Clone, output: &mut [f32]) {
        let Some(first) = parts.clone().next() else { return };
        assert_eq!(output.len(), first.sum.len() * first.head_dim);
        for (head, output) in output.chunks_exact_mut(first.head_dim).enumerate() {
            let most = parts.clone().fold(f32::NEG_INFINITY, |most, p| most.max(p.maximum[head]));
            let mut total = 0.0;
            output.fill(0.0);
            for part in parts.clone().filter(|part| part.sum[head] > 0.0) {
                let factor = (part.maximum[head] - most).exp();
                total += part.sum[head] * factor;
                let values = &part.values[head * part.row..];
                for (output, value) in output.iter_mut().zip(values) {
                    *output += value * factor;
                }
            }
            let inverse = 1.0 / total;
            for output in output {
                *output *= inverse;
            }
        }
    }
}

/// See [`Attention::attend_token`](super::Attention::attend_token).
pub struct AttendToken<'a, 'p> {
    pub cached: &'a CachedHead<'p>,
    pub span: Range<usize>,
    pub queries: &'a [f32],
    pub scale: f32,
    pub partial: &'a mut Partial,
}

impl Task for AttendToken<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { cached, span, queries, scale, partial } = self;
        let row = partial.row;
        partial.maximum.fill(f32::NEG_INFINITY);
        partial.sum.fill(0.0);
        partial.values.fill(0.0);
        let padded = partial.queries.chunks_exact_mut(row);
        for (padded, query) in padded.zip(queries.chunks_exact(partial.head_dim)) {
            for (padded, query) in padded.iter_mut().zip(query) {
                *padded = query * scale;
            }
        }
        let head = |(page, slots): (usize, Range<usize>)| {
            let (layer, kv_head) = (cached.layer, cached.kv_head);
            let count = slots.len();
            (cached.pages.head(cached.sequence[page], layer, kv_head, slots), count)
        };
        let mut ahead = pages_of(span.clone()).map(head).skip(PAGES_AHEAD);
        for (page, count) in pages_of(span).map(head) {
            // Pages lie apart, where no machine could guess.
            if let Some((next, _)) = ahead.next() {
                next.keys.prefetch();
                next.values.prefetch();
            }
            page.keys.widen(row, &mut partial.page[..count * row]);
            all_scores::<I>(partial);
            weigh_scores::<I>(partial, count);
            page.values.widen(row, &mut partial.page[..count * row]);
            all_values::<I>(partial, count);
        }
    }
}

/// Scores of all heads with the 32 rows of the page, some of which may be
/// those of an earlier page.
#[inline(always)]
fn all_scores<I: Isa>(partial: &mut Partial) {
    let Partial { row, queries, page, scores, .. } = partial;
    let (page, _) = page.as_chunks::<LANES>();
    let (queries, _) = queries.as_chunks::<LANES>();
    let width = *row / LANES;
    if I::SUMS_TOGETHER {
        for (query, scores) in queries.chunks_exact(width).zip(scores) {
            let keys = page.chunks_exact(LANES * width);
            for (scores, keys) in scores.as_chunks_mut::<LANES>().0.iter_mut().zip(keys) {
                *scores = sixteen_scores::<I>(query, keys);
            }
        }
        return;
    }
    let mut head = 0;
    // Twelve sums, or eight, as many as there are registers for.
    while head < scores.len() {
        let queries = &queries[head * width..];
        let scores = &mut scores[head..];
        head += match scores.len() {
            1 => some_scores::<I, 1, 4>(queries, page, width, scores),
            2 | 4 => some_scores::<I, 2, 2>(queries, page, width, scores),
            _ => some_scores::<I, 3, 2>(queries, page, width, scores),
        };
    }
}

/// One head with sixteen rows.
#[inline(always)]
fn sixteen_scores<I: Isa>(query: &[Lanes], keys: &[Lanes]) -> Lanes {
    let width = query.len();
    let keys = &keys[..LANES * width];
    let mut sums = [I::splat(0.0); LANES];
    for (i, query) in query.iter().enumerate() {
        let query = I::load(query);
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum = I::wide_mul_add(query, I::load(&keys[k * width + i]), *sum);
        }
    }
    I::sums(sums)
}

/// `H` heads with 32 rows, `P` at a time; gives `H`.
#[inline(always)]
fn some_scores<I: Isa, const H: usize, const P: usize>(
    queries: &[Lanes],
    page: &[Lanes],
    width: usize,
    scores: &mut [[f32; PAGE_TOKENS]],
) -> usize {
    let (queries, scores) = (&queries[..H * width], &mut scores[..H]);
    for first in (0..PAGE_TOKENS).step_by(P) {
        let keys = &page[first * width..(first + P) * width];
        let mut sums = [[I::splat(0.0); P]; H];
        for i in 0..width {
            let mut loaded = [I::splat(0.0); P];
            for (p, key) in loaded.iter_mut().enumerate() {
                *key = I::load(&keys[p * width + i]);
            }
            for (h, sums) in sums.iter_mut().enumerate() {
                let query = I::load(&queries[h * width + i]);
                for (sum, key) in sums.iter_mut().zip(loaded) {
                    *sum = I::wide_mul_add(query, key, *sum);
                }
            }
        }
        for (scores, sums) in scores.iter_mut().zip(sums) {
            for (p, sum) in sums.into_iter().enumerate() {
                scores[first + p] = I::sum(sum);
            }
        }
    }
    H
}

/// Exponentials in the place of scores; sums and maxima take them in.
#[inline(always)]
fn weigh_scores<I: Isa>(partial: &mut Partial, count: usize) {
    let Partial { maximum, sum: sums, scores, factors, .. } = partial;
    let heads = scores.iter_mut().zip(factors).zip(maximum.iter_mut().zip(sums));
    for ((scores, factor), (maximum, total)) in heads {
        scores[count..].fill(f32::NEG_INFINITY);
        let ([a, b], _) = scores.as_chunks_mut::<LANES>() else { continue };
        let most = largest(&larger(a, b));
        let most = if most > *maximum { most } else { *maximum };
        // Where all is masked there is nothing to be relative to.
        let base = if most == f32::NEG_INFINITY { 0.0 } else { most };
        *a = lanes!(i => exp::<I>(a[i] - base));
        *b = lanes!(i => exp::<I>(b[i] - base));
        *factor = exp::<I>(*maximum - base);
        *total = *total * *factor + sum(&lanes!(i => a[i] + b[i]));
        *maximum = most;
    }
}

/// Values of all heads, those from earlier pages scaled.
#[inline(always)]
fn all_values<I: Isa>(partial: &mut Partial, count: usize) {
    let Partial { row, values, page, scores, factors, .. } = partial;
    let (page, _) = page.as_chunks::<LANES>();
    let (values, _) = values.as_chunks_mut::<LANES>();
    let width = *row / LANES;
    let page = &page[..count * width];
    let mut head = 0;
    while head < scores.len() {
        let values = &mut values[head * width..];
        let (scores, factors) = (&scores[head..], &factors[head..]);
        head += match scores.len() {
            1 => some_values::<I, 1>(scores, factors, page, width, values),
            2 => some_values::<I, 2>(scores, factors, page, width, values),
            6 => some_values::<I, 6>(scores, factors, page, width, values),
            3 => some_values::<I, 3>(scores, factors, page, width, values),
            _ => some_values::<I, 4>(scores, factors, page, width, values),
        };
    }
}

#[inline(always)]
fn some_values<I: Isa, const H: usize>(
    weights: &[[f32; PAGE_TOKENS]],
    factors: &[f32],
    page: &[Lanes],
    width: usize,
    values: &mut [Lanes],
) -> usize {
    let weights = &weights[..H];
    for i in 0..width {
        let mut sums = [I::splat(0.0); H];
        for (h, sum) in sums.iter_mut().enumerate() {
            let value = I::load(&values[h * width + i]);
            *sum = I::wide_mul_add(I::splat(factors[h]), value, *sum);
        }
        for (key, row) in page.chunks_exact(width).enumerate().take(PAGE_TOKENS) {
            let value = I::load(&row[i]);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = I::wide_mul_add(I::splat(weights[key]), value, *sum);
            }
        }
        for (h, sum) in sums.into_iter().enumerate() {
            I::store(sum, &mut values[h * width + i]);
        }
    }
    H
}
