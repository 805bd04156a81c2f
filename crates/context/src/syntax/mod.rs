//! Files cut along their syntax.

mod chunk;
mod definition;
mod prose;

pub use chunk::{Chunk, chunks};
