use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::session::Mode;

/// What may be done without asking, what is asked for and what is refused: the
/// key `permissions` of a configuration.
///
/// A refusal goes before a question, a question before a permission. A
/// project's file can only make things stricter: its `allow` does not count,
/// and its `mode` where it is the stricter one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionConfig {
    /// How much is done without asking: `read-only`, `ask`, `auto-edit` or
    /// `full`; `ask`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// What is done without asking. In the user's own file alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<PermissionRule>,
    /// What is asked for in every mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<PermissionRule>,
    /// What is never done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<PermissionRule>,
}

/// What a rule is about. All keys that are there have to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionRule {
    /// A tool by its name, that of a server's tool as `SERVER/TOOL`; `*` stands
    /// for any letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// A glob of files, relative to the root, that are read or changed. Without
    /// a `/` it fits in every folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The first words of a command, such as `cargo test`. To allow it they
    /// have to be its first words; to ask or to refuse, it is enough that they
    /// come in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl PermissionRule {
    /// A rule about commands.
    pub fn command(words: impl Into<String>) -> Self {
        Self { command: Some(words.into()), ..Self::default() }
    }

    /// A rule about files.
    pub fn path(glob: impl Into<String>) -> Self {
        Self { path: Some(glob.into()), ..Self::default() }
    }

    /// A rule about a tool.
    pub fn tool(name: impl Into<String>) -> Self {
        Self { tool: Some(name.into()), ..Self::default() }
    }
}
