//! What `models convert` prints.

use schemars::JsonSchema;
use serde::Serialize;

/// `models convert --json`.
#[derive(Serialize, JsonSchema)]
pub struct ConvertOutput {
    /// The file or folder that was made.
    pub path: String,
    /// What the model was converted to, such as `gguf:q8_0`.
    pub target: String,
    /// All its files together.
    pub size_bytes: u64,
    /// Weights in it.
    pub tensors: usize,
    /// Weights that an earlier run, which was cut off, had finished.
    pub resumed_tensors: usize,
    /// What the original says and the result cannot.
    pub lost: Vec<String>,
}
