//! Servers of tools in a conversation.

use mlxcode_core::{McpServerState, SessionServer};
use mlxcode_terminal::Role;

use super::Next;
use crate::exit::Outcome;
use crate::output::json::McpEntryOutput;
use crate::repl::Repl;

/// `/mcp`
pub(super) fn mcp(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    match rest {
        "" => {}
        "restart" => {
            let workspace = repl.workspace.clone();
            repl.session.renew(&workspace)?;
            repl.say(Role::Faint, "the servers have ended; the next turn with tools starts them")?;
            return Ok(Next::Stay);
        }
        _ => {
            repl.say(Role::Warning, "say /mcp or /mcp restart")?;
            return Ok(Next::Stay);
        }
    }
    let servers = repl.session.servers()?;
    if servers.is_empty() {
        repl.say(Role::Faint, "no server of tools is named here; docs/mcp.md tells how")?;
        return Ok(Next::Stay);
    }
    for server in &servers {
        let entry = McpEntryOutput::new(&server.entry);
        let (role, state) = state(server);
        repl.say(role, &format!("{}  {state}", entry.name))?;
        repl.say(Role::Faint, &format!("  from {}: {}", entry.origin, entry.target))?;
    }
    if servers.iter().any(|server| server.entry.waits()) {
        repl.say(Role::Faint, "/approve shows what waits for your yes")?;
    }
    if !repl.session.has_tools() {
        let text = "this model is given no tools, so none of them is started; see /tools";
        repl.say(Role::Faint, text)?;
    }
    Ok(Next::Stay)
}

fn state(server: &SessionServer) -> (Role, String) {
    if server.entry.server.disabled {
        return (Role::Faint, "disabled".to_owned());
    }
    if !server.entry.is_approved {
        return (Role::Warning, "waits for your yes".to_owned());
    }
    let Some(status) = &server.status else {
        return (Role::Faint, "starts with the first turn that has tools".to_owned());
    };
    match status.state {
        McpServerState::Starting => (Role::Faint, "starts".to_owned()),
        McpServerState::Running => {
            let title = status.title.as_deref().unwrap_or_default();
            let version = status.version.as_deref().unwrap_or_default();
            let about = format!("{title} {version}");
            (Role::Success, format!("runs, {} tools  {}", status.tools, about.trim()))
        }
        McpServerState::Failed => {
            let why = status.error.as_ref().map(ToString::to_string).unwrap_or_default();
            (Role::Error, format!("failed: {why}"))
        }
        _ => (Role::Faint, "ended".to_owned()),
    }
}
