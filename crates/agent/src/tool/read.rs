use std::fs::File;
use std::io::Read as _;

use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolError, ToolResult, World, arguments, cut};

/// Larger files are not read: no model has room for them, and a part of one is
/// asked for by its lines.
const MOST_FILE_BYTES: u64 = 16 << 20;

/// Reads lines of a file.
#[derive(Debug)]
pub struct ReadTool(ToolSpec);

impl Default for ReadTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "read".to_owned(),
            description: "Shows a file of the project, or some of its lines, as they are."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "from the root of the project"},
                    "first_line": {"type": "integer", "minimum": 1},
                    "last_line": {"type": "integer", "minimum": 1}
                },
                "required": ["path"]
            }),
        })
    }
}

impl Tool for ReadTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        let path = arguments::path(arguments::text(arguments, "path")?)?;
        Ok(Access::Read { path: path.to_string() })
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let path = arguments::path(arguments::text(arguments, "path")?)?;
        let place = world.root.resolve(&path)?;
        let lost = |error: std::io::Error| ToolError::new(format!("cannot read {path}: {error}"));
        let file = File::open(&place).map_err(lost)?;
        if !file.metadata().map_err(lost)?.is_file() {
            return Err(ToolError::new(format!("{path} is no file; `list` shows folders")));
        }
        let mut bytes = Vec::new();
        file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(lost)?;
        if bytes.len() as u64 > MOST_FILE_BYTES {
            return Err(ToolError::new(format!("{path} is larger than {MOST_FILE_BYTES} bytes")));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| ToolError::new(format!("{path} is no UTF-8 text")))?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let first = arguments::number(arguments, "first_line")?.unwrap_or(1).max(1);
        let last =
            arguments::number(arguments, "last_line")?.unwrap_or(lines.len()).min(lines.len());
        if first > last && !lines.is_empty() {
            return Err(ToolError::new(format!("{path} has {} lines", lines.len())));
        }
        let shown = lines.get(first - 1..last).unwrap_or_default().concat();
        let shown = cut(shown, "ask for them by `first_line` and `last_line`");
        Ok(Outcome::Text(format!("{path}:{first}-{last} of {} lines\n{shown}", lines.len())))
    }

    fn usual_access(&self) -> Access {
        Access::Read { path: String::new() }
    }
}
