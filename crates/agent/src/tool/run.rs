use std::sync::Arc;

use mlxcode_base::CancelToken;
use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolError, ToolResult, World, arguments, cut};
use crate::error::Result;

/// Runs commands in the tree, as safely as it can.
pub trait CommandRunner: Send + Sync {
    /// Runs a command as a shell reads it and waits for its end.
    fn run(&self, command: &str, cancel: &CancelToken) -> Result<CommandRun>;
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandRun {
    /// Its exit status; `None` where it was stopped.
    pub status: Option<i32>,
    /// What it wrote, both streams as they came, cut where it is long.
    pub output: String,
    /// Why it was stopped, or what it was not allowed, in a sentence.
    pub note: Option<String>,
}

impl CommandRun {
    /// Whether it did what it should.
    pub fn is_ok(&self) -> bool {
        self.status == Some(0)
    }

    /// As a model reads it.
    pub fn told(&self) -> String {
        let mut text = match self.status {
            Some(status) => format!("exit status {status}\n"),
            None => "it was stopped\n".to_owned(),
        };
        if let Some(note) = &self.note {
            text.push_str(note);
            text.push('\n');
        }
        text + &self.output
    }
}

/// Runs a command.
pub struct RunTool {
    spec: ToolSpec,
    runner: Arc<dyn CommandRunner>,
}

impl RunTool {
    /// A tool that runs commands by `runner`.
    pub fn new(runner: Arc<dyn CommandRunner>) -> Self {
        let spec = ToolSpec {
            name: "run".to_owned(),
            description: "Runs a command in the root of the project, without a network and without a terminal, and tells what it wrote."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {"command": {"type": "string", "description": "as a shell reads it"}},
                "required": ["command"]
            }),
        };
        Self { spec, runner }
    }
}

impl Tool for RunTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        let command = arguments::text(arguments, "command")?.trim();
        if command.is_empty() {
            return Err(ToolError::new("the command is empty"));
        }
        Ok(Access::Run { command: command.to_owned() })
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let command = arguments::text(arguments, "command")?.trim();
        let run = self.runner.run(command, world.cancel)?;
        let told = cut(run.told(), "let the command write less");
        if run.is_ok() { Ok(Outcome::Text(told)) } else { Err(ToolError::new(told)) }
    }

    fn usual_access(&self) -> Access {
        Access::Run { command: "command".to_owned() }
    }
}
