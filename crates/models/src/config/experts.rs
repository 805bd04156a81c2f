//! Layers in which a few of many feed-forward networks answer for each token.

/// The experts of a mixture, as in Qwen3-MoE.
///
/// The router's `softmax` runs over all experts; the `used` highest are taken,
/// and their weights are divided by their sum where `normalise` says so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Experts {
    /// Experts in a layer.
    pub count: usize,
    /// Experts that answer for a token.
    pub used: usize,
    /// Numbers inside an expert.
    pub intermediate_size: usize,
    /// Whether the weights of those that answer sum up to one
    /// (`norm_topk_prob`).
    pub normalise: bool,
    /// Every so many layers one has experts, the first at this number less
    /// one (`decoder_sparse_step`).
    pub sparse_step: usize,
    /// Layers, from 0, that are ordinary all the same (`mlp_only_layers`).
    pub dense_layers: Vec<usize>,
    /// How the weights of a layer's experts are stored.
    pub layout: ExpertLayout,
}

impl Experts {
    /// Whether the layer, counted from 0, has experts.
    pub fn in_layer(&self, layer: usize) -> bool {
        (layer + 1).is_multiple_of(self.sparse_step) && !self.dense_layers.contains(&layer)
    }
}

/// How the weights of a layer's experts are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpertLayout {
    /// Each by itself: `mlp.experts.{number}.gate_proj.weight`, `up_proj`,
    /// `down_proj`.
    Separate,
    /// One tensor `[experts, rows, columns]` of each kind: MLX's
    /// `mlp.switch_mlp.gate_proj.weight`, GGUF's `ffn_gate_exps.weight`.
    Stacked,
    /// As stacked, with gate above up, as transformers 5 holds them:
    /// `mlp.experts.gate_up_proj` `[experts, 2 · inner, hidden]` and
    /// `mlp.experts.down_proj` `[experts, hidden, inner]`.
    Fused,
}
