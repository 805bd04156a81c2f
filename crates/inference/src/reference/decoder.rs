//! The layers of the Llama and Qwen2 families.

use candle_core::quantized::QMatMul;
use candle_core::{Device, Tensor};
use candle_nn::kv_cache::KvCache;
use candle_nn::ops::{rms_norm, silu, softmax_last_dim};
use mlxcode_base::CancelToken;
use mlxcode_models::{InstalledModel, ModelConfig};

use super::rope::Rope;
use super::weights::{Linear, Weights};
use crate::error::Result;

/// Positions that the cache has room for at first; it grows by as many.
pub const CACHE_STEP: usize = 512;

/// A model's weights, laid out to run.
#[derive(Debug)]
pub struct Decoder {
    config: ModelConfig,
    /// A row a token, left quantised: a large vocabulary would weigh as much
    /// as the rest in f32.
    embedding: QMatMul,
    layers: Vec<Layer>,
    norm: Tensor,
    output: Linear,
    rope: Rope,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    feed_forward_norm: Tensor,
    gate: Linear,
    up: Linear,
    down: Linear,
}

/// Keys and values of the tokens so far.
#[derive(Debug)]
pub struct Cache {
    layers: Vec<KvCache>,
    tokens: usize,
}

impl Decoder {
    /// Reads all weights.
    pub fn load(model: &InstalledModel, dequantize: bool, cancel: &CancelToken) -> Result<Self> {
        let mut weights = Weights::open(model, dequantize, cancel.clone())?;
        let config = model.config().clone();
        let embedding = weights.matrix(("model.embed_tokens.weight", "token_embd.weight"))?;
        let output = if config.tie_embeddings {
            Linear::new(embedding.clone())
        } else {
            weights.linear(("lm_head.weight", "output.weight"), None)?
        };
        let layers = (0..config.num_layers)
            .map(|number| Layer::load(&mut weights, number, &config))
            .collect::<Result<Vec<_>>>()?;
        let factors = weights.optional_tensor(("rope_freqs.weight", "rope_freqs.weight"))?;
        let factors = factors.map(|factors| factors.to_vec1::<f32>()).transpose()?;
        let rope = Rope::new(&config, factors.as_deref());
        let norm = weights.tensor(("model.norm.weight", "output_norm.weight"))?;
        Ok(Self { config, embedding, layers, norm, output, rope })
    }

    /// An empty cache.
    pub fn cache(&self) -> Cache {
        let layers = self.layers.iter().map(|_| KvCache::new(2, CACHE_STEP)).collect();
        Cache { layers, tokens: 0 }
    }

    /// Runs `tokens` after those in the cache and gives the state of each
    /// before the output layer, `[tokens, hidden]`. `stop` is asked before each
    /// layer; where it says so there is no state, and the cache is of no use.
    pub fn run(
        &self,
        tokens: &[u32],
        cache: &mut Cache,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Tensor>> {
        let count = tokens.len();
        let angles = self.rope.angles(cache.tokens, count)?;
        let mask = mask(cache.tokens, count)?;
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let mut x = self.embedding.embedding(&ids)?;
        let eps = self.config.rms_norm_eps as f32;
        for (layer, cache) in self.layers.iter().zip(&mut cache.layers) {
            if stop() {
                return Ok(None);
            }
            let normed = rms_norm(&x, &layer.attention_norm, eps)?;
            x = (x + self.attention(layer, &normed, &angles, mask.as_ref(), cache)?)?;
            let normed = rms_norm(&x, &layer.feed_forward_norm, eps)?;
            let gated = (silu(&layer.gate.forward(&normed)?)? * layer.up.forward(&normed)?)?;
            x = (x + layer.down.forward(&gated)?)?;
        }
        cache.tokens += count;
        Ok(Some(x))
    }

    /// The logits that follow a state, `[rows, hidden]` to `[rows, vocabulary]`.
    pub fn logits(&self, states: &Tensor) -> Result<Tensor> {
        let normed = rms_norm(states, &self.norm, self.config.rms_norm_eps as f32)?;
        self.output.forward(&normed)
    }

    fn attention(
        &self,
        layer: &Layer,
        x: &Tensor,
        angles: &(Tensor, Tensor),
        mask: Option<&Tensor>,
        cache: &mut KvCache,
    ) -> Result<Tensor> {
        let ModelConfig { num_heads, num_kv_heads, head_dim, .. } = self.config;
        let count = x.dim(0)?;
        let heads = |x: Tensor, number: usize| -> Result<Tensor> {
            Ok(x.reshape((1, count, number, head_dim))?.transpose(1, 2)?)
        };
        let query = self.rope.turn(&heads(layer.query.forward(x)?, num_heads)?, angles)?;
        let key = self.rope.turn(&heads(layer.key.forward(x)?, num_kv_heads)?, angles)?;
        let value = heads(layer.value.forward(x)?, num_kv_heads)?.contiguous()?;
        let (keys, values) = cache.append(&key, &value)?;
        // The query heads that share a key head stand one below the other, so
        // that keys and values are read where they lie.
        let shared = num_heads / num_kv_heads;
        let query = query.reshape((num_kv_heads, shared * count, head_dim))?;
        let scale = 1.0 / (head_dim as f64).sqrt();
        let scores = query.matmul(&keys.squeeze(0)?.transpose(1, 2)?)?;
        let mut scores = (scores * scale)?;
        if let Some(mask) = mask {
            let shape = scores.shape().clone();
            scores = scores.reshape((num_heads, count, ()))?.broadcast_add(mask)?.reshape(shape)?;
        }
        let mixed = softmax_last_dim(&scores)?.matmul(&values.squeeze(0)?)?;
        let mixed = mixed.reshape((num_heads, count, head_dim))?.transpose(0, 1)?;
        layer.attention_output.forward(&mixed.reshape((count, num_heads * head_dim))?)
    }
}

/// What keeps each of `count` tokens from seeing later ones, `[count, total]`.
fn mask(before: usize, count: usize) -> Result<Option<Tensor>> {
    if count == 1 {
        return Ok(None);
    }
    let total = before + count;
    let mut mask = vec![0.0_f32; count * total];
    for (token, row) in mask.chunks_exact_mut(total).enumerate() {
        row[before + token + 1..].fill(f32::NEG_INFINITY);
    }
    Ok(Some(Tensor::from_vec(mask, (count, total), &Device::Cpu)?))
}

impl Layer {
    fn load(weights: &mut Weights, number: usize, config: &ModelConfig) -> Result<Self> {
        let folder = |name: &str| format!("model.layers.{number}.{name}");
        let gguf = |name: &str| format!("blk.{number}.{name}");
        let mut matrix = |in_folder: &str, in_gguf: &str, bias: bool| {
            let weight =
                (folder(&format!("{in_folder}.weight")), gguf(&format!("{in_gguf}.weight")));
            let weight = (weight.0.as_str(), weight.1.as_str());
            let names = (folder(&format!("{in_folder}.bias")), gguf(&format!("{in_gguf}.bias")));
            let names = (names.0.as_str(), names.1.as_str());
            weights.linear(weight, bias.then_some(names))
        };
        let bias = config.attention_bias;
        let query = matrix("self_attn.q_proj", "attn_q", bias)?;
        let key = matrix("self_attn.k_proj", "attn_k", bias)?;
        let value = matrix("self_attn.v_proj", "attn_v", bias)?;
        let attention_output = matrix("self_attn.o_proj", "attn_output", false)?;
        let gate = matrix("mlp.gate_proj", "ffn_gate", false)?;
        let up = matrix("mlp.up_proj", "ffn_up", false)?;
        let down = matrix("mlp.down_proj", "ffn_down", false)?;
        let mut norm = |in_folder: &str, in_gguf: &str| {
            weights.tensor((folder(in_folder).as_str(), gguf(in_gguf).as_str()))
        };
        Ok(Self {
            attention_norm: norm("input_layernorm.weight", "attn_norm.weight")?,
            feed_forward_norm: norm("post_attention_layernorm.weight", "ffn_norm.weight")?,
            query,
            key,
            value,
            attention_output,
            gate,
            up,
            down,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::Path;

    use super::*;

    fn fixture() -> InstalledModel {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        InstalledModel::check_in_place(&fixtures.join("qwen2-f32")).unwrap()
    }

    #[test]
    fn a_run_stops_between_layers() {
        let decoder = Decoder::load(&fixture(), false, &CancelToken::new()).unwrap();
        let layers = decoder.layers.len();
        assert!(layers > 1);
        let asked = Cell::new(0);
        let run = |most: usize| {
            asked.set(0);
            let stop = || asked.replace(asked.get() + 1) == most;
            decoder.run(&[1, 2, 3], &mut decoder.cache(), &stop).unwrap()
        };
        assert!(run(1).is_none());
        assert_eq!(asked.get(), 2);
        assert!(run(layers).is_some());
        assert_eq!(asked.get(), layers);
    }
}
