use std::time::Duration;

use mlxcode_models::{GenerateOptions, ModelInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::Mode;
use crate::prompts::Prompts;

/// How a session works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionOptions {
    /// What the journal and the audit log call it.
    pub name: String,
    /// How to generate; `max_tokens` is the most of one answer, 2048 where it
    /// is not said.
    pub generate: GenerateOptions,
    /// The most tokens of passages that are searched for in a turn; `None` takes
    /// 4096.
    pub context_tokens: Option<usize>,
    /// How much it may do without asking.
    pub mode: Mode,
    /// Whether the model is given tools. Small models do better with blocks of
    /// edits in their text.
    pub tools: ToolsWhen,
    /// Whether the model thinks before it answers; `None` leaves it to its
    /// template.
    pub thinking: Option<bool>,
    /// What the model is told: the built-in prompts, or what replaces them.
    pub prompts: Prompts,
    /// How long a turn may go on.
    pub limits: TurnLimits,
}

impl Default for SessionOptions {
    fn default() -> Self {
        let generate = GenerateOptions { max_tokens: None, ..GenerateOptions::default() };
        Self {
            name: String::new(),
            generate,
            context_tokens: None,
            mode: Mode::default(),
            tools: ToolsWhen::default(),
            thinking: None,
            prompts: Prompts::default(),
            limits: TurnLimits::default(),
        }
    }
}

/// When a model is given tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ToolsWhen {
    /// Where it can be told of them and is known to call them well.
    #[default]
    Auto,
    /// Wherever it can be told of them.
    On,
    /// Never.
    Off,
}

impl ToolsWhen {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::On, Self::Off];

    /// Its stable name, such as `auto`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Whether a model is given tools.
    pub fn gives(self, model: &ModelInfo) -> bool {
        let wanted = match self {
            Self::Auto => model.good_at_tools == Some(true),
            Self::On => true,
            Self::Off => false,
        };
        wanted && model.tools
    }
}

/// The most tokens of an answer where nobody says.
pub const ANSWER_TOKENS: usize = 2_048;

/// How long a turn may go on. At a limit it ends, and says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TurnLimits {
    /// The most answers of the model.
    pub steps: usize,
    /// The most tokens of all answers.
    pub tokens: usize,
    /// The longest time, without what a person takes to decide.
    pub time: Duration,
    /// How often the model is told that its edits could not be placed, or that
    /// a check failed.
    pub repairs: usize,
}

impl Default for TurnLimits {
    fn default() -> Self {
        // A task of some size takes a dozen steps; what takes far more has lost
        // its way.
        Self { steps: 32, tokens: 32_768, time: Duration::from_mins(30), repairs: 3 }
    }
}
