//! GGUF: one file with everything. Only the header is read here.
//!
//! The layout is that of the GGUF specification in the ggml repository,
//! versions 2 and 3, little endian.

mod ggml_type;
mod reader;
mod value;

pub use ggml_type::GgmlType;
pub use reader::{GgufHeader, GgufTensor};
pub use value::GgufValue;
