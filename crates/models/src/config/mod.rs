//! What a model is made of, one face for `config.json` and GGUF.

mod experts;
mod from_gguf;
mod from_json;
mod quantization;
mod rope;
mod window;

pub use experts::{ExpertLayout, Experts};
pub use from_json::ids;
pub use quantization::{Packing, Quantization, QuantizationMode};
pub use rope::{QueryScaling, RopeScaling};
pub use window::SlidingLayers;

use std::fmt;

/// The family that a model belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Architecture {
    /// Llama, and what is converted to GGUF as one.
    Llama,
    /// Mistral, Devstral and Ministral: Llama, with a sliding window in some,
    /// and with queries that grow with the position in Ministral 3.
    Mistral,
    /// Qwen2: Llama with biases on query, key and value.
    Qwen2,
    /// Qwen3: Llama with a norm on each head of query and key.
    Qwen3,
    /// Qwen3 with experts.
    Qwen3Moe,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Qwen3Moe => "qwen3_moe",
        })
    }
}

/// The sizes and constants of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct ModelConfig {
    /// The family.
    pub architecture: Architecture,
    /// Numbers in a token's state.
    pub hidden_size: usize,
    /// Numbers inside the feed-forward layers, those of experts apart.
    pub intermediate_size: usize,
    /// Layers.
    pub num_layers: usize,
    /// Heads of the query.
    pub num_heads: usize,
    /// Heads of key and value.
    pub num_kv_heads: usize,
    /// Numbers in a head; all heads together may be wider than the state.
    pub head_dim: usize,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Tokens that the model was made for.
    pub context_length: usize,
    /// What is added to the variance in the norms.
    pub rms_norm_eps: f64,
    /// The base of the rotary position embedding.
    pub rope_theta: f32,
    /// How positions are stretched.
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the weights are laid out so that neighbours in a head turn
    /// together, as in GGUF files of Llama and Mistral; else the two halves do.
    pub rope_interleaved: bool,
    /// How a query grows with its position.
    pub query_scaling: Option<QueryScaling>,
    /// Whether each head of query and key has a norm before the rotation, with
    /// one weight of `head_dim` numbers for all of them.
    pub qk_norm: bool,
    /// Tokens that a token attends to in the layers of `sliding_layers`, itself
    /// and the ones before; [`ModelConfig::window_of`] tells it for a layer.
    pub sliding_window: Option<usize>,
    /// Where there is a window.
    pub sliding_layers: SlidingLayers,
    /// The experts; [`ModelConfig::experts_of`] tells them for a layer.
    pub experts: Option<Experts>,
    /// Whether the output layer is the embedding.
    pub tie_embeddings: bool,
    /// Whether query, key and value have biases.
    pub attention_bias: bool,
    /// How the weights of an MLX folder are packed.
    pub quantization: Option<Quantization>,
    /// Tokens that end an answer.
    pub eos_token_ids: Vec<u32>,
    /// The token that begins a text.
    pub bos_token_id: Option<u32>,
}

/// Why a configuration cannot be used.
#[derive(Debug)]
pub enum ConfigProblem {
    Damaged(String),
    Unsupported(String),
}

impl ModelConfig {
    /// The window of a layer, counted from 0; `None` where it sees all.
    pub fn window_of(&self, layer: usize) -> Option<usize> {
        self.sliding_window.filter(|_| self.sliding_layers.contains(layer))
    }

    /// The experts of a layer, counted from 0; `None` where it has one
    /// feed-forward network.
    pub fn experts_of(&self, layer: usize) -> Option<&Experts> {
        self.experts.as_ref().filter(|experts| experts.in_layer(layer))
    }

    /// Checks what no single value shows.
    fn checked(self) -> Result<Self, ConfigProblem> {
        let damaged = |reason: &str| Err(ConfigProblem::Damaged(reason.to_owned()));
        let mut sizes = vec![
            self.hidden_size,
            self.intermediate_size,
            self.num_layers,
            self.num_heads,
            self.num_kv_heads,
            self.head_dim,
            self.vocab_size,
            self.context_length,
        ];
        sizes.extend(self.sliding_window);
        if let Some(experts) = &self.experts {
            let own = [experts.count, experts.used, experts.intermediate_size];
            sizes.extend(own.into_iter().chain([experts.sparse_step]));
            if experts.used > experts.count {
                return damaged("more experts answer for a token than there are");
            }
            if experts.dense_layers.iter().any(|layer| *layer >= self.num_layers) {
                return damaged("mlp_only_layers names a layer that is not there");
            }
        }
        // Beyond any real model; products of two still fit a usize.
        if sizes.iter().any(|size| *size == 0 || *size > 1 << 24) {
            return damaged("a size is zero or beyond any model");
        }
        if !self.num_heads.is_multiple_of(self.num_kv_heads) {
            return damaged("the query's heads are no multiple of the key's");
        }
        if !self.head_dim.is_multiple_of(2) {
            return damaged("a head has an odd number of numbers");
        }
        let mut constants = vec![f64::from(self.rope_theta), self.rms_norm_eps];
        if let Some(scaling) = self.rope_scaling {
            constants.extend(scaling.constants().into_iter().map(f64::from));
            if let Some(disorder) = scaling.disorder() {
                return damaged(disorder);
            }
        }
        if let Some(scaling) = self.query_scaling {
            constants.extend([scaling.beta, scaling.original_context].map(f64::from));
        }
        if constants.iter().any(|constant| !(constant.is_finite() && *constant > 0.0)) {
            return damaged("a constant is not positive");
        }
        Ok(self)
    }
}
