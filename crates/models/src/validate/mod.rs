//! Checks before a model may load.

mod packed;
mod tensors;

pub use packed::FolderWeights;
pub use tensors::{Naming, Shapes, Weights, check_tensors};
