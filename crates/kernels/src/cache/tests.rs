use super::*;
use crate::testing::Random;

const SHAPE: CacheShape =
    CacheShape { layers: 3, kv_heads: 2, head_dim: 80, kind: CacheType::Bf16 };

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.unit() * 4.0).collect()
}

fn read(pages: &Pages, page: u32, layer: usize, head: usize, slot: usize) -> (Vec<f32>, Vec<f32>) {
    let (dim, row) = (pages.shape().head_dim, row_length(pages.shape().head_dim));
    let part = pages.head(page, layer, head, slot..slot + 1);
    let widen = |rows: Rows<'_>| {
        let mut out = vec![f32::NAN; row];
        rows.widen(row, &mut out);
        assert!(out[dim..].iter().all(|padding| *padding == 0.0));
        out.truncate(dim);
        out
    };
    (widen(part.keys), widen(part.values))
}

fn near(kind: CacheType, found: &[f32], expected: &[f32]) {
    for (found, expected) in found.chunks(32).zip(expected.chunks(32)) {
        let most = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        for (found, expected) in found.iter().zip(expected) {
            let allowed = match kind {
                // Half a unit of 8 bits of mantissa.
                CacheType::Bf16 => expected.abs() / 256.0,
                // Half a step; a step is a 127th, or 1/128 more.
                CacheType::Q8 => most / 127.0 * 0.5 * (1.0 + 1.0 / 127.0),
            };
            assert!((found - expected).abs() <= allowed, "{found} for {expected}");
        }
    }
}

#[test]
fn what_is_written_is_read_in_its_place_and_nowhere_else() {
    for kind in [CacheType::Bf16, CacheType::Q8] {
        for head_dim in [8, 64, 80, 128] {
            let shape = CacheShape { head_dim, kind, ..SHAPE };
            let pages = Pages::new(shape, 4);
            let places = [(0, 0, 0, 0), (1, 2, 1, 31), (3, 0, 1, 7), (3, 2, 1, 8)];
            for (seed, (page, layer, head, slot)) in places.into_iter().enumerate() {
                let (key, value) = (numbers(head_dim, seed as u64), numbers(head_dim, 9));
                // SAFETY: one thread, and no slice of a page.
                unsafe { pages.write(page, layer, head, slot, &key, &value) };
            }
            for (seed, (page, layer, head, slot)) in places.into_iter().enumerate() {
                let (key, value) = read(&pages, page, layer, head, slot);
                near(kind, &key, &numbers(head_dim, seed as u64));
                near(kind, &value, &numbers(head_dim, 9));
            }
            assert_eq!(read(&pages, 2, 1, 1, 5).0, vec![0.0; head_dim]);
            assert_eq!(read(&pages, 3, 2, 1, 7).1, vec![0.0; head_dim]);
        }
    }
}

#[test]
fn a_copy_has_the_first_tokens_of_all_layers_and_no_more() {
    for kind in [CacheType::Bf16, CacheType::Q8] {
        let mut pages = Pages::new(CacheShape { kind, ..SHAPE }, 3);
        for (layer, head) in [(0, 0), (1, 1), (2, 0)] {
            for slot in 0..PAGE_TOKENS {
                let (key, value) = (numbers(80, slot as u64), numbers(80, 50 + layer as u64));
                // SAFETY: one thread, and no slice of a page.
                unsafe { pages.write(0, layer, head, slot, &key, &value) };
            }
        }
        pages.copy(0, 2, 5);
        for slot in 0..PAGE_TOKENS {
            let expected = if slot < 5 { read(&pages, 0, 1, 1, slot) } else { Default::default() };
            let found = read(&pages, 2, 1, 1, slot);
            if slot < 5 {
                assert_eq!(found, expected);
            } else {
                assert_eq!(found, (vec![0.0; 80], vec![0.0; 80]));
            }
        }
    }
}

#[test]
fn a_page_read_from_its_bytes_is_the_page() {
    let mut pages = Pages::new(SHAPE, 2);
    // SAFETY: one thread, and no slice of a page.
    unsafe { pages.write(0, 2, 1, 3, &numbers(80, 1), &numbers(80, 2)) };
    let bytes = pages.page(0).to_vec();
    assert_eq!(bytes.len(), SHAPE.page_bytes());
    pages.page_mut(1).copy_from_slice(&bytes);
    assert_eq!(read(&pages, 1, 2, 1, 3), read(&pages, 0, 2, 1, 3));
}

#[test]
fn bytes_a_token_are_two_or_a_little_more_than_one_a_number() {
    let numbers = 2 * 28 * 2 * 128 * PAGE_TOKENS;
    let shape = CacheShape { layers: 28, kv_heads: 2, head_dim: 128, kind: CacheType::Bf16 };
    assert_eq!(shape.page_bytes(), 2 * numbers);
    assert_eq!(CacheShape { kind: CacheType::Q8, ..shape }.page_bytes(), numbers * 17 / 16);
}
