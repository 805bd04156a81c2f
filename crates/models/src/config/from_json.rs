//! `config.json`, as transformers writes it.

use serde::Deserialize;
use serde_json::Value;

use super::{Architecture, ConfigProblem, ModelConfig, RopeScaling};

#[derive(Deserialize)]
struct Raw {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    vocab_size: usize,
    #[serde(default = "default_context")]
    max_position_embeddings: usize,
    #[serde(default = "default_eps")]
    rms_norm_eps: f64,
    rope_theta: Option<f32>,
    rope_scaling: Option<Value>,
    /// What newer versions write in place of the two above.
    rope_parameters: Option<Value>,
    #[serde(default)]
    tie_word_embeddings: bool,
    attention_bias: Option<bool>,
    #[serde(default)]
    mlp_bias: bool,
    hidden_act: Option<String>,
    #[serde(default)]
    use_sliding_window: bool,
    /// Mistral's, which attends to no more than so many tokens.
    sliding_window: Option<usize>,
    partial_rotary_factor: Option<f64>,
    eos_token_id: Option<Value>,
    bos_token_id: Option<Value>,
    quantization: Option<Value>,
    quantization_config: Option<Value>,
}

fn default_context() -> usize {
    2048
}

fn default_eps() -> f64 {
    1e-6
}

impl ModelConfig {
    /// Reads the text of a `config.json`.
    pub(crate) fn from_json(text: &str) -> Result<Self, ConfigProblem> {
        let damaged = |error: serde_json::Error| ConfigProblem::Damaged(error.to_string());
        let unsupported = |what: String| Err(ConfigProblem::Unsupported(what));
        let all: Value = serde_json::from_str(text).map_err(damaged)?;
        // The family first: another one may lack any field below.
        let model_type = all.get("model_type").and_then(Value::as_str);
        let class = || all.get("architectures")?.get(0)?.as_str();
        let architecture = match model_type.or_else(class) {
            Some("llama" | "mistral" | "LlamaForCausalLM" | "MistralForCausalLM") => {
                Architecture::Llama
            }
            Some("qwen2" | "Qwen2ForCausalLM") => Architecture::Qwen2,
            Some(other) => return unsupported(format!("the architecture {other}")),
            None => return Err(ConfigProblem::Damaged("it names no model_type".to_owned())),
        };
        let raw: Raw = serde_json::from_value(all).map_err(damaged)?;
        if raw.quantization.is_some() || raw.quantization_config.is_some() {
            return unsupported("a quantised folder".to_owned());
        }
        if let Some(act) = raw.hidden_act.as_deref().filter(|act| *act != "silu") {
            return unsupported(format!("the activation {act}"));
        }
        if raw.mlp_bias {
            return unsupported("a bias in the feed-forward layers".to_owned());
        }
        if raw.use_sliding_window {
            return unsupported("a sliding window".to_owned());
        }
        if raw.partial_rotary_factor.is_some_and(|part| (part - 1.0).abs() > f64::EPSILON) {
            return unsupported("a position embedding of a part of each head".to_owned());
        }
        if architecture == Architecture::Llama && raw.attention_bias == Some(true) {
            return unsupported("a bias in the attention's output".to_owned());
        }
        // Up to its window, Mistral is as without one.
        let window = raw.sliding_window.filter(|_| architecture == Architecture::Llama);
        let scaling = raw.rope_parameters.as_ref().or(raw.rope_scaling.as_ref());
        let theta = raw
            .rope_theta
            .or_else(|| Some(raw.rope_parameters.as_ref()?.get("rope_theta")?.as_f64()? as f32));
        Self {
            architecture,
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            num_layers: raw.num_hidden_layers,
            num_heads: raw.num_attention_heads,
            num_kv_heads: raw.num_key_value_heads.unwrap_or(raw.num_attention_heads),
            head_dim: raw.head_dim.unwrap_or(raw.hidden_size / raw.num_attention_heads.max(1)),
            vocab_size: raw.vocab_size,
            context_length: raw.max_position_embeddings.min(window.unwrap_or(usize::MAX)),
            rms_norm_eps: raw.rms_norm_eps,
            rope_theta: theta.unwrap_or(10_000.0),
            rope_scaling: scaling.map(read_scaling).transpose()?.flatten(),
            tie_embeddings: raw.tie_word_embeddings,
            attention_bias: architecture == Architecture::Qwen2,
            eos_token_ids: raw.eos_token_id.as_ref().map(ids).unwrap_or_default(),
            bos_token_id: raw.bos_token_id.as_ref().and_then(|id| ids(id).first().copied()),
        }
        .checked()
    }
}

/// One number, or a list of them.
pub fn ids(value: &Value) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

fn read_scaling(value: &Value) -> Result<Option<RopeScaling>, ConfigProblem> {
    let kind = value.get("rope_type").or_else(|| value.get("type")).and_then(Value::as_str);
    let number = |name: &str| {
        let number = value.get(name).and_then(Value::as_f64).map(|number| number as f32);
        number.ok_or_else(|| ConfigProblem::Damaged(format!("rope_scaling lacks {name}")))
    };
    match kind {
        None | Some("default") => Ok(None),
        Some("linear") => Ok(Some(RopeScaling::Linear { factor: number("factor")? })),
        Some("llama3") => Ok(Some(RopeScaling::Llama3 {
            factor: number("factor")?,
            low_freq_factor: number("low_freq_factor")?,
            high_freq_factor: number("high_freq_factor")?,
            original_context: number("original_max_position_embeddings")?,
        })),
        Some(other) => Err(ConfigProblem::Unsupported(format!("the position scaling {other}"))),
    }
}
