//! The metadata of a GGUF file.

use super::rope::scaling_of_gguf;
use super::{
    Architecture, ConfigProblem, ExpertLayout, Experts, ModelConfig, QueryScaling, RopeScaling,
    SlidingLayers,
};
use crate::gguf::{GgufHeader, GgufValue};

impl ModelConfig {
    /// Reads the metadata and, where these say more, the tensors' shapes.
    pub(crate) fn from_gguf(header: &GgufHeader) -> Result<Self, ConfigProblem> {
        let name = header.get("general.architecture").and_then(GgufValue::as_str);
        let name = name.ok_or_else(|| damaged("it names no general.architecture"))?;
        let architecture = match name {
            "llama" => Architecture::Llama,
            "mistral3" => Architecture::Mistral,
            "qwen2" => Architecture::Qwen2,
            "qwen3" => Architecture::Qwen3,
            "qwen3moe" => Architecture::Qwen3Moe,
            other => return unsupported(format!("the architecture {other}")),
        };
        let source = Source { header, name };
        let num_heads = source.size("attention.head_count")?;
        let hidden_size = source.size("embedding_length")?;
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
            return unsupported(format!("a model split into {parts} files"));
        }
        let head_dim =
            source.optional("attention.key_length").unwrap_or(hidden_size / num_heads.max(1));
        if source.optional("attention.value_length").is_some_and(|size| size != head_dim) {
            return unsupported("heads of the value of another size than those of the key".into());
        }
        if source.optional("rope.dimension_count").is_some_and(|turned| turned != head_dim) {
            return unsupported("a position embedding of a part of each head".to_owned());
        }
        let context_length = source.size("context_length")?;
        let rope_scaling = scaling_of_gguf(header, name, context_length)?;
        Self {
            architecture,
            hidden_size,
            intermediate_size: source.size("feed_forward_length")?,
            num_layers: source.size("block_count")?,
            num_heads,
            num_kv_heads: source.optional("attention.head_count_kv").unwrap_or(num_heads),
            head_dim,
            vocab_size: vocab_size.ok_or_else(|| damaged("it has no vocabulary"))?,
            context_length,
            rms_norm_eps: source.number("attention.layer_norm_rms_epsilon").unwrap_or(1e-6),
            rope_theta: source.number("rope.freq_base").unwrap_or(10_000.0) as f32,
            rope_scaling,
            rope_interleaved: matches!(architecture, Architecture::Llama | Architecture::Mistral),
            query_scaling: source.query_scaling(rope_scaling, context_length),
            qk_norm: matches!(architecture, Architecture::Qwen3 | Architecture::Qwen3Moe),
            sliding_window: source.optional("attention.sliding_window").filter(|n| *n > 0),
            sliding_layers: SlidingLayers::All,
            experts: source.experts(architecture)?,
            tie_embeddings: header.tensor("output.weight").is_none(),
            attention_bias: architecture == Architecture::Qwen2,
            quantization: None,
            eos_token_ids: id("eos_token_id").into_iter().chain(id("eot_token_id")).collect(),
            bos_token_id: id("bos_token_id"),
        }
        .checked()
    }
}

/// The values under the architecture's name.
struct Source<'h> {
    header: &'h GgufHeader,
    name: &'h str,
}

impl Source<'_> {
    fn value(&self, key: &str) -> Option<&GgufValue> {
        self.header.get(&format!("{}.{key}", self.name))
    }

    fn optional(&self, key: &str) -> Option<usize> {
        self.value(key).and_then(GgufValue::as_u64).map(|number| number as usize)
    }

    fn size(&self, key: &str) -> Result<usize, ConfigProblem> {
        self.optional(key).ok_or_else(|| damaged(&format!("it lacks {}.{key}", self.name)))
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.value(key).and_then(GgufValue::as_f64)
    }

    /// llama.cpp counts from the context that `YaRN` stretches.
    fn query_scaling(&self, scaling: Option<RopeScaling>, context: usize) -> Option<QueryScaling> {
        let beta = self.number("attention.temperature_scale").filter(|beta| *beta != 0.0)?;
        let original_context = match scaling {
            Some(RopeScaling::Yarn { original_context, .. }) => original_context,
            _ => {
                self.number("rope.scaling.original_context_length").unwrap_or(context as f64) as f32
            }
        };
        Some(QueryScaling { beta: beta as f32, original_context })
    }

    fn experts(&self, architecture: Architecture) -> Result<Option<Experts>, ConfigProblem> {
        let count = self.optional("expert_count").filter(|count| *count > 0);
        if architecture != Architecture::Qwen3Moe {
            return match count {
                None => Ok(None),
                Some(_) => unsupported("a mixture of experts in this family".to_owned()),
            };
        }
        if self.optional("expert_shared_count").is_some_and(|shared| shared > 0) {
            return unsupported("an expert that answers for every token".to_owned());
        }
        if self.number("expert_weights_scale").is_some_and(|n| n != 0.0 && (n - 1.0).abs() > 1e-6) {
            return unsupported("scaled weights of experts".to_owned());
        }
        let normalise = self.value("expert_weights_norm").and_then(GgufValue::as_bool);
        Ok(Some(Experts {
            count: count.ok_or_else(|| damaged(&format!("it lacks {}.expert_count", self.name)))?,
            used: self.size("expert_used_count")?,
            intermediate_size: self.size("expert_feed_forward_length")?,
            // llama.cpp does so for all models of the family.
            normalise: normalise.unwrap_or(true),
            sparse_step: 1,
            dense_layers: Vec::new(),
            layout: ExpertLayout::Stacked,
        }))
    }
}

fn damaged(reason: &str) -> ConfigProblem {
    ConfigProblem::Damaged(reason.to_owned())
}

fn unsupported<T>(what: String) -> Result<T, ConfigProblem> {
    Err(ConfigProblem::Unsupported(what))
}
