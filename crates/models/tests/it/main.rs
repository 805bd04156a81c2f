//! Models as files: what is read, what is refused, what the store keeps.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

mod changed;
mod check;
#[path = "../fake_hub/mod.rs"]
mod fake_hub;
mod families;
mod fim;
mod gguf;
mod hostile;
mod hub;
mod mlx;
mod rope;
mod store;
mod support;
mod tokenizer;
