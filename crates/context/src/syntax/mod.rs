//! Files read along their syntax.

mod chunk;
mod errors;
mod guard;
mod languages;
mod limits;
mod parsed_file;
mod pieces;
mod preprocessor;
mod query;

pub use chunk::{Chunk, chunks, chunks_along};
pub use errors::error_count;
pub use languages::{Topic, language_of};
pub use limits::ParseLimits;
pub use parsed_file::{ParsedFile, ScopePart};
pub use query::range_of;
