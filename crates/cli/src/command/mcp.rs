//! `mlx-code mcp`: servers of the Model Context Protocol.

use std::io::Read;

use mlxcode_core::{
    InputError, McpEntry, McpPlan, McpServerState, McpServers, PROJECT_SERVERS, Workspace,
    approve_servers,
};
use serde_json::Value;

use crate::args::Mcp;
use crate::command::{Common, dirs};
use crate::exit::{Outcome, show_broken, written};
use crate::exit_code::{CANCELLED, SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{
    self, McpApprovalOutput, McpCallOutput, McpEntryOutput, McpListOutput, McpStatusOutput,
    McpTestOutput, McpToolRowOutput, McpToolsOutput,
};
use crate::output::{Style, table, visible};

/// How much of the arguments of a call is read.
const MOST_BYTES: u64 = 1 << 20;

/// Runs the verb.
pub fn run(args: Mcp, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let done = match args {
        Mcp::List => list(&workspace, common, host),
        Mcp::Test { server } => test(server.as_deref(), &workspace, common, host),
        Mcp::Tools { server } => tools(server.as_deref(), &workspace, common, host),
        Mcp::Call { tool, arguments } => call(&tool, &arguments, &workspace, common, host),
        Mcp::Approve { server } => approve(true, server.as_deref(), &workspace, common, host),
        Mcp::Revoke { server } => approve(false, server.as_deref(), &workspace, common, host),
    };
    // What was asked for last is to stop.
    if done.is_ok() && host.cancel.is_cancelled() { Ok(CANCELLED) } else { done }
}

fn plan(workspace: &Workspace, host: &Host<'_>) -> Outcome<McpPlan> {
    Ok(McpPlan::read(&dirs(host)?, Some(workspace.root()), workspace.config())?)
}

fn start(
    plan: &McpPlan,
    only: Option<&str>,
    workspace: &Workspace,
    host: &Host<'_>,
) -> Outcome<McpServers> {
    let root = workspace.root();
    let offline = host.hub.offline || workspace.config().offline == Some(true);
    Ok(plan.start(only, root, &host.environment, offline, &host.cancel)?)
}

fn list(workspace: &Workspace, common: &Common, host: &mut Host<'_>) -> Outcome {
    let plan = plan(workspace, host)?;
    if common.json {
        let servers = plan.entries.iter().map(McpEntryOutput::new).collect();
        json::write(host, &McpListOutput { servers, problems: plan.problems })?;
        return Ok(SUCCESS);
    }
    let mut rows = vec![["NAME", "FROM", "STATE", "SERVER"].map(str::to_owned).to_vec()];
    for entry in &plan.entries {
        let output = McpEntryOutput::new(entry);
        rows.push(vec![output.name, output.origin, state(entry).to_owned(), output.target]);
    }
    if plan.entries.is_empty() {
        written(writeln!(host.output, "no server is named here"))?;
    } else {
        table::show(host, &rows, &[])?;
    }
    notes(&plan, host)
}

fn state(entry: &McpEntry) -> &'static str {
    match (entry.server.disabled, entry.is_approved) {
        (true, _) => "disabled",
        (false, true) => "approved",
        (false, false) => "waits",
    }
}

/// What was left out, and what waits for a yes.
fn notes(plan: &McpPlan, host: &mut Host<'_>) -> Outcome {
    for problem in &plan.problems {
        written(writeln!(host.messages, "{}", visible(problem)))?;
    }
    if plan.waits_for_approval() {
        let text = format!(
            "the servers of {PROJECT_SERVERS} wait: look at them, then `mlx-code mcp approve`"
        );
        written(writeln!(host.messages, "{text}"))?;
    }
    Ok(SUCCESS)
}

fn test(
    only: Option<&str>,
    workspace: &Workspace,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let plan = plan(workspace, host)?;
    let servers = start(&plan, only, workspace, host)?.servers();
    let failed = servers.iter().any(|status| status.state == McpServerState::Failed);
    let code = if failed { UNHEALTHY } else { SUCCESS };
    if common.json {
        let servers = servers.iter().map(McpStatusOutput::new).collect();
        json::write(host, &McpTestOutput { servers })?;
        return Ok(code);
    }
    let style = Style::for_output(host);
    for status in servers {
        let name = style.strong(&status.name);
        match status.error {
            Some(error) => show_broken(&status.name, &error.into(), host)?,
            None if status.state == McpServerState::Disabled => {
                written(writeln!(host.output, "{name}  disabled"))?;
            }
            None => {
                let title = visible(status.title.unwrap_or_default());
                let version = visible(status.version.unwrap_or_default());
                let protocol = visible(status.protocol.unwrap_or_default());
                let tools = status.tools;
                written(writeln!(
                    host.output,
                    "{name}  {title} {version}, protocol {protocol}, {tools} tools"
                ))?;
            }
        }
    }
    notes(&plan, host)?;
    Ok(code)
}

fn tools(
    only: Option<&str>,
    workspace: &Workspace,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let plan = plan(workspace, host)?;
    let servers = start(&plan, only, workspace, host)?;
    let tools = servers.tools();
    if common.json {
        let tools = tools.into_iter().map(McpToolRowOutput::new).collect();
        json::write(host, &McpToolsOutput { tools })?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    for tool in &tools {
        let first = tool.description.lines().find(|line| !line.trim().is_empty());
        let name = style.strong(&tool.name);
        let line = format!("{name}  {}", visible(first.unwrap_or_default().trim()));
        written(writeln!(host.output, "{}", line.trim_end()))?;
    }
    if tools.is_empty() {
        written(writeln!(host.output, "no server offers a tool"))?;
    }
    for status in servers.servers() {
        if let Some(error) = status.error {
            show_broken(&status.name, &error.into(), host)?;
        }
    }
    notes(&plan, host)
}

fn call(
    tool: &str,
    arguments: &str,
    workspace: &Workspace,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let arguments = read_arguments(arguments, host)?;
    let plan = plan(workspace, host)?;
    // Where the name tells the server, the others need not be started.
    let mut named =
        plan.entries.iter().filter(|entry| tool.starts_with(&format!("{}__", entry.name)));
    let only = match (named.next(), named.next()) {
        (Some(entry), None) => Some(entry.name.as_str()),
        _ => None,
    };
    let servers = start(&plan, only, workspace, host)?;
    let shows = host.live && !common.json;
    let (cancel, messages) = (host.cancel.clone(), &mut host.messages);
    let output = servers.call(tool, arguments, &cancel, &mut |progress| {
        if shows {
            let of = progress.total.map(|total| format!(" of {total}")).unwrap_or_default();
            let message = visible(progress.message.unwrap_or_default());
            let _ = writeln!(messages, "{}{of} {message}", progress.done);
        }
    })?;
    let code = if output.is_error { UNHEALTHY } else { SUCCESS };
    if common.json {
        json::write(host, &McpCallOutput::new(output))?;
        return Ok(code);
    }
    let text = if host.output_is_shown { visible(&output.text) } else { output.text };
    if output.is_error {
        written(writeln!(host.messages, "{}", visible(&text)))?;
        return Ok(code);
    }
    written(writeln!(host.output, "{text}"))?;
    for image in &output.images {
        written(writeln!(
            host.output,
            "[picture, {}; --json has its bytes]",
            visible(&image.mime_type)
        ))?;
    }
    Ok(code)
}

fn read_arguments(arguments: &str, host: &mut Host<'_>) -> Outcome<Value> {
    let mut read = String::new();
    let text = if arguments == "-" {
        let place = || "the standard input".into();
        let done = host.input.take(MOST_BYTES).read_to_string(&mut read);
        done.map_err(|source| InputError::Unreadable { path: place(), source })?;
        &read
    } else {
        arguments
    };
    let wrong = |error: serde_json::Error| mlxcode_core::McpError::BadArguments {
        tool: "the call".to_owned(),
        reason: error.to_string(),
    };
    Ok(serde_json::from_str(text).map_err(wrong)?)
}

fn approve(
    yes: bool,
    only: Option<&str>,
    workspace: &Workspace,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let dirs = dirs(host)?;
    let Some(changed) = approve_servers(&dirs, workspace.root(), only, yes)? else {
        let path = workspace.root().join(PROJECT_SERVERS);
        let source = std::io::ErrorKind::NotFound.into();
        return Err(InputError::Unreadable { path, source }.into());
    };
    if common.json {
        let (path, servers) = (changed.path.to_string_lossy().into_owned(), changed.names);
        json::write(host, &McpApprovalOutput { path, is_approved: yes, servers })?;
        return Ok(SUCCESS);
    }
    let word = if yes { "approved" } else { "not approved any more" };
    written(writeln!(host.output, "{word}: {}", visible(changed.path.display())))?;
    let plan = plan(workspace, host)?;
    for entry in plan.entries.iter().map(McpEntryOutput::new) {
        if entry.origin == "project" && changed.names.contains(&entry.name) {
            written(writeln!(
                host.output,
                "  {}  {}",
                visible(&entry.name),
                visible(&entry.target)
            ))?;
        }
    }
    Ok(SUCCESS)
}
