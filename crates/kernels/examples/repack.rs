//! Times how fast matrices of each type are laid out, on one thread: `cargo
//! run --release -p mlxcode-kernels --example repack`.

use std::io::{self, Write};
use std::time::Instant;

use mlxcode_kernels::{Arena, FloatType, Packed, Source, WeightType};

const ROWS: usize = 512;
const COLUMNS: usize = 1536;

fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn main() -> io::Result<()> {
    let affine = |bits| WeightType::MlxAffine { bits, group: 64, scale: FloatType::BF16 };
    let types = [
        WeightType::F32,
        WeightType::F16,
        WeightType::BF16,
        WeightType::Q4_0,
        WeightType::Q4_1,
        WeightType::Q5_0,
        WeightType::Q5_1,
        WeightType::Q8_0,
        WeightType::Q2_K,
        WeightType::Q3_K,
        WeightType::Q4_K,
        WeightType::Q5_K,
        WeightType::Q6_K,
        WeightType::IQ4_NL,
        WeightType::MXFP4,
        WeightType::MlxMxfp4,
        WeightType::MlxMxfp8,
        WeightType::MlxNvfp4,
        affine(2),
        affine(3),
        affine(4),
        affine(5),
        affine(6),
        affine(8),
    ];
    let mut out = io::stdout().lock();
    for kind in types {
        let (block, size) = kind.block();
        let blocks = ROWS * COLUMNS / block;
        let (data, scales) = (bytes(blocks * size), bytes(blocks * kind.scale_bytes()));
        let biases = bytes(blocks * kind.bias_bytes());
        let source = Source::with_scales(kind, ROWS, COLUMNS, &data, &scales, &biases)
            .map_err(io::Error::other)?;
        let mut packed = Packed::empty(&source, &Arena::new(0));
        let all = 0..packed.tiles();
        let mut best = f64::INFINITY;
        for _ in 0..12 {
            let start = Instant::now();
            for writer in &mut packed.writers(std::slice::from_ref(&all)) {
                writer.write(&source);
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        let read = data.len() + scales.len() + biases.len();
        writeln!(out, "{kind}: {:.2} GB/s", read as f64 / best / 1e9)?;
    }
    Ok(())
}
