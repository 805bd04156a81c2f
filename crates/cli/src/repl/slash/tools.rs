//! What the model can do, and what of it is allowed.

use mlxcode_core::{OfferedTool, ToolsWhen, Verdict};
use mlxcode_terminal::{Role, shortened};

use super::Next;
use crate::exit::Outcome;
use crate::repl::Repl;

/// `/tools`
pub(super) fn tools(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    if let Some(when) = ToolsWhen::ALL.into_iter().find(|when| when.as_str() == rest) {
        repl.session.set_tools(when)?;
        repl.tools = Some(when);
        let text = given(repl);
        repl.say(Role::Faint, &text)?;
        return Ok(Next::Stay);
    }
    if !rest.is_empty() {
        repl.say(Role::Warning, "say /tools, or /tools auto, on or off")?;
        return Ok(Next::Stay);
    }
    let text = given(repl);
    repl.say(Role::Strong, &text)?;
    let tools = repl.session.tools()?;
    let name = tools.iter().map(|tool| tool.name.chars().count()).max().unwrap_or(0);
    let columns = repl.screen.columns();
    for tool in &tools {
        let (role, word, why) = verdict(tool);
        let what = tool.description.lines().map(str::trim).find(|line| !line.is_empty());
        let server = tool.server.as_ref().map(|one| format!("[{one}] ")).unwrap_or_default();
        let text =
            format!("{:name$}  {word:8}  {server}{}{why}", tool.name, what.unwrap_or_default());
        repl.say(role, &shortened(&text, columns))?;
    }
    Ok(Next::Stay)
}

/// Whether the model is given tools, and why not.
fn given(repl: &Repl<'_, '_>) -> String {
    let info = repl.model.info();
    let name = &info.name;
    if repl.session.has_tools() {
        return format!("{name} is given these tools:");
    }
    let why = match (info.tools, info.good_at_tools) {
        (false, _) => "it cannot be told of them",
        (true, Some(true)) => "they are switched off",
        (true, Some(false)) => "it does better without; /tools on gives it them",
        (true, None) => "nobody knows whether it calls them well; /tools on gives it them",
    };
    format!("{name} is given no tools: {why}. Its changes are blocks of edits")
}

fn verdict(tool: &OfferedTool) -> (Role, &'static str, String) {
    match &tool.verdict {
        Verdict::Allow { .. } => (Role::Emphasis, "allowed", String::new()),
        Verdict::Ask { why } => (Role::Emphasis, "asks", format!(" ({why})")),
        Verdict::Deny { why } => (Role::Faint, "denied", format!(" ({why})")),
        _ => (Role::Emphasis, "", String::new()),
    }
}
