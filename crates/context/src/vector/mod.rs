//! Vectors of passages: where two lie close, both are about the same, whatever
//! their words.

mod bytes;
mod learn;
mod term_vectors;

pub use bytes::{dot, to_bytes};
pub use term_vectors::{Sample, TermVectors};
