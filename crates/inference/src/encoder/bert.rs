//! BERT (Devlin and others, 2019), and `RoBERTa` and XLM-R (Liu and others,
//! 2019; Conneau and others, 2020), which number positions otherwise.
//!
//! ```text
//! x = LayerNorm(E[token] + P[position] + T[0])
//!
//! x = LayerNorm(x + W_o Attention(W_q x, W_k x, W_v x))
//! x = LayerNorm(x + W_2 gelu(W_1 x))
//! ```
//!
//! Every matrix has a bias, which belongs to it, and every token sees all
//! tokens of its text.

use super::pass::Pass;
use super::weights::{Layer, Weights};

/// The states of all tokens, after the last layer.
pub fn forward(pass: &mut Pass<'_>, weights: &Weights) {
    pass.embed(&weights.embeddings);
    pass.norm(&weights.norm);
    for layer in &weights.layers {
        self::layer(pass, layer);
    }
}

/// One layer, as above.
fn layer(pass: &mut Pass<'_>, layer: &Layer) {
    pass.project(&layer.query, &layer.key, &layer.value);
    pass.attend();
    pass.add_attended(&layer.attended);
    pass.norm(&layer.attention_norm);

    pass.widen(&layer.widen);
    pass.add_narrowed(&layer.narrow);
    pass.norm(&layer.feed_forward_norm);
}
