//! What `run`, `prompts …` and `help` print.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// `run --json` without a name.
#[derive(Serialize, JsonSchema)]
pub struct CommandsOutput {
    /// The commands that can be called.
    pub commands: Vec<CommandRowOutput>,
    /// Those whose name another one has.
    pub hidden: Vec<CommandRowOutput>,
}

/// A question with a name.
#[derive(Serialize, JsonSchema)]
pub struct CommandRowOutput {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What its arguments are.
    pub arguments: Option<String>,
    /// Who named it: `configuration`, `project`, `user` or `plugin NAME`.
    pub origin: String,
    /// Its file; null: it stands in a configuration.
    pub file: Option<String>,
}

/// `prompts list --json`.
#[derive(Serialize, JsonSchema)]
pub struct PromptsOutput {
    /// All prompts.
    pub prompts: Vec<PromptRowOutput>,
    /// Templates that have the name of no prompt, and count for nothing.
    pub unknown: Vec<String>,
    /// The prompts that the project brings; null: none.
    pub project: Option<ProjectPromptsOutput>,
}

/// A prompt.
#[derive(Serialize, JsonSchema)]
pub struct PromptRowOutput {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The values that its template is given.
    pub values: Vec<String>,
    /// The file that replaces the built-in one; null: none.
    pub file: Option<String>,
    /// What is wrong with that file; null: nothing.
    pub problem: Option<String>,
}

/// `prompts show --json`.
#[derive(Serialize, JsonSchema)]
pub struct PromptOutput {
    /// The prompt.
    #[serde(flatten)]
    pub prompt: PromptRowOutput,
    /// Its template.
    pub text: String,
}

/// `prompts trust --json` and `prompts distrust --json`.
#[derive(Serialize, JsonSchema)]
pub struct ProjectPromptsOutput {
    /// Their folder.
    pub folder: String,
    /// Their files.
    pub files: Vec<String>,
    /// Whether they count.
    pub is_trusted: bool,
}

/// `prompts path --json`.
#[derive(Serialize, JsonSchema)]
pub struct PromptFoldersOutput {
    /// The folders, strongest first. They need not be there.
    pub folders: Vec<String>,
}

/// `help TOPIC --json`.
#[derive(Serialize, JsonSchema)]
pub struct TopicOutput {
    /// The topic.
    pub topic: String,
    /// What there is to say, in Markdown.
    pub text: String,
}

/// `help --json`.
#[derive(Serialize, JsonSchema)]
pub struct TopicsOutput {
    /// The verbs, with what they do.
    pub verbs: BTreeMap<String, String>,
    /// The topics, with what they are about.
    pub topics: BTreeMap<String, String>,
    /// The aliases of the user, with what they stand for.
    pub aliases: BTreeMap<String, String>,
}
