use mlxcode_context::{CodePlace, Definition};
use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolResult, World, arguments, cut};

/// Shows where something is defined.
#[derive(Debug)]
pub struct DefinitionTool(ToolSpec);

impl Default for DefinitionTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "definition".to_owned(),
            description: "Shows where a name is defined.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": "a name, such as Port.open, or PATH:LINE:COLUMN"}
                },
                "required": ["place"]
            }),
        })
    }
}

impl Tool for DefinitionTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        arguments::text(arguments, "place")?;
        Ok(Access::Read { path: String::new() })
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let place = CodePlace::read(arguments::text(arguments, "place")?);
        let found = world.lookup.definition(&place)?;
        if found.is_empty() {
            return Ok(Outcome::Text("it cannot be told; try `search`".to_owned()));
        }
        let line = |one: &Definition| format!("{}:{}  {}\n", one.path, one.lines, one.signature);
        Ok(Outcome::Text(cut(found.iter().map(line).collect(), "name it more exactly")))
    }

    fn usual_access(&self) -> Access {
        Access::Read { path: String::new() }
    }
}
