//! Models as files: what is read, what is refused, what the store keeps.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

mod changed;
mod check;
mod disk;
#[path = "../fake_hub/mod.rs"]
mod fake_hub;
mod families;
mod fim;
mod gc;
mod gguf;
mod hostile;
mod hub;
mod lease;
mod mlx;
mod repair;
mod reply;
mod rope;
mod safetensors;
mod store;
mod support;
mod tokenizer;
mod verify;
