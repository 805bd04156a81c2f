//! `config.json` of a model like BERT.

use serde::Deserialize;
use serde_json::Value;

use crate::config::ConfigProblem;

/// Beyond any real model; products of two still fit a usize.
const MOST_SIZE: usize = 1 << 24;

/// The function between the two halves of a feed-forward network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncoderActivation {
    /// `x Φ(x)` (Hendrycks and Gimpel, 2016).
    Gelu,
    /// The same by its approximation with a hyperbolic tangent.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// The sizes and constants of a model like BERT.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EncoderConfig {
    /// Numbers in a token's state.
    pub hidden_size: usize,
    /// Numbers inside the feed-forward layers.
    pub intermediate_size: usize,
    /// Layers.
    pub num_layers: usize,
    /// Heads.
    pub num_heads: usize,
    /// Rows of the embedding of tokens.
    pub vocab_size: usize,
    /// Rows of the embedding of positions.
    pub positions: usize,
    /// The token that takes no position of its own, in the families that count
    /// positions from the row after its number; `None` in BERT's, which counts
    /// from 0.
    pub padding: Option<u32>,
    /// What is added to the variance in the norms.
    pub norm_eps: f32,
    /// The function in the feed-forward layers.
    pub activation: EncoderActivation,
}

#[derive(Deserialize)]
struct Raw {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    pad_token_id: Option<u32>,
    #[serde(default = "default_eps")]
    layer_norm_eps: f32,
    #[serde(default = "default_act")]
    hidden_act: String,
    position_embedding_type: Option<String>,
    auto_map: Option<Value>,
    #[serde(default)]
    is_decoder: bool,
}

fn default_eps() -> f32 {
    1e-12
}

fn default_act() -> String {
    "gelu".to_owned()
}

/// Whether positions are counted as `RoBERTa` does; `None` of other families.
fn family(config: &Value) -> Option<bool> {
    match config.get("model_type")?.as_str()? {
        "bert" => Some(false),
        "roberta" | "xlm-roberta" | "camembert" => Some(true),
        _ => None,
    }
}

impl EncoderConfig {
    /// Reads a `config.json`.
    pub(crate) fn of_json(config: &Value) -> Result<Self, ConfigProblem> {
        let damaged = |reason: &str| ConfigProblem::Damaged(reason.to_owned());
        let Some(is_roberta) = family(config) else {
            return Err(match config.get("model_type").and_then(Value::as_str) {
                Some(other) => unsupported(&format!("the architecture {other} for vectors")),
                None => damaged("it names no model_type"),
            });
        };
        let raw: Raw =
            serde_json::from_value(config.clone()).map_err(|error| damaged(&error.to_string()))?;
        // Both would give other vectors without a word.
        if let Some(kind) = raw.position_embedding_type.filter(|kind| kind != "absolute") {
            return Err(unsupported(&format!("the position embedding {kind}")));
        }
        if raw.auto_map.is_some() {
            return Err(unsupported("a model that brings its own code"));
        }
        if raw.is_decoder {
            return Err(unsupported("a decoder of the family BERT"));
        }
        let activation = match raw.hidden_act.as_str() {
            "gelu" => EncoderActivation::Gelu,
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => EncoderActivation::GeluTanh,
            "relu" => EncoderActivation::Relu,
            other => return Err(unsupported(&format!("the activation {other}"))),
        };
        let sizes = [
            raw.hidden_size,
            raw.intermediate_size,
            raw.num_hidden_layers,
            raw.num_attention_heads,
            raw.vocab_size,
            raw.max_position_embeddings,
        ];
        if sizes.iter().any(|size| *size == 0 || *size > MOST_SIZE) {
            return Err(damaged("a size is zero or beyond any model"));
        }
        if !raw.hidden_size.is_multiple_of(raw.num_attention_heads) {
            return Err(damaged("the state is no multiple of the heads"));
        }
        if !(raw.layer_norm_eps.is_finite() && raw.layer_norm_eps > 0.0) {
            return Err(damaged("layer_norm_eps is not positive"));
        }
        let padding = is_roberta.then(|| raw.pad_token_id.unwrap_or(1));
        let found = Self {
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            num_layers: raw.num_hidden_layers,
            num_heads: raw.num_attention_heads,
            vocab_size: raw.vocab_size,
            positions: raw.max_position_embeddings,
            padding,
            norm_eps: raw.layer_norm_eps,
            activation,
        };
        if found.most_tokens() < 3 {
            return Err(damaged("it has no positions for a text"));
        }
        Ok(found)
    }

    /// Numbers in a head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_heads
    }

    /// The most tokens of a text that there are positions for.
    pub fn most_tokens(&self) -> usize {
        let before = self.padding.map_or(0, |padding| padding as usize + 1);
        self.positions.saturating_sub(before)
    }

    /// The row of the embedding of positions for each token of a text.
    pub fn positions_of(&self, tokens: &[u32]) -> Vec<usize> {
        let Some(padding) = self.padding else { return (0..tokens.len()).collect() };
        let mut next = padding as usize;
        let place = |token: &u32| {
            if *token == padding {
                return padding as usize;
            }
            next += 1;
            next
        };
        tokens.iter().map(place).collect()
    }
}

fn unsupported(what: &str) -> ConfigProblem {
    ConfigProblem::Unsupported(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(more: &Value) -> Value {
        let mut config = json!({
            "model_type": "bert", "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
            "max_position_embeddings": 64,
        });
        for (key, value) in more.as_object().unwrap() {
            config[key] = value.clone();
        }
        config
    }

    #[test]
    fn positions_are_counted_as_the_family_does() {
        let bert = EncoderConfig::of_json(&config(&json!({}))).unwrap();
        assert_eq!((bert.most_tokens(), bert.positions_of(&[7, 0, 7])), (64, vec![0, 1, 2]));
        let roberta = json!({"model_type": "xlm-roberta", "pad_token_id": 1});
        let roberta = EncoderConfig::of_json(&config(&roberta)).unwrap();
        assert_eq!(roberta.most_tokens(), 62);
        // As transformers does: padding in a text keeps its own row.
        assert_eq!(roberta.positions_of(&[0, 9, 1, 9, 2]), [2, 3, 1, 4, 5]);
    }

    #[test]
    fn what_would_give_other_vectors_is_refused() {
        for (more, what) in [
            (json!({"position_embedding_type": "alibi"}), "alibi"),
            (json!({"auto_map": {"AutoModel": "modeling.Model"}}), "own code"),
            (json!({"hidden_act": "silu"}), "silu"),
            (json!({"model_type": "nomic_bert"}), "nomic_bert"),
            (json!({"is_decoder": true}), "decoder"),
        ] {
            match EncoderConfig::of_json(&config(&more)) {
                Err(ConfigProblem::Unsupported(said)) => assert!(said.contains(what), "{said}"),
                other => panic!("{more}: {other:?}"),
            }
        }
        for more in [
            json!({"num_attention_heads": 5}),
            json!({"hidden_size": 0}),
            json!({"vocab_size": 1_u64 << 40}),
            json!({"layer_norm_eps": -1.0}),
            json!({"max_position_embeddings": 2}),
            json!({"hidden_size": "x"}),
        ] {
            let found = EncoderConfig::of_json(&config(&more));
            assert!(matches!(found, Err(ConfigProblem::Damaged(_))), "{more}");
        }
    }
}
