//! The files beside the weights of a folder, from what a GGUF file says.

use std::collections::HashSet;

use mlxcode_kernels::FloatType;
use mlxcode_models::{
    Architecture, GgufValue, InstalledModel, ModelConfig, RopeScaling, SlidingLayers,
};
use serde_json::{Map, Value, json};

use super::python_json;
use crate::convert::source::Source;
use crate::error::Result;
use crate::rope_speeds::rope_speeds;

/// ggml's type of a token that no text has.
const UNUSED: u64 = 5;
/// How far a table of factors may be from a formula's.
const CLOSE: f32 = 1e-4;

/// `config.json`, `generation_config.json`, `tokenizer.json` and
/// `tokenizer_config.json`.
pub fn configs(
    model: &InstalledModel,
    source: &Source,
    kind: FloatType,
    factors: Option<&[f32]>,
    lost: &mut Vec<String>,
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let tokenizer = model.tokenizer()?;
    let config = config(model.config(), source, kind, factors)?;
    lost.push("keys of config.json that change no result, such as dropout".to_owned());
    lost.push("how added tokens strip spaces, and other names of the tokenizer's class".to_owned());
    Ok(vec![
        ("config.json", python_json::dump(&config)),
        ("generation_config.json", python_json::dump(&generation(model.config()))),
        ("tokenizer.json", without_unused(&tokenizer.to_json()?, source)),
        ("tokenizer_config.json", python_json::dump(&about(model, source)?)),
    ])
}

/// A `tokenizer.json` without the names that only fill the rows of a GGUF
/// file's vocabulary.
fn without_unused(tokenizer: &str, source: &Source) -> Vec<u8> {
    let header = source.gguf.as_ref();
    let list = |key| header.and_then(|header| header.get(key)).and_then(GgufValue::as_list);
    let tokens = list("tokenizer.ggml.tokens").unwrap_or_default();
    let kinds = list("tokenizer.ggml.token_type").unwrap_or_default();
    let Ok(mut all) = serde_json::from_str::<Value>(tokenizer) else {
        return tokenizer.as_bytes().to_vec();
    };
    if let Some(vocab) = all["model"]["vocab"].as_object_mut() {
        let unused: HashSet<&str> = tokens
            .iter()
            .zip(kinds)
            .filter(|(_, kind)| kind.as_u64() == Some(UNUSED))
            .filter_map(|(token, _)| token.as_str())
            .collect();
        vocab.retain(|token, _| !unused.contains(token.as_str()));
    }
    all.to_string().into_bytes()
}

fn config(
    config: &ModelConfig,
    source: &Source,
    kind: FloatType,
    factors: Option<&[f32]>,
) -> Result<Value> {
    let (class, name) = match config.architecture {
        Architecture::Llama => ("LlamaForCausalLM", "llama"),
        Architecture::Qwen2 => ("Qwen2ForCausalLM", "qwen2"),
        Architecture::Qwen3 => ("Qwen3ForCausalLM", "qwen3"),
        Architecture::Qwen3Moe => ("Qwen3MoeForCausalLM", "qwen3_moe"),
        other => return Err(source.unsupported(format!("the family {other} from GGUF"))),
    };
    // A window makes it a Mistral: Llama's class has none.
    let mistral = config.architecture == Architecture::Llama && config.sliding_window.is_some();
    let (class, name) = if mistral { ("MistralForCausalLM", "mistral") } else { (class, name) };
    let dtype = match kind {
        FloatType::F32 => "float32",
        FloatType::F16 => "float16",
        FloatType::BF16 => "bfloat16",
    };
    let mut all = json!({
        "architectures": [class],
        "model_type": name,
        "hidden_act": "silu",
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.context_length,
        "rms_norm_eps": shortest(config.rms_norm_eps as f32),
        "rope_theta": shortest(config.rope_theta),
        "tie_word_embeddings": config.tie_embeddings,
        "attention_bias": config.architecture == Architecture::Qwen2,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": ends(config),
        "torch_dtype": dtype,
    });
    if let Some(scaling) = rope_scaling(config, source, factors)? {
        all["rope_scaling"] = scaling;
    }
    if let Some(window) = config.sliding_window {
        if !mistral || config.sliding_layers != SlidingLayers::All {
            let what = format!("a window in the family {}", config.architecture);
            return Err(source.unsupported(what));
        }
        all["sliding_window"] = window.into();
    }
    if let Some(experts) = &config.experts {
        all["num_experts"] = experts.count.into();
        all["num_experts_per_tok"] = experts.used.into();
        all["moe_intermediate_size"] = experts.intermediate_size.into();
        all["norm_topk_prob"] = experts.normalise.into();
        all["decoder_sparse_step"] = experts.sparse_step.into();
        all["mlp_only_layers"] = json!([]);
    }
    Ok(all)
}

/// A 32-bit number in the digits that it was written with.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

fn rope_scaling(
    config: &ModelConfig,
    source: &Source,
    factors: Option<&[f32]>,
) -> Result<Option<Value>> {
    if let Some(factors) = factors {
        return llama3(config, source, factors).map(Some);
    }
    Ok(match config.rope_scaling {
        Some(RopeScaling::Linear { factor }) => {
            Some(json!({"rope_type": "linear", "factor": shortest(factor)}))
        }
        Some(RopeScaling::Yarn {
            factor,
            original_context,
            beta_fast,
            beta_slow,
            attention_factor,
            ..
        }) => Some(json!({
            "rope_type": "yarn",
            "factor": shortest(factor),
            "original_max_position_embeddings": original_context as u64,
            "beta_fast": shortest(beta_fast),
            "beta_slow": shortest(beta_slow),
            "attention_factor": shortest(attention_factor),
        })),
        _ => None,
    })
}

/// The numbers of Llama 3's formula that give the table of the file: its
/// constants are the same in all models of the family but for the factor and
/// the first context.
fn llama3(config: &ModelConfig, source: &Source, factors: &[f32]) -> Result<Value> {
    let unknown = || source.unsupported("a table of positions that no formula gives".to_owned());
    let mut plain = config.clone();
    plain.rope_scaling = None;
    let speeds = rope_speeds(&plain, None).speeds;
    let factor = factors.iter().copied().fold(1.0_f32, f32::max).round();
    for context in (6..=20).map(|power| f32::from(2_u8).powi(power)) {
        let mut tried = config.clone();
        tried.rope_scaling = Some(RopeScaling::Llama3 {
            factor,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_context: context,
        });
        let scaled = rope_speeds(&tried, None).speeds;
        let close = |((speed, scaled), factor): ((&f32, &f32), &f32)| {
            (speed / scaled / factor - 1.0).abs() < CLOSE
        };
        if speeds.len() == factors.len() && speeds.iter().zip(&scaled).zip(factors).all(close) {
            return Ok(json!({
                "rope_type": "llama3",
                "factor": shortest(factor),
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": context as u64,
            }));
        }
    }
    Err(unknown())
}

fn ends(config: &ModelConfig) -> Value {
    match config.eos_token_ids[..] {
        [] => Value::Null,
        [one] => one.into(),
        _ => json!(config.eos_token_ids),
    }
}

fn generation(config: &ModelConfig) -> Value {
    let mut all = Map::new();
    if let Some(bos) = config.bos_token_id {
        all.insert("bos_token_id".to_owned(), bos.into());
    }
    if !config.eos_token_ids.is_empty() {
        all.insert("eos_token_id".to_owned(), ends(config));
    }
    Value::Object(all)
}

fn about(model: &InstalledModel, source: &Source) -> Result<Value> {
    let tokenizer = model.tokenizer()?;
    let config = model.config();
    let header = |key: &str| source.gguf.as_ref().and_then(|header| header.get(key));
    let named = |key: &str| {
        let id = header(&format!("tokenizer.ggml.{key}")).and_then(GgufValue::as_u64)?;
        tokenizer.token(u32::try_from(id).ok()?)
    };
    let mut all = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": false,
        "model_max_length": config.context_length,
    });
    let tokens = [
        ("bos_token", "bos_token_id"),
        ("eos_token", "eos_token_id"),
        ("unk_token", "unknown_token_id"),
        ("pad_token", "padding_token_id"),
    ];
    for (name, key) in tokens {
        if let Some(token) = named(key) {
            all[name] = token.into();
        }
    }
    if let Some(template) = header("tokenizer.chat_template").and_then(GgufValue::as_str) {
        all["chat_template"] = template.into();
    }
    Ok(all)
}
