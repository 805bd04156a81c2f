use std::collections::BTreeMap;

use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolError, ToolResult, World, arguments, cut};

/// Lists the files of a folder.
#[derive(Debug)]
pub struct ListTool(ToolSpec);

impl Default for ListTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "list".to_owned(),
            description:
                "Lists what a folder of the project holds; of the folders in it, how many files."
                    .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "the folder; the root if left out"},
                    "all": {"type": "boolean", "description": "whether to list what is further down too"}
                }
            }),
        })
    }
}

impl Tool for ListTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        let folder = arguments::folder(arguments::optional_text(arguments, "path")?)?;
        Ok(Access::Read { path: folder.map(|folder| folder.to_string()).unwrap_or_default() })
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let folder = arguments::folder(arguments::optional_text(arguments, "path")?)?;
        let all = arguments::truth(arguments, "all")?;
        let files = world.lookup.files(folder.as_ref())?;
        if files.is_empty() {
            let what = folder.map_or_else(|| "the project".to_owned(), |folder| folder.to_string());
            return Err(ToolError::new(format!("{what} holds no file of code or text")));
        }
        let depth = folder.as_ref().map_or(0, |folder| folder.parts().count());
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        for file in &files {
            let mut parts = file.parts().skip(depth);
            let first = parts.next().unwrap_or_default();
            let line = match (all, parts.next()) {
                (true, _) => file.to_string(),
                (false, None) => first.to_owned(),
                (false, Some(_)) => format!("{first}/"),
            };
            *lines.entry(line).or_default() += 1;
        }
        let line = |(name, count): (&String, &usize)| {
            if name.ends_with('/') {
                format!("{name} ({count} files)\n")
            } else {
                format!("{name}\n")
            }
        };
        let text = lines.iter().map(line).collect();
        Ok(Outcome::Text(cut(text, "list a folder further down")))
    }

    fn usual_access(&self) -> Access {
        Access::Read { path: String::new() }
    }
}
