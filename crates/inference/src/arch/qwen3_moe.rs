//! Qwen3 with experts, such as Qwen3-Coder-30B-A3B (Yang and others, 2025).
//!
//! ```text
//! h = RMSNorm(x)
//! p = softmax(W_r h)
//! x = x + Σ_e p_e W_down,e (silu(W_gate,e h) · W_up,e h)
//! ```
//!
//! over the experts `e` with the largest `p`, which are made to sum up to one
//! where the model was trained so. Some layers of some models are ordinary.

use super::qwen3;
use crate::cpu::{FeedForward, Layer, Step};

/// One layer, as above.
pub fn layer(step: &Step<'_>, layer: &Layer) {
    qwen3::attention(step, layer);
    step.norm(&layer.feed_forward_norm);
    match &layer.feed_forward {
        FeedForward::Experts(experts) => step.add_experts(experts),
        FeedForward::Dense(network) => step.add_gated(network),
    }
}
