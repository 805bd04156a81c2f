//! `config.json`, as transformers and mlx-lm write it.

use serde::Deserialize;
use serde_json::Value;

use super::rope::{query_scaling_of_json, scaling_of_json};
use super::{
    Architecture, ConfigProblem, ExpertLayout, Experts, ModelConfig, Quantization, SlidingLayers,
};

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
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
    sliding_window: Option<usize>,
    max_window_layers: Option<usize>,
    layer_types: Option<Value>,
    partial_rotary_factor: Option<f64>,
    num_experts: Option<usize>,
    /// What newer versions write in its place.
    num_local_experts: Option<usize>,
    num_experts_per_tok: Option<usize>,
    moe_intermediate_size: Option<usize>,
    #[serde(default)]
    norm_topk_prob: bool,
    decoder_sparse_step: Option<usize>,
    mlp_only_layers: Option<Vec<usize>>,
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
        let all: Value = serde_json::from_str(text).map_err(|error| damaged(&error))?;
        // The family first: another one may lack any field below.
        let kind = kind(&all);
        if let (Some("mistral3" | "Mistral3ForConditionalGeneration"), Some(inner)) =
            (kind, all.get("text_config"))
        {
            return Self::from_value(with_outer(inner, &all));
        }
        Self::from_value(all)
    }

    fn from_value(all: Value) -> Result<Self, ConfigProblem> {
        let architecture = match kind(&all) {
            Some("llama" | "LlamaForCausalLM") => Architecture::Llama,
            Some("mistral" | "ministral" | "ministral3" | "MistralForCausalLM") => {
                Architecture::Mistral
            }
            Some("qwen2" | "Qwen2ForCausalLM") => Architecture::Qwen2,
            Some("qwen3" | "Qwen3ForCausalLM") => Architecture::Qwen3,
            Some("qwen3_moe" | "Qwen3MoeForCausalLM") => Architecture::Qwen3Moe,
            Some(other) => return unsupported(format!("the architecture {other}")),
            None => return Err(ConfigProblem::Damaged("it names no model_type".to_owned())),
        };
        let usual_head = match kind(&all) {
            Some("qwen3" | "Qwen3ForCausalLM" | "ministral3") => Some(128),
            _ => None,
        };
        let raw: Raw = serde_json::from_value(all).map_err(|error| damaged(&error))?;
        raw.refuse(architecture)?;
        let quantization = raw.quantization.as_ref().or(raw.quantization_config.as_ref());
        let (sliding_window, sliding_layers) = raw.window(architecture)?;
        let rope = raw.rope_parameters.as_ref().or(raw.rope_scaling.as_ref());
        let theta = raw
            .rope_theta
            .or_else(|| Some(raw.rope_parameters.as_ref()?.get("rope_theta")?.as_f64()? as f32));
        let context = raw.max_position_embeddings;
        let even = raw.hidden_size / raw.num_attention_heads.max(1);
        Self {
            architecture,
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            num_layers: raw.num_hidden_layers,
            num_heads: raw.num_attention_heads,
            num_kv_heads: raw.num_key_value_heads.unwrap_or(raw.num_attention_heads),
            head_dim: raw.head_dim.or(usual_head).unwrap_or(even),
            vocab_size: raw.vocab_size,
            context_length: context,
            rms_norm_eps: raw.rms_norm_eps,
            rope_theta: theta.unwrap_or(10_000.0),
            rope_scaling: rope.map(|rope| scaling_of_json(rope, context)).transpose()?.flatten(),
            rope_interleaved: false,
            query_scaling: rope.map(query_scaling_of_json).transpose()?.flatten(),
            qk_norm: matches!(architecture, Architecture::Qwen3 | Architecture::Qwen3Moe),
            sliding_window,
            sliding_layers,
            experts: if architecture == Architecture::Qwen3Moe { raw.experts()? } else { None },
            tie_embeddings: raw.tie_word_embeddings,
            attention_bias: architecture == Architecture::Qwen2,
            quantization: quantization.map(Quantization::of_json).transpose()?,
            eos_token_ids: raw.eos_token_id.as_ref().map(ids).unwrap_or_default(),
            bos_token_id: raw.bos_token_id.as_ref().and_then(|id| ids(id).first().copied()),
        }
        .checked()
    }
}

impl Raw {
    /// Names what would give wrong answers if it were passed over.
    fn refuse(&self, architecture: Architecture) -> Result<(), ConfigProblem> {
        if let Some(act) = self.hidden_act.as_deref().filter(|act| *act != "silu") {
            return unsupported(format!("the activation {act}"));
        }
        if self.mlp_bias {
            return unsupported("a bias in the feed-forward layers".to_owned());
        }
        let inner = || self.rope_parameters.as_ref()?.get("partial_rotary_factor")?.as_f64();
        let part = self.partial_rotary_factor.or_else(inner);
        if part.is_some_and(|part| (part - 1.0).abs() > f64::EPSILON) {
            return unsupported("a position embedding of a part of each head".to_owned());
        }
        if architecture != Architecture::Qwen2 && self.attention_bias == Some(true) {
            return unsupported("a bias in the attention's output".to_owned());
        }
        Ok(())
    }

    /// The window and its layers, as transformers reads them: Qwen's has a
    /// switch of its own and begins at a layer, Mistral's is everywhere.
    fn window(
        &self,
        architecture: Architecture,
    ) -> Result<(Option<usize>, SlidingLayers), ConfigProblem> {
        let on = match architecture {
            Architecture::Llama => false,
            Architecture::Mistral => true,
            _ => self.use_sliding_window,
        };
        let Some(window) = self.sliding_window.filter(|_| on) else {
            return Ok((None, SlidingLayers::All));
        };
        // The mixture's window is in all layers whatever these say.
        let listed = self.layer_types.as_ref().filter(|types| !types.is_null());
        let listed = listed.filter(|_| architecture != Architecture::Qwen3Moe);
        let layers = match listed {
            Some(types) => SlidingLayers::of_json(types, self.num_hidden_layers)?,
            None => match architecture {
                Architecture::Qwen2 | Architecture::Qwen3 => {
                    SlidingLayers::From(self.max_window_layers.unwrap_or(28))
                }
                _ => SlidingLayers::All,
            },
        };
        Ok((Some(window), layers))
    }

    fn experts(&self) -> Result<Option<Experts>, ConfigProblem> {
        let needed = |value: Option<usize>, name: &str| {
            value.ok_or_else(|| ConfigProblem::Damaged(format!("it lacks {name}")))
        };
        Ok(Some(Experts {
            count: needed(self.num_experts.or(self.num_local_experts), "num_experts")?,
            used: needed(self.num_experts_per_tok, "num_experts_per_tok")?,
            intermediate_size: needed(self.moe_intermediate_size, "moe_intermediate_size")?,
            normalise: self.norm_topk_prob,
            sparse_step: self.decoder_sparse_step.unwrap_or(1),
            dense_layers: self.mlp_only_layers.clone().unwrap_or_default(),
            // The names of the weights tell it later.
            layout: ExpertLayout::Separate,
        }))
    }
}

/// The family's name.
fn kind(all: &Value) -> Option<&str> {
    let class = || all.get("architectures")?.get(0)?.as_str();
    all.get("model_type").and_then(Value::as_str).or_else(class)
}

/// The text model of one that sees pictures too, with what stands beside it.
fn with_outer(inner: &Value, outer: &Value) -> Value {
    let mut inner = inner.clone();
    for name in [
        "quantization",
        "quantization_config",
        "tie_word_embeddings",
        "eos_token_id",
        "bos_token_id",
    ] {
        if let (Some(value), true) = (outer.get(name), inner.get(name).is_none_or(Value::is_null))
            && inner.is_object()
        {
            inner[name] = value.clone();
        }
    }
    inner
}

fn damaged(error: &serde_json::Error) -> ConfigProblem {
    ConfigProblem::Damaged(error.to_string())
}

fn unsupported<T>(what: String) -> Result<T, ConfigProblem> {
    Err(ConfigProblem::Unsupported(what))
}

/// One number, or a list of them.
pub fn ids(value: &Value) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}
