//! The document of `bench --json`.

use mlxcode_core::Benchmark;
use schemars::JsonSchema;
use serde::Serialize;

/// `bench --json`. Speeds and times but `load_ms` are medians of the runs.
#[derive(Serialize, JsonSchema)]
pub struct BenchOutput {
    /// The model.
    pub model: String,
    /// The architecture, such as `qwen2`.
    pub architecture: String,
    /// How most of the weights are stored, such as `Q4_K`.
    pub weights: String,
    /// The types of the weights, the one with the most bytes first.
    pub weight_types: Vec<WeightTypeOutput>,
    /// Bytes of weights that a step of decoding reads.
    pub weight_bytes_per_token: u64,
    /// `cpu` or `reference`.
    pub engine: String,
    /// The kernels that computed.
    pub tier: String,
    /// Threads that computed.
    pub threads: usize,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Steps of one token after it.
    pub generate_tokens: usize,
    /// Tokens of the prompt a second.
    pub prefill_tokens_per_second: f64,
    /// Steps a second.
    pub decode_tokens_per_second: f64,
    /// Milliseconds from checked files to a model that takes requests.
    pub load_ms: f64,
    /// Milliseconds from a request until the logits of its first token.
    pub time_to_first_token_ms: f64,
    /// Memory in use after loading; null where the system does not tell.
    pub loaded_resident_bytes: Option<u64>,
    /// The most memory in use; null where the system does not tell.
    pub peak_resident_bytes: Option<u64>,
    /// Bytes a second that as many threads read from memory; null without
    /// `--bandwidth`.
    pub read_bandwidth_bytes_per_second: Option<f64>,
    /// The part of it that the weights take in decoding, from 0 to 1.
    pub bandwidth_share: Option<f64>,
    /// The runs, in order.
    pub runs: Vec<BenchRunOutput>,
}

/// The weights that are stored in one way.
#[derive(Serialize, JsonSchema)]
pub struct WeightTypeOutput {
    /// The type's name, such as `Q4_K` or `BF16`.
    pub name: String,
    /// Tensors of this type.
    pub tensors: usize,
    /// Their bytes in the file.
    pub size_bytes: u64,
}

/// One prompt and the steps after it.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the unit stands at the end of every name")]
pub struct BenchRunOutput {
    /// Milliseconds from the request until the logits of the first token.
    pub time_to_first_token_ms: f64,
    /// Milliseconds in which the engine read the prompt.
    pub prefill_ms: f64,
    /// Milliseconds of all steps.
    pub decode_ms: f64,
}

impl BenchOutput {
    /// Describes what was measured.
    pub fn new(found: &Benchmark) -> Self {
        let types = found.weight_types.iter().map(|of| WeightTypeOutput {
            name: of.name.clone(),
            tensors: of.tensors,
            size_bytes: of.size_bytes,
        });
        let runs = found.runs.iter().map(|run| BenchRunOutput {
            time_to_first_token_ms: run.time_to_first_token_ms,
            prefill_ms: run.prefill_ms,
            decode_ms: run.decode_ms,
        });
        Self {
            model: found.model.name.clone(),
            architecture: found.model.architecture.clone(),
            weights: found.model.weights.clone(),
            weight_types: types.collect(),
            weight_bytes_per_token: found.weight_bytes_per_token,
            engine: found.engine.as_str().to_owned(),
            tier: found.tier.clone(),
            threads: found.threads,
            prompt_tokens: found.prompt_tokens,
            generate_tokens: found.generated_tokens,
            prefill_tokens_per_second: found.prefill_tokens_per_second(),
            decode_tokens_per_second: found.decode_tokens_per_second(),
            load_ms: found.load_ms,
            time_to_first_token_ms: found.time_to_first_token_ms(),
            loaded_resident_bytes: found.loaded_resident_bytes,
            peak_resident_bytes: found.peak_resident_bytes,
            read_bandwidth_bytes_per_second: found.read_bandwidth_bytes_per_second,
            bandwidth_share: found.bandwidth_share(),
            runs: runs.collect(),
        }
    }
}
