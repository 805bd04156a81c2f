//! Slash commands.

mod approve;
mod change;
mod commit;
mod compose;
mod file;
mod mcp;
mod model;
mod named;
mod resume;
mod review;
mod sending;
mod skill;
mod talk;
mod theme;
mod tools;

use mlxcode_core::nearest;
use mlxcode_terminal::Role;

use super::Repl;
use crate::exit::Outcome;

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Stay,
    Leave,
}

/// A command of the conversation.
pub(super) struct SlashCommand {
    pub name: &'static str,
    /// What follows the name, as help shows it.
    pub arguments: &'static str,
    pub help: &'static str,
    run: fn(&mut Repl<'_, '_>, &str) -> Outcome<Next>,
}

/// All of them, as help lists them.
pub(super) const COMMANDS: &[SlashCommand] = &[
    command("help", "", "show what there is", talk::help),
    command("files", "[FILE…]", "show files whole to the model, or list them", file::files),
    command("drop", "[FILE…]", "show files no longer, or none of them", file::drop),
    command("context", "", "show what of the code the model is shown", file::context),
    command("plan", "TEXT", "ask for a plan first; nothing changes until you agree", talk::plan),
    command("mode", "[MODE]", "show or set how much may be done without asking", talk::mode),
    command("diff", "", "show the change that was proposed last", change::diff),
    command("undo", "", "take back the last change", change::undo),
    command("redo", "", "apply again what was taken back", change::redo),
    command("commit", "[HINT]", "commit what is staged, with a message for it", commit::commit),
    command("review", "[FILE…|RANGE]", "look for what is wrong with what changed", review::review),
    command("edit", "[TEXT]", "write an input in the editor", compose::edit),
    command("model", "[NAME]", "choose the model, or go on with another", model::model),
    command("thinking", "[on|off]", "show or hide what the model thinks", talk::thinking),
    command("compact", "", "make the conversation shorter", talk::compact),
    command("clear", "", "forget what was said; pinned files stay", talk::clear),
    command("tools", "[WHEN]", "show what the model can do, or set: auto, on, off", tools::tools),
    command("skill", "[NAME [TEXT]]", "show the model a skill, or list them", skill::skill),
    command("mcp", "[restart]", "show the servers of tools", mcp::mcp),
    command(
        "approve",
        "[NAME…]",
        "look at what the project brings, and allow it",
        approve::approve,
    ),
    command("resume", "[SESSION]", "go on with an earlier conversation", resume::resume),
    command("fork", "[NAME]", "go on in a copy of this conversation", resume::fork),
    command("rename", "NAME", "give this conversation a name", resume::rename),
    command("stats", "", "show what the conversation took", talk::stats),
    command("export", "[FILE]", "write the conversation to a file, .md or .json", file::export),
    command("theme", "[THEME]", "show the colours, or set them", theme::theme),
    command("config", "", "show the configuration", talk::config),
    command("quit", "", "leave", talk::quit),
];

const fn command(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&mut Repl<'_, '_>, &str) -> Outcome<Next>,
) -> SlashCommand {
    SlashCommand { name, arguments, help, run }
}

/// The command that an input is, and what follows it. A path is none.
pub(super) fn parse(text: &str) -> Option<(&str, &str)> {
    let command = text.strip_prefix('/')?;
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_?:".contains(&byte));
    is_name.then_some((name, rest.trim()))
}

/// The names that no other command can have.
pub(super) fn reserved() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|command| command.name).chain(OTHER_NAMES)
}

/// Other names of commands.
const OTHER_NAMES: [&str; 4] = ["exit", "q", "?", "pin"];

/// Runs a command.
pub(super) fn run(repl: &mut Repl<'_, '_>, name: &str, rest: &str) -> Outcome<Next> {
    let name = match name {
        "exit" | "q" => "quit",
        "?" | "" => "help",
        "pin" => "files",
        name => name,
    };
    if let Some(command) = COMMANDS.iter().find(|command| command.name == name) {
        return (command.run)(repl, rest);
    }
    if let Some(next) = named::run(repl, name, rest)? {
        return Ok(next);
    }
    let own = repl.commands.commands.iter().map(|command| command.name.clone());
    let names = COMMANDS.iter().map(|command| command.name.to_owned()).chain(own);
    let hint = match nearest(name, names, 1).first() {
        Some(nearest) => format!("did you mean /{nearest}?"),
        None => "/help shows what there is".to_owned(),
    };
    repl.say(Role::Warning, &format!("there is no /{name}; {hint}"))?;
    Ok(Next::Stay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_with_a_slash_may_be_a_command() {
        for (text, expect) in [
            ("/help", Some(("help", ""))),
            ("/model  qwen coder ", Some(("model", "qwen coder"))),
            ("/plan a\nb", Some(("plan", "a\nb"))),
            ("/usr/bin/env is what?", None),
            ("a /help", None),
            ("//", None),
        ] {
            assert_eq!(parse(text), expect, "{text:?}");
        }
    }
}
