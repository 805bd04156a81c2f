use serde::{Deserialize, Serialize};

/// What was measured of a model, once. Speeds are medians of the runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkRecord {
    /// The program's version.
    pub version: String,
    /// The processor's name, where the system tells.
    pub processor: Option<String>,
    /// What computed: `cpu` or `reference`.
    pub engine: String,
    /// The kernels that computed.
    pub tier: String,
    /// Threads that computed.
    pub threads: usize,
    /// How most of the weights are stored, such as `Q4_K`.
    pub weights: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Steps of one token after it.
    pub generated_tokens: usize,
    /// How often prompt and steps were run.
    pub runs: usize,
    /// Tokens of the prompt a second.
    pub prefill_tokens_per_second: f64,
    /// Steps a second.
    pub decode_tokens_per_second: f64,
    /// Milliseconds from a request to its first token.
    pub time_to_first_token_ms: f64,
    /// Milliseconds from checked files to a model that takes requests.
    pub load_ms: f64,
    /// The most memory that was in use, where the system tells.
    pub peak_resident_bytes: Option<u64>,
}
