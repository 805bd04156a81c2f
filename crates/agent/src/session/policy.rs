//! Who decides what may be done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tool::Access;

/// How much a session may do without asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mode {
    /// It looks, and changes nothing.
    ReadOnly,
    /// It asks before it changes a file or runs a command.
    #[default]
    Ask,
    /// It changes files without asking, and asks before it runs a command.
    AutoEdit,
    /// It does what it is asked for.
    Full,
}

impl Mode {
    /// All of them, the strictest first.
    pub const ALL: [Self; 4] = [Self::ReadOnly, Self::Ask, Self::AutoEdit, Self::Full];

    /// Its stable name, such as `auto-edit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Ask => "ask",
            Self::AutoEdit => "auto-edit",
            Self::Full => "full",
        }
    }
}

/// What a policy says to something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It may be done.
    Allow {
        /// The rule that says so.
        rule: String,
    },
    /// Somebody has to be asked.
    Ask {
        /// Why.
        why: String,
    },
    /// It may not be done.
    Deny {
        /// Why.
        why: String,
    },
}

/// Decides what a session may do.
pub trait Policy: Send + Sync {
    /// What may be done of what a tool asks for.
    fn judge(&self, mode: Mode, tool: &str, access: &Access) -> Verdict;

    /// Remembers that somebody said yes to this and its like.
    fn remember(&self, tool: &str, access: &Access);
}

/// A policy of the modes alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModePolicy;

impl Policy for ModePolicy {
    fn judge(&self, mode: Mode, _: &str, access: &Access) -> Verdict {
        let rule = || format!("the mode is {}", mode.as_str());
        match (mode, access) {
            (_, Access::Read { .. } | Access::Other) | (Mode::Full, _) => {
                Verdict::Allow { rule: rule() }
            }
            (Mode::ReadOnly, _) => Verdict::Deny { why: rule() },
            (Mode::AutoEdit, Access::Write { .. }) => Verdict::Allow { rule: rule() },
            _ => Verdict::Ask { why: rule() },
        }
    }

    fn remember(&self, _: &str, _: &Access) {}
}
