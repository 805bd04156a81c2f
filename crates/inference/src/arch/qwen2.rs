//! Qwen2 and Qwen2.5 (Yang and others, 2024): Llama's layers, in which query,
//! key and value have biases, `q = W_q h + b_q` and so on.
//!
//! A bias belongs to its matrix, so nothing is said of it here.

pub use super::llama::layer;
