//! Llama 2 and 3 (Touvron and others, 2023; Grattafiori and others, 2024).
//!
//! ```text
//! h = RMSNorm(x)
//! x = x + W_o Attention(R W_q h, R W_k h, W_v h)
//! h = RMSNorm(x)
//! x = x + W_down (silu(W_gate h) · W_up h)
//! ```
//!
//! `R` turns each head by its position.

use crate::cpu::{FeedForward, Layer, Step};

/// One layer, as above.
pub fn layer(step: &Step<'_>, layer: &Layer) {
    let attention = &layer.attention;
    step.norm(&layer.attention_norm);
    step.project(&attention.query, &attention.key, &attention.value);
    step.rotate_and_keep(layer.number);
    step.attend(layer.number);
    step.add_attended(&attention.output);

    step.norm(&layer.feed_forward_norm);
    if let FeedForward::Dense(network) = &layer.feed_forward {
        step.add_gated(network);
    }
}
