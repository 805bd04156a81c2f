//! Vectors of passages: where two lie close, both are about the same, whatever
//! their words.

mod bytes;
mod learn;
mod packed;
mod term_vectors;

pub use bytes::{dot, to_bytes};
pub use packed::{Packing, State, is_of, read as read_packed};
pub use term_vectors::{Sample, TermVectors};
