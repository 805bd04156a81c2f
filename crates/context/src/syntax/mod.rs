//! Files cut along their syntax.

mod chunk;
mod definition;
mod prose;

pub use chunk::{Chunk, chunks, signature};
pub use definition::definitions;
pub use prose::headings;
