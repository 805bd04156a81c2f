//! The metadata of a GGUF file.

use super::{Architecture, ConfigProblem, ModelConfig, RopeScaling};
use crate::gguf::{GgufHeader, GgufValue};

impl ModelConfig {
    /// Reads the metadata and, where these say more, the tensors' shapes.
    pub(crate) fn from_gguf(header: &GgufHeader) -> Result<Self, ConfigProblem> {
        let name = header.get("general.architecture").and_then(GgufValue::as_str);
        let name = name
            .ok_or_else(|| ConfigProblem::Damaged("it names no general.architecture".to_owned()))?;
        let architecture = match name {
            "llama" => Architecture::Llama,
            "qwen2" => Architecture::Qwen2,
            other => return Err(ConfigProblem::Unsupported(format!("the architecture {other}"))),
        };
        let value = |key: &str| header.get(&format!("{name}.{key}"));
        let optional = |key: &str| value(key).and_then(GgufValue::as_u64).map(|n| n as usize);
        let size = |key: &str| {
            optional(key).ok_or_else(|| ConfigProblem::Damaged(format!("it lacks {name}.{key}")))
        };
        let number = |key: &str| value(key).and_then(GgufValue::as_f64);
        if optional("expert_count").is_some_and(|count| count > 0) {
            return Err(ConfigProblem::Unsupported("a mixture of experts".to_owned()));
        }
        let num_heads = size("attention.head_count")?;
        let hidden_size = size("embedding_length")?;
        let rows = header.tensor("token_embd.weight").and_then(|tensor| tensor.dims.get(1));
        let tokens = header.get("tokenizer.ggml.tokens").and_then(GgufValue::as_list);
        let vocab_size = rows.map(|rows| *rows as usize).or(tokens.map(<[_]>::len));
        let id = |key: &str| {
            let id = header.get(&format!("tokenizer.ggml.{key}")).and_then(GgufValue::as_u64);
            id.and_then(|id| u32::try_from(id).ok())
        };
        if let Some(parts) = header.get("split.count").and_then(GgufValue::as_u64)
            && parts > 1
        {
            return Err(ConfigProblem::Unsupported(format!("a model split into {parts} files")));
        }
        let head_dim = optional("attention.key_length").unwrap_or(hidden_size / num_heads.max(1));
        if optional("rope.dimension_count").is_some_and(|turned| turned != head_dim) {
            let what = "a position embedding of a part of each head".to_owned();
            return Err(ConfigProblem::Unsupported(what));
        }
        // Old files write only the factor.
        let factor = number("rope.scaling.factor").or_else(|| number("rope.scale_linear"));
        let linear = factor
            .filter(|factor| *factor != 0.0)
            .map(|factor| RopeScaling::Linear { factor: factor as f32 });
        let scaling = match value("rope.scaling.type").and_then(GgufValue::as_str) {
            Some("none") => None,
            None | Some("linear") => linear,
            Some(other) => {
                return Err(ConfigProblem::Unsupported(format!("the position scaling {other}")));
            }
        };
        Self {
            architecture,
            hidden_size,
            intermediate_size: size("feed_forward_length")?,
            num_layers: size("block_count")?,
            num_heads,
            num_kv_heads: optional("attention.head_count_kv").unwrap_or(num_heads),
            head_dim,
            vocab_size: vocab_size
                .ok_or_else(|| ConfigProblem::Damaged("it has no vocabulary".to_owned()))?,
            context_length: size("context_length")?,
            rms_norm_eps: number("attention.layer_norm_rms_epsilon").unwrap_or(1e-6),
            rope_theta: number("rope.freq_base").unwrap_or(10_000.0) as f32,
            rope_scaling: scaling,
            tie_embeddings: header.tensor("output.weight").is_none(),
            attention_bias: architecture == Architecture::Qwen2,
            eos_token_ids: id("eos_token_id").into_iter().chain(id("eot_token_id")).collect(),
            bos_token_id: id("bos_token_id"),
        }
        .checked()
    }
}
