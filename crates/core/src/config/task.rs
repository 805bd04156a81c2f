use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model is asked for: what rules of `models` go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelTask {
    /// A conversation.
    Chat,
    /// An answer to a question.
    Ask,
    /// A change of files.
    Edit,
    /// Text at a cursor.
    Completion,
    /// The message of a commit.
    Commit,
    /// A summary of what was said, or a title.
    Summary,
    /// A review.
    Review,
    /// An explanation.
    Explain,
    /// Comments of code.
    Document,
    /// Tests.
    Test,
    /// Mending what a command complains about.
    Fix,
    /// The same in many files.
    Batch,
    /// The steps of a workflow.
    Workflow,
    /// The continuation of a bare prompt.
    Generate,
}

impl ModelTask {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Chat,
        Self::Ask,
        Self::Edit,
        Self::Completion,
        Self::Commit,
        Self::Summary,
        Self::Review,
        Self::Explain,
        Self::Document,
        Self::Test,
        Self::Fix,
        Self::Batch,
        Self::Workflow,
        Self::Generate,
    ];

    /// Its name, as a configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Ask => "ask",
            Self::Edit => "edit",
            Self::Completion => "completion",
            Self::Commit => "commit",
            Self::Summary => "summary",
            Self::Review => "review",
            Self::Explain => "explain",
            Self::Document => "document",
            Self::Test => "test",
            Self::Fix => "fix",
            Self::Batch => "batch",
            Self::Workflow => "workflow",
            Self::Generate => "generate",
        }
    }

    /// The task of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.as_str() == name)
    }

    /// Which of `models.small` and `models.large` does it: a small model writes
    /// what is short and follows from what it is shown, sooner; changes and
    /// judgements want the better one.
    pub fn size(self) -> Option<ModelSize> {
        match self {
            Self::Completion | Self::Commit | Self::Summary => Some(ModelSize::Small),
            Self::Chat
            | Self::Edit
            | Self::Review
            | Self::Document
            | Self::Test
            | Self::Fix
            | Self::Batch
            | Self::Workflow => Some(ModelSize::Large),
            Self::Ask | Self::Explain | Self::Generate => None,
        }
    }

    /// Whether what it gives are edits of files.
    pub fn is_edit(self) -> bool {
        matches!(self, Self::Edit | Self::Fix | Self::Batch)
    }
}

impl fmt::Display for ModelTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One of two models that a configuration names by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelSize {
    /// The quick one.
    Small,
    /// The good one.
    Large,
}

impl ModelSize {
    /// The word that stands for the model wherever one is named.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_configuration() {
        for task in ModelTask::ALL {
            assert_eq!(serde_json::to_value(task).unwrap(), task.as_str());
            assert_eq!(ModelTask::named(task.as_str()), Some(task));
        }
        assert_eq!(ModelTask::named("reviews"), None);
    }
}
