//! Tools that change files. They write nothing themselves: what they are asked
//! for is proposed like the edits of a reply.

use mlxcode_base::TextRange;
use mlxcode_edit::{EditAction, EditBlock, Naming, ParsedItem};
use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolError, ToolResult, World, arguments};

/// Puts a text in place of another.
#[derive(Debug)]
pub struct EditTool(ToolSpec);

/// Writes a file whole.
#[derive(Debug)]
pub struct WriteTool(ToolSpec);

impl Default for EditTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "edit".to_owned(),
            description: "Puts a text in place of another in a file. The old text is copied letter by letter and occurs once."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "from the root of the project"},
                    "old": {"type": "string", "description": "the text as it stands now"},
                    "new": {"type": "string", "description": "the text that takes its place"},
                    "all": {"type": "boolean", "description": "whether every such text is meant"}
                },
                "required": ["path", "old", "new"]
            }),
        })
    }
}

impl Default for WriteTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "write".to_owned(),
            description: "Writes a file whole, a new one or in place of what it holds. `edit` is better for a change."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "from the root of the project"},
                    "content": {"type": "string"}
                },
                "required": ["path", "content"]
            }),
        })
    }
}

impl Tool for EditTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        writes(arguments)
    }

    fn call(&self, arguments: &Value, _: &World<'_>) -> ToolResult<Outcome> {
        let old = arguments::text(arguments, "old")?.to_owned();
        let new = arguments::text(arguments, "new")?.to_owned();
        if old.is_empty() {
            return Err(ToolError::new("`old` is empty; `write` makes a new file"));
        }
        let all = arguments::truth(arguments, "all")?;
        edits(arguments, EditAction::Substitute { old, new, all })
    }

    fn usual_access(&self) -> Access {
        Access::Write { paths: vec!["file".to_owned()] }
    }
}

impl Tool for WriteTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        writes(arguments)
    }

    fn call(&self, arguments: &Value, _: &World<'_>) -> ToolResult<Outcome> {
        let content = arguments::text(arguments, "content")?.to_owned();
        edits(arguments, EditAction::Write { content, naming: Naming::Clear })
    }

    fn usual_access(&self) -> Access {
        Access::Write { paths: vec!["file".to_owned()] }
    }
}

fn writes(arguments: &Value) -> ToolResult<Access> {
    let path = arguments::path(arguments::text(arguments, "path")?)?;
    Ok(Access::Write { paths: vec![path.to_string()] })
}

fn edits(arguments: &Value, action: EditAction) -> ToolResult<Outcome> {
    let path = arguments::path(arguments::text(arguments, "path")?)?.to_string();
    let range = TextRange::new(0, 0);
    let edit = EditBlock { path, action, executable: None, range, line: 1 };
    Ok(Outcome::Edits(vec![ParsedItem::Edit(edit)]))
}
