//! Checks before a model may load.

mod finite;
mod floats;
mod packed;
mod report;
mod tensors;

pub use finite::{Depth, Stretch, check_values};
pub use floats::Layout;
pub use packed::FolderWeights;
pub use report::{Recorded, Steps, Strict, VerifyCheck, VerifyId, VerifyReport, VerifyStatus};
pub use tensors::{Naming, Shapes, Weights, check_tensors};
