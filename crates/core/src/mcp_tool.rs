//! Tools of servers, as tools of a session.

use std::sync::Arc;

use mlxcode_agent::{Access, MOST_TOLD_BYTES, Outcome, Tool, ToolError, ToolResult, World};
use mlxcode_mcp::McpServers;
use mlxcode_models::ToolSpec;
use serde_json::Value;

/// The tools of all servers that run, for a session's
/// [`ToolBox`](mlxcode_agent::ToolBox). Each asks for
/// [`Access::Mcp`], whatever its server says of itself.
pub fn mcp_tools(servers: &Arc<McpServers>) -> Vec<Arc<dyn Tool>> {
    let tools = servers.tools().into_iter().map(|tool| {
        let spec = ToolSpec {
            name: tool.name,
            description: tool.description,
            parameters: tool.input_schema,
        };
        let servers = Arc::clone(servers);
        Arc::new(ServerTool { spec, server: tool.server, tool: tool.own_name, servers })
            as Arc<dyn Tool>
    });
    tools.collect()
}

struct ServerTool {
    spec: ToolSpec,
    server: String,
    tool: String,
    servers: Arc<McpServers>,
}

impl Tool for ServerTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn access(&self, _arguments: &Value) -> ToolResult<Access> {
        Ok(Access::Mcp { server: self.server.clone(), tool: self.tool.clone() })
    }

    fn usual_access(&self) -> Access {
        Access::Mcp { server: self.server.clone(), tool: self.tool.clone() }
    }

    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome> {
        let output =
            self.servers.call(&self.spec.name, arguments.clone(), world.cancel, &mut |_| {})?;
        let mut text = output.text;
        for image in &output.images {
            text.push_str(&format!("\n[picture, {}]", image.mime_type));
        }
        let left = text.len().saturating_sub(MOST_TOLD_BYTES);
        if left > 0 {
            text.truncate(text.floor_char_boundary(MOST_TOLD_BYTES));
            text.push_str(&format!("… {left} more bytes; ask for less"));
        }
        if output.is_error { Err(ToolError::new(text)) } else { Ok(Outcome::Text(text)) }
    }
}
