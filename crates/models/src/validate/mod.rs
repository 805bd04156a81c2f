//! Checks before a model may load.

mod safetensors;
mod tensors;

pub use safetensors::headers;
pub use tensors::{Naming, Shapes, check_tensors};
