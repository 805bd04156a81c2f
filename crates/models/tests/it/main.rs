//! Models as files: what is read, what is refused, what the store keeps.

mod check;
mod gguf;
mod hostile;
mod store;
mod support;
mod tokenizer;
