//! Qwen3 (Yang and others, 2025): Llama's layers, with a norm on each head of
//! query and key before they turn.
//!
//! ```text
//! h = RMSNorm(x)
//! q, k = RMSNorm(W_q h), RMSNorm(W_k h)
//! x = x + W_o Attention(R q, R k, W_v h)
//! h = RMSNorm(x)
//! x = x + W_down (silu(W_gate h) · W_up h)
//! ```

use crate::cpu::{FeedForward, Layer, Step};

/// One layer, as above.
pub fn layer(step: &Step<'_>, layer: &Layer) {
    attention(step, layer);
    step.norm(&layer.feed_forward_norm);
    if let FeedForward::Dense(network) = &layer.feed_forward {
        step.add_gated(network);
    }
}

/// The first half of a layer, which `Qwen3-MoE` has as well.
pub fn attention(step: &Step<'_>, layer: &Layer) {
    let attention = &layer.attention;
    step.norm(&layer.attention_norm);
    step.project(&attention.query, &attention.key, &attention.value);
    if let (Some(query), Some(key)) = (&attention.query_norm, &attention.key_norm) {
        step.norm_heads(query, key);
    }
    step.rotate_and_keep(layer.number);
    step.attend(layer.number);
    step.add_attended(&attention.output);
}
