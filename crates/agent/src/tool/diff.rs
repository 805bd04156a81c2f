use mlxcode_git::Repository;
use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolError, ToolResult, World, arguments, cut};

/// Shows what differs from the last commit.
#[derive(Debug)]
pub struct DiffTool(ToolSpec);

impl Default for DiffTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "diff".to_owned(),
            description: "Shows what was changed since the last commit.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "only this file"}
                }
            }),
        })
    }
}

impl Tool for DiffTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        let path = arguments::optional_text(arguments, "path")?.map(arguments::path).transpose()?;
        Ok(Access::Read { path: path.map(|path| path.to_string()).unwrap_or_default() })
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let paths =
            arguments::optional_text(arguments, "path")?.map(arguments::path).transpose()?;
        let repository = Repository::discover(world.root.path())?
            .ok_or_else(|| ToolError::new("the project is under no version control"))?;
        let paths: Vec<_> = paths.into_iter().collect();
        let diff = repository.diff(&paths)?;
        if diff.is_empty() {
            return Ok(Outcome::Text("nothing was changed".to_owned()));
        }
        Ok(Outcome::Text(cut(diff, "ask for one file")))
    }

    fn usual_access(&self) -> Access {
        Access::Read { path: String::new() }
    }
}
