use super::*;
use crate::cache::{CacheShape, CacheType, Rows, row_length};
use crate::testing::Random;

const TIERS: [Tier; 4] = [Tier::Scalar, Tier::Avx2, Tier::Avx512, Tier::Amx];
const LENGTHS: [usize; 8] = [1, 2, 31, 32, 33, 64, 65, 300];

/// A sequence with its keys and values, in pages in no order, and random
/// queries of all its tokens.
struct Case {
    shape: AttentionShape,
    pages: Pages,
    sequence: Vec<u32>,
    length: usize,
    /// `[length, heads, head_dim]`.
    queries: Vec<f32>,
    /// `[kv_heads][length, head_dim]`, as they come out of the pages.
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
}

/// The middle one of three layers is used.
const LAYER: usize = 1;

impl Case {
    fn new(shape: AttentionShape, kind: CacheType, length: usize) -> Self {
        let AttentionShape { heads, kv_heads, head_dim, .. } = shape;
        let mut random = Random::new((heads * 1000 + head_dim * 10 + length) as u64);
        let mut numbers =
            |count: usize| -> Vec<f32> { (0..count).map(|_| random.unit() * 2.0).collect() };
        let count = length.div_ceil(PAGE_TOKENS);
        let pages = Pages::new(CacheShape { layers: 3, kv_heads, head_dim, kind }, count + 1);
        let sequence: Vec<u32> = (0..count as u32).map(|page| count as u32 - page).collect();
        for position in 0..length {
            for head in 0..kv_heads {
                let (key, value) = (numbers(head_dim), numbers(head_dim));
                let (page, slot) = (sequence[position / PAGE_TOKENS], position % PAGE_TOKENS);
                // SAFETY: one thread, and no slice of a page.
                unsafe { pages.write(page, LAYER, head, slot, &key, &value) };
            }
        }
        let queries = numbers(length * heads * head_dim);
        let mut case =
            Self { shape, pages, sequence, length, queries, keys: Vec::new(), values: Vec::new() };
        for head in 0..kv_heads {
            let (keys, values) = case.stored(head);
            case.keys.push(keys);
            case.values.push(values);
        }
        case
    }

    fn stored(&self, head: usize) -> (Vec<f32>, Vec<f32>) {
        let (dim, row) = (self.shape.head_dim, row_length(self.shape.head_dim));
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for position in 0..self.length {
            let slot = position % PAGE_TOKENS;
            let page = self.sequence[position / PAGE_TOKENS];
            let part = self.pages.head(page, LAYER, head, slot..slot + 1);
            let widen = |rows: Rows<'_>, into: &mut Vec<f32>| {
                let mut out = vec![0.0; row];
                rows.widen(row, &mut out);
                into.extend(&out[..dim]);
            };
            widen(part.keys, &mut keys);
            widen(part.values, &mut values);
        }
        (keys, values)
    }

    /// One head of one token by the definition.
    fn defined(&self, position: usize, head: usize) -> Vec<f64> {
        let AttentionShape { heads, head_dim, scale, .. } = self.shape;
        let kv_head = head / self.shape.group();
        let query = &self.queries[(position * heads + head) * head_dim..][..head_dim];
        let row = |of: &[f32], at: usize| -> Vec<f64> {
            of[at * head_dim..(at + 1) * head_dim].iter().map(|x| f64::from(*x)).collect()
        };
        let first = match self.shape.window {
            Some(window) if position >= window => position + 1 - window,
            _ => 0,
        };
        let mut output = vec![0.0; head_dim];
        let scores: Vec<(usize, f64)> = (first..=position)
            .map(|at| {
                let key = row(&self.keys[kv_head], at);
                let dot: f64 = query.iter().zip(key).map(|(q, k)| f64::from(*q) * k).sum();
                (at, dot * f64::from(scale))
            })
            .collect();
        let most = scores.iter().fold(f64::NEG_INFINITY, |most, (_, score)| most.max(*score));
        let total: f64 = scores.iter().map(|(_, score)| (score - most).exp()).sum();
        for (at, score) in scores {
            let weight = (score - most).exp() / total;
            for (output, value) in output.iter_mut().zip(row(&self.values[kv_head], at)) {
                *output += weight * value;
            }
        }
        output
    }

    fn cached(&self, kv_head: usize) -> CachedHead<'_> {
        CachedHead { pages: &self.pages, sequence: &self.sequence, layer: LAYER, kv_head }
    }

    /// All heads of the last token, its positions parted as given.
    fn token(&self, attention: &Attention, spans: &[Range<usize>]) -> Vec<f32> {
        let width = self.shape.group() * self.shape.head_dim;
        let last = &self.queries[(self.length - 1) * width * self.shape.kv_heads..];
        let mut output = vec![f32::NAN; last.len()];
        let mut parts = vec![Partial::new(&self.shape); spans.len()];
        let mut scratch = AttentionScratch::default();
        let heads = last.chunks_exact(width).zip(output.chunks_exact_mut(width));
        for (kv_head, (queries, output)) in heads.enumerate() {
            for (span, partial) in spans.iter().zip(&mut parts) {
                let cached = self.cached(kv_head);
                attention.attend_token(
                    &cached,
                    self.length,
                    span.clone(),
                    queries,
                    partial,
                    &mut scratch,
                );
            }
            Partial::merge(parts.iter(), output);
        }
        output
    }

    /// All heads of the tokens from `first` on, in chunks.
    fn block(&self, attention: &Attention, first: usize, chunk: usize) -> Vec<f32> {
        let width = self.shape.heads * self.shape.head_dim;
        let mut output = vec![f32::NAN; (self.length - first) * width];
        let mut scratch = AttentionScratch::default();
        for start in (first..self.length).step_by(chunk) {
            let end = self.length.min(start + chunk);
            let queries =
                Queries { numbers: &self.queries[start * width..end * width], stride: width };
            let numbers = &mut output[(start - first) * width..(end - first) * width];
            let mut out = Output::new(numbers, width);
            for kv_head in 0..self.shape.kv_heads {
                // Two ranges, as two threads would have them.
                let middle = (end - start) / 3;
                for tokens in [0..middle, middle..end - start] {
                    let cached = self.cached(kv_head);
                    attention.attend_block(
                        &cached,
                        start,
                        tokens,
                        &queries,
                        &mut out,
                        &mut scratch,
                    );
                }
            }
        }
        output
    }

    fn check(&self, found: &[f32], first: usize, tier: Tier, what: &str) {
        // Tiles of many tokens take queries and weights as bfloat16, those of
        // one token in two parts.
        let allowed = match tier {
            Tier::Amx if found.len() > self.shape.heads * self.shape.head_dim => 1.5e-2,
            Tier::Amx => 4e-5,
            _ => 4e-6,
        };
        let (heads, dim) = (self.shape.heads, self.shape.head_dim);
        let found = found.chunks_exact(heads * dim).enumerate();
        for (token, found) in found.map(|(index, found)| (first + index, found)) {
            // Enough of a long sequence to meet each kind of page.
            if token % 7 != 0 && token + 3 < self.length {
                continue;
            }
            for (head, found) in found.chunks_exact(dim).enumerate() {
                for (found, expected) in found.iter().zip(self.defined(token, head)) {
                    let near = (f64::from(*found) - expected).abs() <= allowed;
                    assert!(near, "{what}, token {token}, head {head}: {found}, not {expected}");
                }
            }
        }
    }
}

fn shape(kv_heads: usize, group: usize, head_dim: usize, window: Option<usize>) -> AttentionShape {
    let scale = 1.0 / (head_dim as f32).sqrt();
    AttentionShape { heads: kv_heads * group, kv_heads, head_dim, scale, window }
}

/// Each dimension with each group, and with one window and one type.
fn shapes() -> Vec<(AttentionShape, CacheType)> {
    let windows = [None, Some(1), Some(20), Some(32), Some(40), Some(100)];
    let mut shapes = Vec::new();
    for (i, head_dim) in [32, 64, 80, 96, 128, 256, 8].into_iter().enumerate() {
        for (j, group) in [1, 2, 6, 7, 8].into_iter().enumerate() {
            let kind = if (i + j) % 2 == 0 { CacheType::Bf16 } else { CacheType::Q8 };
            let window = windows[(i + 2 * j) % windows.len()];
            shapes.push((shape(1 + j % 2, group, head_dim, window), kind));
        }
    }
    shapes
}

#[test]
fn a_token_attends_as_defined_however_its_positions_are_parted() {
    for (number, (shape, kind)) in shapes().into_iter().enumerate() {
        // Two of the eight lengths each, the long one among five.
        for length in [LENGTHS[number % 7], LENGTHS[(number * 3 + 2) % 8]] {
            let case = Case::new(shape, kind, length);
            for tier in TIERS {
                let attention = Attention::new(tier, shape);
                let what = format!("{tier} {shape:?} {kind:?} {length}");
                let (third, half) = (length / 3, length / 2 + 1);
                let whole = 0..length;
                for spans in [&[whole][..], &[0..third, third..half.min(length), half..length]] {
                    let found = case.token(&attention, spans);
                    case.check(&found, length - 1, tier, &what);
                }
            }
        }
    }
}

#[test]
fn a_block_attends_as_defined_however_it_is_chunked() {
    for (number, (shape, kind)) in shapes().into_iter().enumerate() {
        for length in [LENGTHS[number % 7], LENGTHS[(number * 3 + 2) % 8]] {
            let case = Case::new(shape, kind, length);
            for tier in TIERS {
                let attention = Attention::new(tier, shape);
                let what = format!("{tier} {shape:?} {kind:?} {length}");
                let whole = case.block(&attention, 0, length);
                case.check(&whole, 0, tier, &what);
                let chunked = case.block(&attention, 0, 48);
                case.check(&chunked, 0, tier, &what);
                let last = case.block(&attention, length - 1, 1);
                case.check(&last, length - 1, tier, &what);
            }
        }
    }
}

#[test]
fn a_page_of_a_sequence_that_is_not_there_is_refused() {
    let shape = shape(1, 1, 32, None);
    let case = Case::new(shape, CacheType::Bf16, 40);
    let attention = Attention::new(Tier::Scalar, shape);
    let cached = CachedHead { sequence: &case.sequence[..1], ..case.cached(0) };
    let attend = || {
        let mut partial = Partial::new(&shape);
        let mut scratch = AttentionScratch::default();
        let queries = &case.queries[..32];
        attention.attend_token(&cached, 40, 0..40, queries, &mut partial, &mut scratch);
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(attend)).is_err());
}
