//! How fast the products of a tier are, by type of weights, on one thread.
//!
//! `cargo run --release -p mlxcode-kernels --example rates [TIER [TYPE…]]`
//!
//! `GB/s` is what one to eight tokens read of packed weights, from memory and
//! from the second cache; `GMAC/s` is 512 tokens.

#![allow(clippy::print_stdout, reason = "a program that prints")]

use std::time::{Duration, Instant};

use mlxcode_kernels::{
    Activations, FloatType, KernelsRef, Output, Packed, Scratch, Source, Tier, WeightType, kernels,
};

/// Tokens of a `gemv`.
const FEW: [usize; 4] = [1, 2, 4, 8];
/// Tokens of a `gemm`.
const MANY: usize = 512;
/// Columns of both, and rows of a `gemm`.
const COLUMNS: usize = 1536;
const GEMM_ROWS: usize = 64;
/// Larger than the last cache, smaller than the second.
const FAR_BYTES: usize = 160 << 20;
const PART_BYTES: usize = 4 << 20;
const NEAR_BYTES: usize = 300 << 10;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let tier = arguments.next().and_then(|name| name.parse().ok()).unwrap_or_else(Tier::detect);
    let wanted: Vec<String> = arguments.collect();
    let Some(kernels) = kernels(tier) else {
        println!("this machine has no {tier}");
        return;
    };
    println!("{tier}, plain reads {:.1} GB/s", plain_reads());
    println!("{:28} {:>27} {:>27} {:>8}", "", "GB/s from memory", "GB/s from the cache", "GMAC/s");
    println!(
        "{:28} {1:>6} {2:>6} {3:>6} {4:>6} {1:>6} {2:>6} {3:>6} {4:>6} {5:>8}",
        "tokens", FEW[0], FEW[1], FEW[2], FEW[3], MANY
    );
    for kind in types() {
        let name = kind.to_string();
        if wanted.is_empty() || wanted.contains(&name) {
            let far = few(kernels, kind, FAR_BYTES);
            let near = few(kernels, kind, NEAR_BYTES);
            let rates: Vec<String> =
                far.iter().chain(&near).map(|rate| format!("{rate:6.1}")).collect();
            println!("{name:28} {} {:8.1}", rates.join(" "), many(kernels, kind));
        }
    }
}

fn types() -> Vec<WeightType> {
    use WeightType::{
        BF16, F16, F32, IQ4_NL, MXFP4, MlxAffine, MlxMxfp8, MlxNvfp4, Q2_K, Q3_K, Q4_0, Q4_1, Q4_K,
        Q5_0, Q5_1, Q5_K, Q6_K, Q8_0,
    };
    let mut types = vec![
        Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, MXFP4, MlxMxfp8,
        MlxNvfp4, F16, BF16, F32,
    ];
    types.extend([2, 3, 4, 5, 6, 8].map(|bits| MlxAffine {
        bits,
        group: 64,
        scale: FloatType::BF16,
    }));
    types
}

/// A matrix of about so many bytes, of any codes and moderate scales.
fn matrix(kind: WeightType, rows: usize) -> Packed {
    let (block, bytes) = kind.block();
    let blocks = rows * COLUMNS / block;
    let zeros = |bytes: usize| vec![0_u8; blocks * bytes];
    let mut data = zeros(bytes);
    // Bytes between 0x10 and 0x37 make floats without infinities.
    let mut next = 7_u32;
    for byte in &mut data {
        next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = 0x10 + (next >> 24) as u8 % 40;
    }
    let fill = |mut bytes: Vec<u8>| {
        bytes.fill(0x30);
        bytes
    };
    let (scales, biases) = (fill(zeros(kind.scale_bytes())), fill(zeros(kind.bias_bytes())));
    match Source::with_scales(kind, rows, COLUMNS, &data, &scales, &biases) {
        Ok(source) => Packed::new(&source),
        Err(error) => std::panic::panic_any(error.to_string()),
    }
}

fn states(kernels: KernelsRef, tokens: usize) -> Activations {
    let mut input = kernels.activations(tokens, COLUMNS);
    let states: Vec<f32> =
        (0..tokens * COLUMNS).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
    input.fill(&states);
    input
}

/// The shortest time of a few, in seconds.
fn best(mut run: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let start = Instant::now();
    let mut runs = 0;
    while runs < 3 || (runs < 5000 && start.elapsed() < Duration::from_millis(200)) {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    best
}

/// Parts are timed one by one: a short one has a chance not to be interrupted.
fn few(kernels: KernelsRef, kind: WeightType, bytes: usize) -> [f64; 4] {
    let tile = matrix(kind, 16).size_bytes();
    let parts = bytes.div_ceil(PART_BYTES);
    let tiles = (bytes / parts / tile).max(4).next_multiple_of(4);
    let weight = matrix(kind, parts * tiles * 16);
    let mut products = vec![0.0; 8 * weight.rows()];
    FEW.map(|tokens| {
        let input = states(kernels, tokens);
        let mut part = 0;
        let seconds = best(|| {
            let mut output = Output::new(&mut products, weight.rows());
            kernels.gemv(&weight, part * tiles..(part + 1) * tiles, &input, &mut output);
            part = (part + 1) % parts;
        });
        (tiles * tile) as f64 / seconds * 1e-9
    })
}

fn many(kernels: KernelsRef, kind: WeightType) -> f64 {
    let weight = matrix(kind, GEMM_ROWS);
    let mut products = vec![0.0; MANY * weight.rows()];
    let (input, mut scratch) = (states(kernels, MANY), Scratch::default());
    let seconds = best(|| {
        let mut output = Output::new(&mut products, weight.rows());
        kernels.gemm(&weight, 0..weight.tiles(), &input, &mut output, &mut scratch);
    });
    (MANY * COLUMNS * GEMM_ROWS) as f64 / seconds * 1e-9
}

/// Four streams of plain reads from memory.
fn plain_reads() -> f64 {
    const STREAMS: usize = 4;
    let numbers = vec![1_u64; FAR_BYTES / 8];
    let streams: Vec<&[u64]> = numbers.chunks_exact(numbers.len() / STREAMS).collect();
    let mut sum = [0_u64; 32];
    let part = PART_BYTES / STREAMS / 8;
    let mut start = 0;
    let seconds = best(|| {
        for at in (start..start + part).step_by(32) {
            for stream in &streams {
                for (sum, number) in sum.iter_mut().zip(&stream[at..at + 32]) {
                    *sum ^= number;
                }
            }
        }
        std::hint::black_box(&mut sum);
        start = (start + part) % streams[0].len();
    });
    PART_BYTES as f64 / seconds * 1e-9
}
