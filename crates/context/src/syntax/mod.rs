//! Files read along their syntax.

mod chunk;
mod clock;
mod errors;
mod guard;
mod languages;
mod limits;
mod nodes;
mod parsed_file;
mod pattern;
mod pieces;
mod preprocessor;
mod query;
mod same_code;

pub use chunk::{Chunk, chunks, chunks_along};
pub use errors::{SyntaxError, error_count, syntax_errors};
pub use languages::{Topic, language_of};
pub use limits::ParseLimits;
pub use nodes::Node;
pub use parsed_file::{ParsedFile, ScopePart};
pub use same_code::is_same_code;
