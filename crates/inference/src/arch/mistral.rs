//! Mistral, Devstral and Ministral (Jiang and others, 2023): Llama's layers.
//!
//! What differs are constants: the first Mistral attends to a window of the
//! last tokens, and Ministral 3 lets queries grow with the position.

pub use super::llama::layer;
