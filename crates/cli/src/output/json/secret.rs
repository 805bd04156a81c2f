//! What `secret …` prints.

use schemars::JsonSchema;
use serde::Serialize;

/// `secret set --json`, `secret get --json` and `secret rm --json`.
#[derive(Serialize, JsonSchema)]
pub struct SecretOutput {
    /// Its name.
    pub name: String,
    /// Where it is, or was: `environment`, `keychain` or `file`.
    pub places: Vec<String>,
    /// Its value, with `secret get --reveal` alone.
    pub value: Option<String>,
}

/// `secret list --json`.
#[derive(Serialize, JsonSchema)]
pub struct SecretListOutput {
    /// The names that are known.
    pub secrets: Vec<SecretRowOutput>,
    /// Places that could not be asked.
    pub unreachable: Vec<UnreachableOutput>,
}

/// One name.
#[derive(Serialize, JsonSchema)]
pub struct SecretRowOutput {
    /// The name.
    pub name: String,
    /// Where it is kept, the place that counts first.
    pub places: Vec<String>,
}

/// A place that could not be asked.
#[derive(Serialize, JsonSchema)]
pub struct UnreachableOutput {
    /// `keychain` or `file`.
    pub place: String,
    /// Why.
    pub message: String,
}
