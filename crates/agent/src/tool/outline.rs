use mlxcode_context::OutlineItem;
use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolResult, World, arguments, cut};

/// Shows what a file defines.
#[derive(Debug)]
pub struct OutlineTool(ToolSpec);

impl Default for OutlineTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "symbols".to_owned(),
            description: "Lists what a file defines: heads of functions, types and members, with their lines."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "from the root of the project"}
                },
                "required": ["path"]
            }),
        })
    }
}

impl Tool for OutlineTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        let path = arguments::path(arguments::text(arguments, "path")?)?;
        Ok(Access::Read { path: path.to_string() })
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let path = arguments::path(arguments::text(arguments, "path")?)?;
        let items = world.lookup.outline(&path)?;
        if items.is_empty() {
            return Ok(Outcome::Text(format!("{path} defines nothing that is known")));
        }
        let mut text = String::new();
        for item in &items {
            draw(item, 0, &mut text);
        }
        Ok(Outcome::Text(cut(text, "`read` shows the file")))
    }

    fn usual_access(&self) -> Access {
        Access::Read { path: String::new() }
    }
}

fn draw(item: &OutlineItem, depth: usize, text: &mut String) {
    let symbol = &item.symbol;
    text.push_str(&format!("{}{} {}\n", "  ".repeat(depth), symbol.lines, symbol.signature));
    for child in &item.children {
        draw(child, depth + 1, text);
    }
}
