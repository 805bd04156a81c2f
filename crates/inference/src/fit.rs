//! What a model takes of memory, computed from its shapes.
//!
//! Weights are counted to the byte by the layout that they get
//! (`format/sizes.rs`). Keys and values are pages of 32 tokens
//! (`mlxcode_kernels::CacheShape`). States are those that a step of the most
//! tokens makes room for (`cpu/state.rs`), once for the engine, not for each
//! answer. What the program itself and the tokenizer take is measured, and
//! written down below.

use mlxcode_kernels::{CacheShape, PAGE_TOKENS};
use mlxcode_models::{FitReport, FitRequest, InstalledModel, ModelConfig};

use crate::cpu::attention_span;
use crate::engine::{CONTEXTS, LoadOptions, PREFILL_TOKENS, cache_type};
use crate::error::Result;
use crate::format::{Checkpoint, WeightSize};

/// The program with its threads, before it has a model. Measured: see
/// docs/performance.md, "What a model takes".
const PROGRAM_BYTES: u64 = 11 << 20;

/// The tokenizer, for each token of the vocabulary: texts, merges and the
/// tables that find them. Measured with 151,936 tokens, of a GGUF file and of
/// a `tokenizer.json`, which come to the same.
const TOKEN_BYTES: u64 = 240;

/// The system gives large memory in pages of two megabytes.
const HUGE_PAGE: u64 = 2 << 20;

/// Computes what a model takes with some options. Reads headers only.
pub fn fit(
    model: &InstalledModel,
    options: &LoadOptions,
    request: &FitRequest,
) -> Result<FitReport> {
    let checkpoint = Checkpoint::open(model)?;
    report(model, &checkpoint, options, request)
}

/// The same for files that are mapped already.
pub fn report(
    model: &InstalledModel,
    checkpoint: &Checkpoint,
    options: &LoadOptions,
    request: &FitRequest,
) -> Result<FitReport> {
    let config = model.config();
    let whole =
        options.max_context.map_or(config.context_length, |most| most.min(config.context_length));
    let context = request.context_tokens.map_or(whole, |tokens| tokens.min(whole)).max(1);
    let sequences = request.sequences.max(1);
    let shape = cache_shape(config, options);
    let page = shape.page_bytes() as u64;
    // One more for a copy of a page that is shared in part.
    let pages = ((context.div_ceil(PAGE_TOKENS) + 1) * sequences) as u64;
    let capacity = ((whole.div_ceil(PAGE_TOKENS) + 1) * CONTEXTS) as u64;
    let sizes = weights(model, checkpoint)?;
    let mut report = FitReport::new(context, sequences);
    report.weights_bytes = sizes.iter().map(|size| laid_out(size, options)).sum();
    report.loading_bytes = loading(&sizes, options);
    report.cache_bytes = page.saturating_mul(pages).next_multiple_of(HUGE_PAGE);
    report.kept_prompts_bytes = page.saturating_mul(capacity.saturating_sub(pages));
    report.activations_bytes = activations(config, context, sequences);
    report.program_bytes = PROGRAM_BYTES + config.vocab_size as u64 * TOKEN_BYTES;
    report.token_bytes = page.div_ceil(PAGE_TOKENS as u64);
    report.parameters = model.parameters();
    report.available_bytes = request.available_bytes;
    Ok(report)
}

/// The weights that are loaded, in the order in which they are.
pub fn weights(model: &InstalledModel, checkpoint: &Checkpoint) -> Result<Vec<WeightSize>> {
    let tied = model.config().tie_embeddings;
    let place = |size: &WeightSize| match &*size.name {
        "token_embd.weight" | "model.embed_tokens.weight" => 0,
        "output.weight" | "lm_head.weight" => 1,
        _ => 2,
    };
    let mut sizes = checkpoint.sizes()?;
    // An output layer that is the embedding may be in the file all the same.
    sizes.retain(|size| !(tied && place(size) == 1));
    sizes.sort_by_key(place);
    Ok(sizes)
}

/// What a weight takes once it is loaded.
pub fn laid_out(size: &WeightSize, options: &LoadOptions) -> u64 {
    if options.dequantize { size.float_bytes } else { size.packed_bytes }
}

/// The most that is in memory on the way: what was laid out, and the part of
/// the file that is being read.
fn loading(sizes: &[WeightSize], options: &LoadOptions) -> u64 {
    let (mut done, mut most) = (0_u64, 0_u64);
    for size in sizes {
        done = done.saturating_add(laid_out(size, options));
        // Floats are made of a whole matrix at once.
        let beside = if options.dequantize { size.float_bytes } else { 0 };
        most = most.max(done.saturating_add(size.source_bytes).saturating_add(beside));
    }
    most
}

fn cache_shape(config: &ModelConfig, options: &LoadOptions) -> CacheShape {
    CacheShape {
        layers: config.num_layers,
        kv_heads: config.num_kv_heads,
        head_dim: config.head_dim,
        kind: cache_type(options),
    }
}

/// Bytes of `Activations` for a column: the number, its code, a scale for 32
/// and a sum for 16.
fn quantised(columns: usize) -> u64 {
    let stride = columns.next_multiple_of(128) as u64;
    stride * 5 + stride / 32 * 4 + stride / 16 * 4
}

/// The rooms of `cpu/state.rs`, for a step of as many tokens as one may have.
fn activations(config: &ModelConfig, context: usize, sequences: usize) -> u64 {
    let rows = PREFILL_TOKENS.min(context.saturating_mul(sequences)).next_power_of_two() as u64;
    let numbers = |columns: usize| 4 * columns as u64;
    let (heads, kv_heads) =
        (config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim);
    let dense = (0..config.num_layers).any(|layer| config.experts_of(layer).is_none());
    let inner = if dense { config.intermediate_size } else { 0 };
    let mut row = numbers(config.hidden_size + heads * 2 + kv_heads * 2 + config.head_dim)
        + quantised(config.hidden_size)
        + quantised(heads)
        + numbers(inner)
        + quantised(inner);
    if let Some(experts) = &config.experts {
        let pair = quantised(config.hidden_size)
            + quantised(experts.intermediate_size)
            + numbers(experts.intermediate_size + config.hidden_size + 3);
        row += numbers(experts.count) + experts.used as u64 * pair;
    }
    let asked = sequences.next_power_of_two() as u64;
    // The logits, their copy and what chooses among them.
    let logits = asked * (quantised(config.hidden_size) + 4 * numbers(config.vocab_size));
    // Long contexts are shared between workers, which need room of their own.
    let group = config.num_heads / config.num_kv_heads.max(1);
    let spans = (context / attention_span() * config.num_kv_heads * sequences) as u64;
    let partial = numbers((2 * group + PAGE_TOKENS) * config.head_dim + group * (PAGE_TOKENS + 3));
    rows * row + logits + spans * partial
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn model(name: &str) -> InstalledModel {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        InstalledModel::check_in_place(&fixtures.join(name)).unwrap()
    }

    #[test]
    fn a_longer_context_takes_what_its_pages_take() {
        let model = model("qwen2-gguf-q4_0/model.gguf");
        let of = |context_tokens, sequences| {
            let mut request = FitRequest::default();
            request.context_tokens = Some(context_tokens);
            request.sequences = sequences;
            fit(&model, &LoadOptions::default(), &request).unwrap()
        };
        let config = model.config();
        // Two bytes each for a key and a value in every layer.
        let width = config.num_layers * config.num_kv_heads * config.head_dim.next_multiple_of(16);
        assert_eq!(of(32, 1).token_bytes, 4 * width as u64);
        assert!(of(64, 1).cache_bytes >= of(32, 1).cache_bytes);
        assert!(of(64, 4).cache_bytes >= 4 * 64 * of(64, 1).token_bytes);
        assert_eq!(of(usize::MAX, 1).context_tokens, config.context_length);
        assert_eq!(of(64, 1).weights_bytes, of(64, 8).weights_bytes);
    }

    #[test]
    fn a_cache_of_bytes_takes_about_half() {
        let model = model("qwen2-gguf-q4_0/model.gguf");
        let of = |cache| {
            let options = LoadOptions { cache, ..LoadOptions::default() };
            fit(&model, &options, &FitRequest::default()).unwrap().token_bytes
        };
        let (two, one) = (of(crate::CacheKind::Bf16), of(crate::CacheKind::Q8));
        assert!(one * 3 / 2 < two && two < one * 2, "{one} {two}");
    }

    #[test]
    fn reading_an_embedding_counts_twice_on_the_way() {
        let size = |name: &str, source_bytes, packed_bytes| WeightSize {
            name: name.to_owned(),
            source_bytes,
            packed_bytes,
            float_bytes: 4 * packed_bytes,
        };
        let sizes = [size("token_embd.weight", 100, 110), size("output_norm.weight", 4, 4)];
        assert_eq!(loading(&sizes, &LoadOptions::default()), 210);
        let small = [size("token_embd.weight", 10, 11), size("a", 30, 33), size("b", 30, 33)];
        assert_eq!(loading(&small, &LoadOptions::default()), 107);
    }
}
