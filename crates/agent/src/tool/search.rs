use mlxcode_context::{Hit, SearchKind, SearchOptions};
use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolResult, World, arguments, cut};

/// Places that are shown where the model does not say how many.
const HITS: usize = 8;

/// The most places: beyond, a narrower question helps more.
const MOST_HITS: usize = 50;

/// Searches the code.
#[derive(Debug)]
pub struct SearchTool(ToolSpec);

impl Default for SearchTool {
    fn default() -> Self {
        Self(ToolSpec {
            name: "search".to_owned(),
            description: "Finds places in the code: by words and names, or by a text as it stands."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "query": {"type": "string"},
                    "kind": {
                        "type": "string",
                        "enum": ["auto", "text", "regex", "symbol"],
                        "description": "auto: by words and names; text: as it stands; regex: a regular expression; symbol: definitions by name"
                    },
                    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_HITS}
                },
                "required": ["query"]
            }),
        })
    }
}

impl Tool for SearchTool {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        arguments::text(arguments, "query")?;
        Ok(Access::Read { path: String::new() })
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let query = arguments::text(arguments, "query")?;
        let kind = arguments::optional_text(arguments, "kind")?.unwrap_or("auto");
        let limit = arguments::number(arguments, "limit")?.unwrap_or(HITS).clamp(1, MOST_HITS);
        let mut options = SearchOptions::default().kind(match kind {
            "text" | "regex" => SearchKind::Text,
            "symbol" => SearchKind::Symbol,
            _ => SearchKind::Auto,
        });
        options.is_regex = kind == "regex";
        options.limit = limit;
        options.cancel = world.cancel.clone();
        let hits = world.lookup.find(query, &options)?;
        if hits.is_empty() {
            return Ok(Outcome::Text("nothing was found".to_owned()));
        }
        let text = hits.iter().map(told).collect();
        Ok(Outcome::Text(cut(text, "ask for fewer, or more exactly")))
    }

    fn usual_access(&self) -> Access {
        Access::Read { path: String::new() }
    }
}

/// A hit as a model reads it.
fn told(hit: &Hit) -> String {
    let end = if hit.text.ends_with('\n') { "" } else { "\n" };
    format!("{}:{}\n{}{end}\n", hit.path, hit.lines, hit.text)
}
