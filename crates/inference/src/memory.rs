//! Whether a model fits into memory, before any of it is read.

use mlxcode_kernels::PAGE_TOKENS;
use mlxcode_models::{
    FitReport, FitRequest, FitVerdict, GgmlType, GgufHeader, InstalledModel, ModelConfig,
    WeightFiles,
};

use crate::engine::LoadOptions;
use crate::error::{Error, Result};
use crate::fit;
use crate::format::Checkpoint;
use crate::reference::CACHE_STEP;

/// Bytes of a dense number, which is held as f32 whatever the file has.
const DENSE_BYTES: u64 = 4;

/// A weight as far as its size goes.
#[derive(Clone, Copy, Debug)]
struct Weight {
    numbers: u64,
    /// Where it stays quantised, the bytes it takes.
    quantised_bytes: Option<u64>,
}

/// Pages of keys and values that any request needs: a prompt of some hundred
/// tokens, an answer, and a copy.
pub const LEAST_PAGES: usize = 17;

/// Refuses a model whose packed weights, states and least pages take more than
/// `limit_bytes`, and tells the bytes of the weights and states. `None`:
/// nobody knows what there is, so nothing is refused. A context for which
/// there is no room is made shorter later, so it is not refused here.
pub fn check(
    model: &InstalledModel,
    checkpoint: &Checkpoint,
    options: &LoadOptions,
    limit_bytes: Option<u64>,
) -> Result<u64> {
    let mut request = FitRequest::default();
    request.context_tokens = Some((LEAST_PAGES - 1) * PAGE_TOKENS);
    request.available_bytes = limit_bytes;
    let mut report = fit::report(model, checkpoint, options, &request)?;
    // They are in memory already, and not in what is free.
    report.program_bytes = 0;
    if report.verdict() == FitVerdict::TooLarge && !options.ignore_memory {
        return Err(refused(model, &report, limit_bytes.unwrap_or(0)));
    }
    Ok(report.weights_bytes.saturating_add(report.activations_bytes))
}

fn refused(model: &InstalledModel, report: &FitReport, available_bytes: u64) -> Error {
    Error::Memory {
        path: model.path().to_owned(),
        needed_bytes: report.total_bytes(),
        weights_bytes: report.weights_bytes,
        available_bytes,
        remedies: report.remedies(),
    }
}

/// The same for the reference, which holds dense weights as f32.
pub fn check_reference(
    model: &InstalledModel,
    dequantize: bool,
    limit_bytes: Option<u64>,
) -> Result<()> {
    let mut report = FitReport::new(CACHE_STEP, 1);
    report.weights_bytes = weight_bytes(&weights(model, dequantize)?);
    report.cache_bytes = cache_bytes(model.config());
    report.parameters = model.parameters();
    report.available_bytes = limit_bytes;
    match report.verdict() {
        FitVerdict::TooLarge => Err(refused(model, &report, limit_bytes.unwrap_or(0))),
        _ => Ok(()),
    }
}

fn weights(model: &InstalledModel, dequantize: bool) -> Result<Vec<Weight>> {
    let WeightFiles::Gguf(file) = model.files() else {
        return Ok(vec![Weight { numbers: model.parameters(), quantised_bytes: None }]);
    };
    let tensors = GgufHeader::read(file)?.tensors;
    let weight = |tensor: mlxcode_models::GgufTensor| {
        let dense = matches!(tensor.ggml_type, GgmlType::F32 | GgmlType::F16 | GgmlType::BF16);
        // What is no matrix is held as numbers.
        let quantised = !dense && !dequantize && tensor.dims.len() > 1;
        Weight {
            numbers: tensor.dims.iter().product(),
            quantised_bytes: quantised.then_some(tensor.size_bytes),
        }
    };
    Ok(tensors.into_iter().map(weight).collect())
}

/// What weights take once they are loaded.
fn weight_bytes(weights: &[Weight]) -> u64 {
    let bytes = weights.iter().map(|weight| {
        weight.quantised_bytes.unwrap_or_else(|| weight.numbers.saturating_mul(DENSE_BYTES))
    });
    bytes.fold(0, u64::saturating_add)
}

/// What keys and values take at the first token: the least that any request
/// needs.
fn cache_bytes(config: &ModelConfig) -> u64 {
    let factors = [config.num_layers, config.num_kv_heads, config.head_dim, CACHE_STEP, 2];
    factors.iter().fold(DENSE_BYTES, |bytes, factor| bytes.saturating_mul(*factor as u64))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn dense_weights_take_four_bytes_a_number() {
        let dense = |numbers| Weight { numbers, quantised_bytes: None };
        let quantised = |quantised_bytes| Weight { numbers: 256, quantised_bytes };
        assert_eq!(weight_bytes(&[]), 0);
        // A model of seven milliards, as its makers publish it.
        assert_eq!(weight_bytes(&[dense(7_000_000_000)]), 28_000_000_000);
        assert_eq!(weight_bytes(&[quantised(Some(144)), dense(10)]), 184);
        assert_eq!(weight_bytes(&[dense(u64::MAX), dense(u64::MAX)]), u64::MAX);
    }

    #[test]
    fn a_file_that_stays_quantised_takes_less() {
        let load = |name: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
            let file = folder.join("model.gguf");
            let path = if file.exists() { file } else { folder };
            InstalledModel::check_in_place(&path).unwrap()
        };
        let bytes =
            |name: &str, dequantize| weight_bytes(&weights(&load(name), dequantize).unwrap());
        let numbers = load("qwen2-bf16").parameters();
        assert_eq!(bytes("qwen2-bf16", false), 4 * numbers);
        assert_eq!(bytes("qwen2-gguf-f16", false), bytes("qwen2-gguf-f32", false));
        assert_eq!(bytes("qwen2-gguf-q8_0", true), bytes("qwen2-gguf-f32", false));
        assert!(bytes("qwen2-gguf-q8_0", false) < bytes("qwen2-gguf-q8_0", true) / 2);
        let model = load("qwen2-bf16");
        let needed = 4 * numbers + cache_bytes(model.config());
        assert!(check_reference(&model, false, None).is_ok());
        assert!(check_reference(&model, false, Some(needed)).is_ok());
        assert!(check_reference(&model, false, Some(needed - 1)).is_err());
    }
}
