//! How several models answer together, and which answers are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::task::ModelTask;

/// Which prompts a model answers. All that it says has to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelRule {
    /// The model: a name as in `model`, or `small` or `large`.
    pub model: String,
    /// The tasks; without any, all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<ModelTask>,
    /// The fewest tokens that the prompt has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fewest_tokens: Option<usize>,
    /// The most tokens that the prompt has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_tokens: Option<usize>,
}

/// Several answers, of which the best is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnsembleConfig {
    /// How many answers are asked for, from 2 to 16; without it, one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 16))]
    pub answers: Option<usize>,
    /// The models that are asked in turn; without any, the one of the task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// For which tasks; without any, `edit`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<ModelTask>,
    /// What tells the best; without any, `parses`, `applies` and `syntax`. Of
    /// those that are as good, what most say is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judge: Vec<Judge>,
    /// How many answers are made at the same time; without it, one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 16))]
    pub at_once: Option<usize>,
}

impl EnsembleConfig {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What an answer with edits is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Judge {
    /// It holds edits, and none that cannot be read.
    Parses,
    /// All its edits fit.
    Applies,
    /// The files are no worse to the grammars than before.
    Syntax,
    /// The commands of `checks` pass, in a copy of the project.
    Checks,
    /// What most answers say.
    Vote,
}

impl Judge {
    /// What tells the best where nothing is said.
    pub const USUAL: [Self; 3] = [Self::Parses, Self::Applies, Self::Syntax];

    /// Its name, as a configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parses => "parses",
            Self::Applies => "applies",
            Self::Syntax => "syntax",
            Self::Checks => "checks",
            Self::Vote => "vote",
        }
    }
}

/// Answers that are kept and given again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// Whether answers are kept; false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<bool>,
    /// The most bytes of answers that are kept; 67108864.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 4096))]
    pub most_bytes: Option<u64>,
    /// Whether answers are kept, too, that may come out otherwise the next
    /// time: those that are drawn, without a seed; false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<bool>,
}

impl CacheConfig {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
