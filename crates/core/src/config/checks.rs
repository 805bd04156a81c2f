use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command that is run after an edit, such as `cargo check`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckCommand {
    /// The program and its arguments, each for itself: no shell reads them.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Globs of the files after whose change it is run; without any, all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// After so many seconds it is stopped; 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u32>,
}
