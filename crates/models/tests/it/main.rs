//! Models as files: what is read, what is refused, what the store keeps.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]

mod check;
mod gguf;
mod hostile;
mod store;
mod support;
mod tokenizer;
