use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolResult, World, arguments};

/// Gives work away to a conversation of its own.
#[derive(Debug)]
pub struct TaskTool(ToolSpec);

impl Default for TaskTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "task".to_owned(),
            description: "Lets somebody else look into something in the code, without changing it, and report in one message. What they read takes no room here."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "prompt": {"type": "string", "description": "all that they need to know, and what to report"}
                },
                "required": ["prompt"]
            }),
        })
    }
}

impl Tool for TaskTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        arguments::text(arguments, "prompt")?;
        Ok(Access::Read { path: String::new() })
    }

    fn call(&self, arguments: &Value, _: &World<'_>) -> ToolResult<Outcome> {
        Ok(Outcome::Task { prompt: arguments::text(arguments, "prompt")?.to_owned() })
    }

    fn usual_access(&self) -> Access {
        Access::Read { path: String::new() }
    }
}
