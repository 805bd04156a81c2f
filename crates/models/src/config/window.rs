//! Layers that see only the last tokens.

use serde_json::Value;

use super::ConfigProblem;

/// The layers in which attention ends at the sliding window.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlidingLayers {
    /// All of them.
    All,
    /// Those from this number on, counted from 0.
    From(usize),
    /// For each layer whether it is one.
    Listed(Vec<bool>),
}

impl SlidingLayers {
    /// Whether the layer, counted from 0, is one of them.
    pub fn contains(&self, layer: usize) -> bool {
        match self {
            Self::All => true,
            Self::From(first) => layer >= *first,
            Self::Listed(layers) => layers.get(layer).copied().unwrap_or(false),
        }
    }

    /// Reads `layer_types`, the words of transformers for each layer.
    pub(super) fn of_json(types: &Value, layers: usize) -> Result<Self, ConfigProblem> {
        let words = types.as_array().map(Vec::as_slice).unwrap_or_default();
        if words.len() != layers {
            let reason = format!("layer_types names {} of {layers} layers", words.len());
            return Err(ConfigProblem::Damaged(reason));
        }
        let one = |word: &Value| match word.as_str() {
            Some("full_attention") => Ok(false),
            Some("sliding_attention") => Ok(true),
            _ => Err(ConfigProblem::Unsupported(format!("a layer of the type {word}"))),
        };
        words.iter().map(one).collect::<Result<_, _>>().map(Self::Listed)
    }
}
