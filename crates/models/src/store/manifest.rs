use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a model's folder says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub model: ModelSummary,
    /// The GGUF file in the folder; `.` for the folder itself.
    pub entry: String,
}

/// What is known of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelSummary {
    /// The name it is used by.
    pub name: String,
    /// The architecture, such as `qwen2`.
    pub architecture: String,
    /// How most of the weights are stored, such as `Q4_K`.
    pub weights: String,
    /// The number of weights.
    pub parameters: u64,
    /// The context, in tokens.
    pub context_length: usize,
    /// All files together.
    pub size_bytes: u64,
    /// The files.
    pub files: Vec<ModelFile>,
}

/// One file of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// When it was last changed, in nanoseconds since 1970, UTC.
    pub modified_ns: u64,
}

impl Manifest {
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::Damaged { path: path.to_owned(), reason: error.to_string() })
    }
}
