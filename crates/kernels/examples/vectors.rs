//! Times the operations on states, and attention, of all tiers or of some:
//! `cargo run --release -p mlxcode-kernels --example vectors -- avx2`.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use mlxcode_kernels::{
    Activations, Attention, AttentionScratch, AttentionShape, CacheShape, CacheType, CachedHead,
    Output, PAGE_TOKENS, Pages, Partial, Queries, Tier, vectors,
};

/// The least time of some runs, in seconds: others use the machine as well.
fn time(runs: usize, mut work: impl FnMut()) -> f64 {
    let once = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(|_| once(&mut work)).fold(f64::INFINITY, f64::min)
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count as u32).map(|i| ((i.wrapping_mul(2_654_435_761) >> 8) as f32 / 8e6) - 1.0).collect()
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let named: Vec<Tier> = std::env::args().filter_map(|name| name.parse().ok()).collect();
    let all = vec![Tier::Scalar, Tier::Avx2, Tier::Avx512, Tier::Amx];
    for tier in if named.is_empty() { all } else { named } {
        writeln!(out, "{tier} (or the best below it)")?;
        rows(&mut out, tier)?;
        far_attention(&mut out, tier)?;
        for (kind, name) in [(CacheType::Bf16, "bf16"), (CacheType::Q8, "q8")] {
            for (heads, kv_heads, head_dim) in [(12, 2, 128), (14, 2, 64), (32, 8, 128), (8, 8, 64)]
            {
                let scale = 1.0 / (head_dim as f32).sqrt();
                let shape = AttentionShape { heads, kv_heads, head_dim, scale, window: None };
                attention(&mut out, tier, shape, kind, name)?;
            }
        }
    }
    Ok(())
}

fn rows(out: &mut impl Write, tier: Tier) -> io::Result<()> {
    let vectors = vectors(tier);
    let (x, weight, mut norm) = (numbers(1536), numbers(1536), numbers(1536));
    let seconds = time(2000, || vectors.rms_norm(black_box(&x), &weight, 1e-6, &mut norm));
    writeln!(out, "  rms_norm 1536: {:.3} µs", seconds * 1e6)?;
    let (up, mut gate) = (numbers(8960), numbers(8960));
    let seconds = time(2000, || vectors.silu_mul(black_box(&mut gate), &up));
    writeln!(out, "  silu_mul 8960: {:.3} µs", seconds * 1e6)?;
    let mut activations = Activations::new(1, 8960);
    activations.fill(&up);
    let seconds = time(2000, || {
        // SAFETY: nobody else has the activations.
        let mut token = unsafe { activations.token_mut(0) };
        vectors.quantise(black_box(&mut token));
    });
    writeln!(out, "  quantise 8960: {:.3} µs", seconds * 1e6)?;
    let mut scores = numbers(4096);
    let seconds = time(2000, || vectors.softmax(black_box(&mut scores)));
    writeln!(out, "  softmax 4096: {:.3} µs", seconds * 1e6)?;
    let (mut head, angles) = (numbers(128), numbers(64));
    for interleaved in [false, true] {
        let seconds =
            time(2000, || vectors.rotate(black_box(&mut head), &angles, &angles, interleaved));
        writeln!(out, "  rotate 128 (interleaved: {interleaved}): {:.3} µs", seconds * 1e6)?;
    }
    Ok(())
}

/// One new token in all layers of a long context, whose keys and values no
/// cache holds.
fn far_attention(out: &mut impl Write, tier: Tier) -> io::Result<()> {
    let (layers, kv_heads, head_dim, length) = (64, 2, 64, 4096);
    let shape = AttentionShape { heads: 14, kv_heads, head_dim, scale: 0.125, window: None };
    let attention = Attention::new(tier, shape);
    let cache = CacheShape { layers, kv_heads, head_dim, kind: CacheType::Bf16 };
    let mut pages = Pages::new(cache, length / PAGE_TOKENS);
    for page in 0..pages.capacity() as u32 {
        pages.page_mut(page).fill(0x3c);
    }
    let sequence: Vec<u32> = (0..pages.capacity() as u32).collect();
    let queries = numbers(shape.group() * head_dim);
    let (mut partial, mut scratch) = (Partial::new(&shape), AttentionScratch::default());
    let seconds = time(10, || {
        for layer in 0..layers {
            for kv_head in 0..kv_heads {
                let cached = CachedHead { pages: &pages, sequence: &sequence, layer, kv_head };
                for start in (0..length).step_by(512) {
                    let span = start..start + 512;
                    attention.attend_token(
                        &cached,
                        length,
                        span,
                        &queries,
                        &mut partial,
                        &mut scratch,
                    );
                }
            }
        }
    });
    let rate = (pages.page_bytes() * pages.capacity()) as f64 / seconds / 1e9;
    writeln!(out, "  attend_token 14/2 heads of 64, bf16, 4096 positions, far: {rate:.1} GB/s")
}

fn attention(
    out: &mut impl Write,
    tier: Tier,
    shape: AttentionShape,
    kind: CacheType,
    name: &str,
) -> io::Result<()> {
    let AttentionShape { heads, kv_heads, head_dim, .. } = shape;
    let length = 512;
    let attention = Attention::new(tier, shape);
    let cache = CacheShape { layers: 1, kv_heads, head_dim, kind };
    let pages = Pages::new(cache, length / PAGE_TOKENS);
    let sequence: Vec<u32> = (0..(length / PAGE_TOKENS) as u32).collect();
    let key = numbers(head_dim);
    for position in 0..length {
        for head in 0..kv_heads {
            let page = sequence[position / PAGE_TOKENS];
            // SAFETY: one thread, and no slice of a page.
            unsafe { pages.write(page, 0, head, position % PAGE_TOKENS, &key, &key) };
        }
    }
    let cached = |kv_head| CachedHead { pages: &pages, sequence: &sequence, layer: 0, kv_head };
    let queries = numbers(PAGE_TOKENS * heads * head_dim);
    let mut partial = Partial::new(&shape);
    let mut scratch = AttentionScratch::default();
    let group = shape.group() * head_dim;
    // One head of keys: less is interrupted less.
    let seconds = time(100, || {
        let queries = &queries[..group];
        attention.attend_token(&cached(0), length, 0..length, queries, &mut partial, &mut scratch);
    });
    let rate = (pages.page_bytes() * pages.capacity() / kv_heads) as f64 / seconds / 1e9;
    let what = format!("{heads}/{kv_heads} heads of {head_dim}, {name}, {length} positions");
    writeln!(out, "  attend_token {what}: {:.1} µs, {rate:.1} GB/s", seconds * 1e6)?;
    let mut output = vec![0.0; queries.len()];
    let queries = Queries { numbers: &queries, stride: heads * head_dim };
    let first = length - PAGE_TOKENS;
    let runs = if tier == Tier::Scalar { 5 } else { 100 };
    let seconds = time(runs, || {
        let mut output = Output::new(&mut output, heads * head_dim);
        let tokens = 0..PAGE_TOKENS;
        attention.attend_block(&cached(0), first, tokens, &queries, &mut output, &mut scratch);
    });
    let seen: usize = (first..length).map(|position| position + 1).sum();
    let rate = (4 * seen * heads / kv_heads * head_dim) as f64 / seconds / 1e9;
    writeln!(out, "  attend_block {what}: {:.1} µs, {rate:.1} GFLOP/s", seconds * 1e6)
}
