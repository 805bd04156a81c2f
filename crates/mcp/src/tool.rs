use std::collections::HashSet;

use rmcp::model::{ClientRequest, ListToolsRequest, PaginatedRequestParams, ServerResult};
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::call::Limits;
use crate::connection::Connection;
use crate::error::{Error, Result};

/// How many pages of a list are read, and how many entries. One that has more
/// does not end.
pub(crate) const MOST_PAGES: usize = 100;
pub(crate) const MOST_ENTRIES: usize = 2_000;

/// How much a tool may say of itself: its description and its schema go into
/// each prompt.
const MOST_DESCRIPTION_BYTES: usize = 16 << 10;
const MOST_SCHEMA_BYTES: usize = 128 << 10;

/// A tool that a server offers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tool {
    /// The name that it is called by: `server__tool`, of letters, digits, `_`
    /// and `-`, 64 at most, and no other tool's.
    pub name: String,
    /// The server.
    pub server: String,
    /// The server's own name for it.
    pub own_name: String,
    /// A title for people.
    pub title: Option<String>,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub input_schema: Value,
    /// The JSON Schema of its structured result, where there is one.
    pub output_schema: Option<Value>,
    /// What the server says of its effects.
    pub hints: ToolHints,
}

/// What a server says of a tool's effects. It may be wrong or a lie: a hint
/// alone must never be the reason why nobody is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ToolHints {
    /// It changes nothing.
    pub read_only: Option<bool>,
    /// It may destroy something.
    pub destructive: Option<bool>,
    /// Doing it twice is as doing it once.
    pub idempotent: Option<bool>,
    /// It deals with the world outside, such as the web.
    pub open_world: Option<bool>,
}

/// A tool without the name that depends on other servers.
pub(crate) type Listed = Tool;

/// Asks for all tools.
pub(crate) async fn list(
    connection: &Connection,
    allowed: Option<&[String]>,
    limits: Limits,
    stop: &CancellationToken,
) -> Result<Vec<Listed>> {
    if connection.info().is_some_and(|info| info.capabilities.tools.is_none()) {
        return Ok(Vec::new());
    }
    let mut tools = Vec::new();
    let mut seen = HashSet::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor.take());
        let request = ClientRequest::ListToolsRequest(ListToolsRequest {
            params: Some(params),
            ..ListToolsRequest::default()
        });
        let (page, next) =
            match connection.ask("tools/list", request, limits, stop, &|_| {}).await? {
                ServerResult::ListToolsResult(page) => {
                    let tools = page
                        .tools
                        .into_iter()
                        .map(|tool| serde_json::to_value(tool).unwrap_or_default());
                    (tools.collect(), page.next_cursor)
                }
                // One tool that is not as it should be makes the whole list
                // unreadable to rmcp. The others are sound.
                ServerResult::CustomResult(custom) => loose_page(custom.0, connection)?,
                _ => return Err(unreadable(connection)),
            };
        for tool in page {
            let Some(tool) = listed(&connection.server, &tool) else {
                note(connection, "a tool of the list cannot be read and is left out");
                continue;
            };
            if allowed.is_some_and(|allowed| !allowed.contains(&tool.own_name)) {
                continue;
            }
            if !seen.insert(tool.own_name.clone()) {
                note(connection, &format!("the tool `{}` is listed twice", tool.own_name));
                continue;
            }
            tools.push(tool);
        }
        match next {
            Some(next) if tools.len() < MOST_ENTRIES => cursor = Some(next),
            _ => break,
        }
    }
    if tools.len() > MOST_ENTRIES {
        note(connection, &format!("only {MOST_ENTRIES} of its tools are taken"));
        tools.truncate(MOST_ENTRIES);
    }
    Ok(tools)
}

fn loose_page(page: Value, connection: &Connection) -> Result<(Vec<Value>, Option<String>)> {
    let Value::Object(mut page) = page else { return Err(unreadable(connection)) };
    let Some(Value::Array(tools)) = page.remove("tools") else {
        return Err(unreadable(connection));
    };
    let next = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
    Ok((tools, next))
}

fn unreadable(connection: &Connection) -> Error {
    Error::BadAnswer {
        server: connection.server.clone(),
        what: "tools/list".to_owned(),
        reason: "it is no list of tools".to_owned(),
    }
}

fn note(connection: &Connection, text: &str) {
    connection.heard.record.log("warning", Some("mlx-code".to_owned()), text);
}

/// Reads one entry of the list.
fn listed(server: &str, tool: &Value) -> Option<Listed> {
    let own_name = tool.get("name")?.as_str()?.to_owned();
    let input_schema = tool.get("inputSchema").filter(|schema| schema.is_object())?.clone();
    if own_name.is_empty() || input_schema.to_string().len() > MOST_SCHEMA_BYTES {
        return None;
    }
    let text = |name: &str| tool.get(name).and_then(Value::as_str).map(str::to_owned);
    let hint = |name: &str| tool.get("annotations")?.get(name)?.as_bool();
    let mut description = text("description").unwrap_or_default();
    if description.len() > MOST_DESCRIPTION_BYTES {
        description.truncate(description.floor_char_boundary(MOST_DESCRIPTION_BYTES));
        description.push('…');
    }
    Some(Tool {
        name: String::new(),
        server: server.to_owned(),
        own_name,
        title: text("title")
            .or_else(|| tool.get("annotations")?.get("title")?.as_str().map(str::to_owned)),
        description,
        input_schema,
        output_schema: tool.get("outputSchema").filter(|schema| schema.is_object()).cloned(),
        hints: ToolHints {
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
            idempotent: hint("idempotentHint"),
            open_world: hint("openWorldHint"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_tool_is_left_out() {
        for bad in [
            json!({}),
            json!({"name": "a"}),
            json!({"name": "", "inputSchema": {}}),
            json!({"name": 3, "inputSchema": {}}),
            json!({"name": "a", "inputSchema": true}),
            json!({"name": "a", "inputSchema": {"description": "x".repeat(MOST_SCHEMA_BYTES)}}),
            json!([]),
        ] {
            assert_eq!(listed("s", &bad), None, "{bad}");
        }
    }

    #[test]
    fn hints_and_titles_are_read() {
        let tool = json!({
            "name": "a", "inputSchema": {"type": "object"}, "description": "ü".repeat(9_000),
            "annotations": {"title": "A", "readOnlyHint": true, "destructiveHint": "no"},
        });
        let tool = listed("s", &tool).unwrap();
        assert_eq!(tool.title.as_deref(), Some("A"));
        assert_eq!((tool.hints.read_only, tool.hints.destructive), (Some(true), None));
        assert!(tool.description.len() <= MOST_DESCRIPTION_BYTES + '…'.len_utf8());
    }
}
