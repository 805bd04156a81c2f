//! What a GGUF file says about its model, under the keys of llama.cpp's
//! converter.

use mlxcode_models::{Architecture, InstalledModel, ModelConfig, RopeScaling, SlidingLayers};
use serde_json::Value;

use super::gguf::file_type;
use super::gguf_header::Meta;
use super::mlx::read_object;
use super::vocabulary::{Vocabulary, vocabulary};
use crate::convert::options::GgufKind;
use crate::convert::source::Source;
use crate::error::Result;

/// The table that divides the speeds of the position embedding.
pub const LLAMA_ROPE_FACTORS: &str = "rope_freqs.weight";

/// The entries of the header.
pub fn entries(
    model: &InstalledModel,
    source: &Source,
    kind: GgufKind,
    lost: &mut Vec<String>,
) -> Result<Vec<(String, Meta)>> {
    let config = model.config();
    if let Some(what) = unsayable(config) {
        return Err(source.unsupported(format!("{what} to GGUF")));
    }
    let arch = match config.architecture {
        Architecture::Qwen2 => "qwen2",
        Architecture::Qwen3 => "qwen3",
        Architecture::Qwen3Moe => "qwen3moe",
        _ => "llama",
    };
    let mut all = Entries { arch, all: Vec::new() };
    all.general("general.architecture", Meta::Text(arch.to_owned()));
    all.general("general.type", Meta::Text("model".to_owned()));
    all.general("general.name", Meta::Text(model.name().to_owned()));
    sizes(&mut all, config);
    rope(&mut all, config);
    all.general("general.file_type", Meta::U32(file_type(kind)));
    all.general("general.quantization_version", Meta::U32(2));
    tokens(&mut all, model, source, lost)?;
    Ok(all.all)
}

/// What the keys of the format have no word for.
fn unsayable(config: &ModelConfig) -> Option<&'static str> {
    if config.quantization.is_some() {
        return Some("a model that is packed already");
    }
    if config.query_scaling.is_some() {
        return Some("queries that grow with their position");
    }
    if config.sliding_window.is_some() && config.sliding_layers != SlidingLayers::All {
        return Some("a window in some of the layers");
    }
    if let Some(RopeScaling::Yarn { truncate: false, .. }) = config.rope_scaling {
        return Some("a position scaling whose ramp is not rounded");
    }
    if matches!(config.rope_scaling, Some(RopeScaling::Llama3 { .. }))
        && config.architecture != Architecture::Llama
    {
        return Some("Llama's position scaling in another family");
    }
    let experts = config.experts.as_ref()?;
    let uneven = experts.sparse_step != 1 || !experts.dense_layers.is_empty();
    uneven.then_some("experts in some of the layers")
}

struct Entries {
    arch: &'static str,
    all: Vec<(String, Meta)>,
}

impl Entries {
    fn general(&mut self, key: &str, value: Meta) {
        self.all.push((key.to_owned(), value));
    }

    fn size(&mut self, key: &str, value: usize) {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        self.general(&format!("{}.{key}", self.arch), Meta::U32(value));
    }

    fn float(&mut self, key: &str, value: f32) {
        self.general(&format!("{}.{key}", self.arch), Meta::F32(value));
    }

    fn token(&mut self, key: &str, value: Meta) {
        self.general(&format!("tokenizer.ggml.{key}"), value);
    }
}

fn sizes(all: &mut Entries, config: &ModelConfig) {
    all.size("block_count", config.num_layers);
    all.size("context_length", config.context_length);
    all.size("embedding_length", config.hidden_size);
    all.size("feed_forward_length", config.intermediate_size);
    all.size("attention.head_count", config.num_heads);
    all.size("attention.head_count_kv", config.num_kv_heads);
    all.size("attention.key_length", config.head_dim);
    all.size("attention.value_length", config.head_dim);
    all.float("attention.layer_norm_rms_epsilon", config.rms_norm_eps as f32);
    all.size("vocab_size", config.vocab_size);
    if let Some(window) = config.sliding_window {
        all.size("attention.sliding_window", window);
    }
    if let Some(experts) = &config.experts {
        all.size("expert_count", experts.count);
        all.size("expert_used_count", experts.used);
        all.size("expert_feed_forward_length", experts.intermediate_size);
        let key = format!("{}.expert_weights_norm", all.arch);
        all.general(&key, Meta::Bool(experts.normalise));
    }
}

fn rope(all: &mut Entries, config: &ModelConfig) {
    if all.arch == "llama" {
        all.size("rope.dimension_count", config.head_dim);
    }
    all.float("rope.freq_base", config.rope_theta);
    let kind = format!("{}.rope.scaling.type", all.arch);
    match config.rope_scaling {
        Some(RopeScaling::Linear { factor }) => {
            all.general(&kind, Meta::Text("linear".to_owned()));
            all.float("rope.scaling.factor", factor);
        }
        Some(RopeScaling::Yarn {
            factor,
            original_context,
            beta_fast,
            beta_slow,
            attention_factor,
            ..
        }) => {
            all.general(&kind, Meta::Text("yarn".to_owned()));
            all.float("rope.scaling.factor", factor);
            all.size("rope.scaling.original_context_length", original_context as usize);
            all.float("rope.scaling.yarn_attn_factor", attention_factor);
            all.float("rope.scaling.yarn_beta_fast", beta_fast);
            all.float("rope.scaling.yarn_beta_slow", beta_slow);
        }
        _ => {}
    }
}

fn tokens(
    all: &mut Entries,
    model: &InstalledModel,
    source: &Source,
    lost: &mut Vec<String>,
) -> Result<()> {
    let config = model.config();
    let tokenizer = model.tokenizer()?;
    let json = source.file_beside("tokenizer.json")?.unwrap_or_default();
    let json: Value = serde_json::from_slice(&json).unwrap_or_default();
    let vocabulary = vocabulary(&json, config.vocab_size, tokenizer.gguf_split())
        .map_err(|what| source.unsupported(format!("{what} to GGUF")))?;
    let Vocabulary { model: kind, split, tokens, kinds, scores, merges, unknown, prefix } =
        vocabulary;
    all.token("model", Meta::Text(kind.to_owned()));
    all.token("pre", Meta::Text(split.to_owned()));
    all.token("tokens", Meta::Texts(tokens));
    if let Some(scores) = scores {
        all.token("scores", Meta::F32s(scores));
    }
    all.token("token_type", Meta::I32s(kinds));
    if let Some(merges) = merges {
        all.token("merges", Meta::Texts(merges));
    }
    let about = Value::Object(read_object(source, "tokenizer_config.json")?);
    let named = |name: &str| {
        let token = about.get(name)?;
        let token = token.as_str().or_else(|| token.get("content")?.as_str())?;
        tokenizer.id_of(token)
    };
    let first = tokenizer.encode("", true)?;
    if let Some(bos) = first.first().copied().or(config.bos_token_id).or_else(|| named("bos_token"))
    {
        all.token("bos_token_id", Meta::U32(bos));
    }
    // The tokenizer's own end first, then another that ends an answer too.
    let own = named("eos_token").filter(|own| config.eos_token_ids.contains(own));
    let mut ends: Vec<u32> = own.into_iter().collect();
    ends.extend(config.eos_token_ids.iter().filter(|id| Some(**id) != own));
    for (key, id) in ["eos_token_id", "eot_token_id"].iter().zip(&ends) {
        all.token(key, Meta::U32(*id));
    }
    for id in ends.iter().skip(2) {
        let token = tokenizer.token(*id).unwrap_or_default();
        lost.push(format!("that the token {id} ({token}) ends an answer too"));
    }
    for (key, id) in [("unknown_token_id", unknown), ("padding_token_id", named("pad_token"))] {
        if let Some(id) = id {
            all.token(key, Meta::U32(id));
        }
    }
    all.token("add_bos_token", Meta::Bool(!first.is_empty()));
    if let Some(prefix) = prefix {
        all.token("add_space_prefix", Meta::Bool(prefix));
    }
    if let Some(template) = model.chat_template()? {
        let template = Meta::Text(template.source().to_owned());
        all.general("tokenizer.chat_template", template);
    }
    if source.file_beside("generation_config.json")?.is_some() {
        lost.push("the sampling that generation_config.json proposes".to_owned());
    }
    Ok(())
}
