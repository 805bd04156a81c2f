//! What `models …` prints.

use schemars::JsonSchema;
use serde::Serialize;

/// `models list --json`.
#[derive(Serialize, JsonSchema)]
pub struct ModelsOutput {
    /// The installed models, by name.
    pub models: Vec<ModelOutput>,
}

/// `models add --json` and `models show --json`, and each row of `list`.
#[derive(Serialize, JsonSchema)]
pub struct ModelOutput {
    /// The name it is used by.
    pub name: String,
    /// The architecture, such as `qwen2`.
    pub architecture: String,
    /// How the weights are stored, such as `Q4_K`.
    pub weights: String,
    /// The number of weights.
    pub parameters: u64,
    /// The context, in tokens.
    pub context_length: usize,
    /// All files together.
    pub size_bytes: u64,
    /// Whether it is a favourite.
    pub favourite: bool,
    /// Its category.
    pub category: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The names that stand for it.
    pub aliases: Vec<String>,
    /// A note about it.
    pub note: Option<String>,
    /// The files, with their checksums.
    pub files: Vec<ModelFileOutput>,
}

/// One file of a model.
#[derive(Serialize, JsonSchema)]
pub struct ModelFileOutput {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// `models rm --json`.
#[derive(Serialize, JsonSchema)]
pub struct RemovedOutput {
    /// The model that was removed.
    pub removed: String,
}
