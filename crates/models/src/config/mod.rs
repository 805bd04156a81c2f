//! What a model is made of, one face for `config.json` and GGUF.

mod from_gguf;
mod from_json;

pub use from_json::ids;

use std::fmt;

/// The family that a model belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Architecture {
    /// Llama, and models that share its layers, such as Mistral.
    Llama,
    /// Qwen2: Llama with biases on query, key and value.
    Qwen2,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
        })
    }
}

/// The sizes and constants of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelConfig {
    /// The family.
    pub architecture: Architecture,
    /// Numbers in a token's state.
    pub hidden_size: usize,
    /// Numbers inside the feed-forward layers.
    pub intermediate_size: usize,
    /// Layers.
    pub num_layers: usize,
    /// Heads of the query.
    pub num_heads: usize,
    /// Heads of key and value.
    pub num_kv_heads: usize,
    /// Numbers in a head.
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
    /// Whether the output layer is the embedding.
    pub tie_embeddings: bool,
    /// Whether query, key and value have biases.
    pub attention_bias: bool,
    /// Tokens that end an answer.
    pub eos_token_ids: Vec<u32>,
    /// The token that begins a text.
    pub bos_token_id: Option<u32>,
}

/// How positions are stretched beyond what the model was first trained for.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RopeScaling {
    /// All positions are divided by the factor.
    Linear {
        /// The factor.
        factor: f32,
    },
    /// Low frequencies are stretched, high ones are not (Llama 3.1).
    Llama3 {
        /// The factor of the lowest frequencies.
        factor: f32,
        /// Wavelengths above the original context over this are stretched in full.
        low_freq_factor: f32,
        /// Wavelengths below the original context over this are not.
        high_freq_factor: f32,
        /// The context of the first training.
        original_context: f32,
    },
}

/// Why a configuration cannot be used.
#[derive(Debug)]
pub enum ConfigProblem {
    Damaged(String),
    Unsupported(String),
}

impl ModelConfig {
    /// Checks what no single value shows.
    fn checked(self) -> Result<Self, ConfigProblem> {
        let damaged = |reason: &str| Err(ConfigProblem::Damaged(reason.to_owned()));
        let sizes = [
            self.hidden_size,
            self.intermediate_size,
            self.num_layers,
            self.num_heads,
            self.num_kv_heads,
            self.head_dim,
            self.vocab_size,
            self.context_length,
        ];
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
        match self.rope_scaling {
            None => {}
            Some(RopeScaling::Linear { factor }) => constants.push(f64::from(factor)),
            Some(RopeScaling::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_context,
            }) => {
                let all = [factor, low_freq_factor, high_freq_factor, original_context];
                constants.extend(all.map(f64::from));
                if low_freq_factor >= high_freq_factor {
                    return damaged("low_freq_factor is not below high_freq_factor");
                }
            }
        }
        if constants.iter().any(|constant| !(constant.is_finite() && *constant > 0.0)) {
            return damaged("a constant is not positive");
        }
        Ok(self)
    }
}
