//! Files cut along their syntax.

mod chunk;
mod definition;
mod prose;

pub use chunk::{Chunk, chunks, signature};
pub use definition::{definitions, error_count};
pub use prose::headings;
