//! What `plugins …` and `mcp …` print.

use mlxcode_core::{
    McpEntry, McpOrigin, McpServerState, McpServerStatus, McpTool, McpToolImage, McpToolOutput,
    McpTransport, Plugin, PluginScope, PluginStanding, PluginStatus,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{ErrorBody, ErrorOutput};

/// `plugins list --json`.
#[derive(Serialize, JsonSchema)]
pub struct PluginListOutput {
    /// The plugins, the user's first.
    pub plugins: Vec<PluginRowOutput>,
}

/// One plugin of a list.
#[derive(Serialize, JsonSchema)]
pub struct PluginRowOutput {
    /// Its name.
    pub name: String,
    /// Whose it is: `user` or `project`.
    pub scope: &'static str,
    /// `enabled`, `disabled`, `changed` since it was enabled, or `broken`.
    pub standing: &'static str,
    /// Its version.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its folder.
    pub folder: String,
}

/// `plugins show --json`, and `enable`, `disable`, `add` and `remove`.
#[derive(Serialize, JsonSchema)]
pub struct PluginOutput {
    /// What it is.
    #[serde(flatten)]
    pub row: PluginRowOutput,
    /// What a model can read when it needs it.
    pub skills: Vec<NamedOutput>,
    /// What the user can ask by name.
    pub commands: Vec<NamedOutput>,
    /// Roles for sub-tasks.
    pub roles: Vec<NamedOutput>,
    /// Programs that hear what happens.
    pub hooks: Vec<HookOutput>,
    /// Names of its model adapters.
    pub adapters: Vec<String>,
    /// Whether it brings servers of tools.
    pub has_servers: bool,
    /// What is wrong and was left out.
    pub problems: Vec<PluginProblemOutput>,
}

/// A name and what it stands for.
#[derive(Serialize, JsonSchema)]
pub struct NamedOutput {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// A program that hears what happens.
#[derive(Serialize, JsonSchema)]
pub struct HookOutput {
    /// What it hears of, such as `PreToolUse`.
    pub event: &'static str,
    /// The tools that it hears of; all where empty.
    pub matcher: String,
    /// The program.
    pub command: String,
}

/// Something that is wrong with a plugin.
#[derive(Serialize, JsonSchema)]
pub struct PluginProblemOutput {
    /// The file.
    pub path: String,
    /// The line.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl PluginRowOutput {
    /// Of what is known of a plugin.
    pub fn new(status: &PluginStatus) -> Self {
        let plugin = status.plugin.as_ref().ok();
        Self {
            name: status.name.clone(),
            scope: if status.scope == PluginScope::User { "user" } else { "project" },
            standing: standing_word(status.standing),
            version: plugin.and_then(|plugin| plugin.version.clone()),
            description: plugin.and_then(|plugin| plugin.description.clone()),
            folder: status.folder.to_string_lossy().into_owned(),
        }
    }
}

impl PluginOutput {
    /// Of a plugin and what is known of it.
    pub fn new(row: PluginRowOutput, plugin: &Plugin) -> Self {
        let named = |name: &str, description: &str| NamedOutput {
            name: name.to_owned(),
            description: description.to_owned(),
        };
        Self {
            row,
            skills: plugin.skills.iter().map(|one| named(&one.name, &one.description)).collect(),
            commands: plugin
                .commands
                .iter()
                .map(|one| named(&one.name, &one.description))
                .collect(),
            roles: plugin.roles.iter().map(|one| named(&one.name, &one.description)).collect(),
            hooks: plugin
                .hooks
                .iter()
                .map(|rule| HookOutput {
                    event: rule.event.name(),
                    matcher: rule.matcher.clone(),
                    command: rule.command.join(" "),
                })
                .collect(),
            adapters: plugin.adapters.iter().map(|adapter| adapter.name.clone()).collect(),
            has_servers: plugin.servers.is_some(),
            problems: plugin
                .problems
                .iter()
                .map(|problem| PluginProblemOutput {
                    path: problem.path.to_string_lossy().into_owned(),
                    line: problem.line,
                    message: problem.text.clone(),
                })
                .collect(),
        }
    }
}

/// The word for whether a plugin takes part.
pub fn standing_word(standing: PluginStanding) -> &'static str {
    match standing {
        PluginStanding::Enabled => "enabled",
        PluginStanding::Changed => "changed",
        PluginStanding::Broken => "broken",
        _ => "disabled",
    }
}

/// `mcp list --json`.
#[derive(Serialize, JsonSchema)]
pub struct McpListOutput {
    /// The servers, by name.
    pub servers: Vec<McpEntryOutput>,
    /// What was left out, and why.
    pub problems: Vec<String>,
}

/// A server that somebody named.
#[derive(Serialize, JsonSchema)]
pub struct McpEntryOutput {
    /// Its name.
    pub name: String,
    /// Who named it: `user`, `project`, or `plugin NAME`.
    pub origin: String,
    /// `stdio` or `http`; `null` where it cannot be told.
    pub transport: Option<&'static str>,
    /// The program with its arguments, or the address, as written.
    pub target: String,
    /// Whether it may be started.
    pub is_approved: bool,
    /// Whether its configuration switches it off.
    pub is_disabled: bool,
}

impl McpEntryOutput {
    /// Of a server that somebody named.
    pub fn new(entry: &McpEntry) -> Self {
        Self {
            name: entry.name.clone(),
            origin: match &entry.origin {
                McpOrigin::User => "user".to_owned(),
                McpOrigin::Plugin(name) => format!("plugin {name}"),
                _ => "project".to_owned(),
            },
            transport: entry.server.kind().map(transport_word),
            target: entry.server.summary(),
            is_approved: entry.is_approved,
            is_disabled: entry.server.disabled,
        }
    }
}

fn transport_word(kind: McpTransport) -> &'static str {
    match kind {
        McpTransport::Stdio => "stdio",
        McpTransport::Sse => "sse",
        _ => "http",
    }
}

/// `mcp test --json`.
#[derive(Serialize, JsonSchema)]
pub struct McpTestOutput {
    /// The servers that were started.
    pub servers: Vec<McpStatusOutput>,
}

/// A server that was started.
#[derive(Serialize, JsonSchema)]
pub struct McpStatusOutput {
    /// Its name.
    pub name: String,
    /// `starting`, `running`, `failed`, `disabled` or `ended`.
    pub state: &'static str,
    /// What it calls itself.
    pub title: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The revision of the protocol that is spoken.
    pub protocol: Option<String>,
    /// How many tools it offers.
    pub tools: usize,
    /// Why it failed.
    pub error: Option<ErrorBody>,
}

impl McpStatusOutput {
    /// Of what is known of a server.
    pub fn new(status: &McpServerStatus) -> Self {
        Self {
            name: status.name.clone(),
            state: match status.state {
                McpServerState::Starting => "starting",
                McpServerState::Running => "running",
                McpServerState::Failed => "failed",
                McpServerState::Disabled => "disabled",
                _ => "ended",
            },
            title: status.title.clone(),
            version: status.version.clone(),
            protocol: status.protocol.clone(),
            tools: status.tools,
            error: status.error.clone().map(|error| ErrorOutput::new(&error.into()).error),
        }
    }
}

/// `mcp tools --json`.
#[derive(Serialize, JsonSchema)]
pub struct McpToolsOutput {
    /// The tools of the servers that run.
    pub tools: Vec<McpToolRowOutput>,
}

/// A tool.
#[derive(Serialize, JsonSchema)]
pub struct McpToolRowOutput {
    /// The name that it is called by.
    pub name: String,
    /// The server.
    pub server: String,
    /// The server's own name for it.
    pub own_name: String,
    /// What it does.
    pub description: String,
    /// Whether the server says that it changes nothing.
    pub read_only: Option<bool>,
    /// The JSON Schema of its arguments.
    pub input_schema: Value,
}

impl McpToolRowOutput {
    /// Of a tool.
    pub fn new(tool: McpTool) -> Self {
        Self {
            name: tool.name,
            server: tool.server,
            own_name: tool.own_name,
            description: tool.description,
            read_only: tool.hints.read_only,
            input_schema: tool.input_schema,
        }
    }
}

/// `mcp call --json`.
#[derive(Serialize, JsonSchema)]
pub struct McpCallOutput {
    /// What the tool says.
    pub text: String,
    /// The same as data, where the tool gives data.
    pub structured: Option<Value>,
    /// Pictures.
    pub images: Vec<McpImageOutput>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// How many bytes of text were left out.
    pub omitted_bytes: usize,
}

/// A picture.
#[derive(Serialize, JsonSchema)]
pub struct McpImageOutput {
    /// Its media type.
    pub mime_type: String,
    /// Its bytes as base64.
    pub base64: String,
}

impl McpCallOutput {
    /// Of what a tool gave back.
    pub fn new(output: McpToolOutput) -> Self {
        let image = |image: McpToolImage| McpImageOutput {
            mime_type: image.mime_type,
            base64: image.base64,
        };
        Self {
            text: output.text,
            structured: output.structured,
            images: output.images.into_iter().map(image).collect(),
            is_error: output.is_error,
            omitted_bytes: output.omitted_bytes,
        }
    }
}

/// `mcp approve --json` and `mcp revoke --json`.
#[derive(Serialize, JsonSchema)]
pub struct McpApprovalOutput {
    /// The project's file of servers.
    pub path: String,
    /// Whether these servers of it may be started.
    pub is_approved: bool,
    /// The servers that are meant: all that it names, or one.
    pub servers: Vec<String>,
}
