//! What a yes means for the rest of a session.

use super::permissions::Permissions;
use super::reader::is_harmless;
use super::ruling::{Answer, DecidedBy, Grant};
use super::shell::SimpleCommand;
use super::wrapper::{commands, system_name};
use crate::session::Mode;
use crate::tool::Access;

/// Programs whose first argument says what they do, so that it belongs to what
/// is granted; and those of which the second does too.
const WITH_VERB: [&str; 22] = [
    "git",
    "cargo",
    "go",
    "docker",
    "podman",
    "kubectl",
    "pip",
    "pip3",
    "uv",
    "poetry",
    "dotnet",
    "gradle",
    "./gradlew",
    "mvn",
    "make",
    "just",
    "rake",
    "bundle",
    "composer",
    "mix",
    "gh",
    "deno",
];
const WITH_SCRIPT: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];

impl Permissions {
    /// What a yes to something means for the rest of the session: for each
    /// command of a line that would be asked for, its program and verb, or all
    /// of it where the program's name says too little.
    pub fn offered(&self, mode: Mode, tool: &str, access: &Access) -> Vec<Grant> {
        match access {
            Access::Read { path } => vec![Grant::Path { path: path.clone(), writes: false }],
            Access::Write { paths } => {
                paths.iter().map(|path| Grant::Path { path: path.clone(), writes: true }).collect()
            }
            Access::Mcp { server, tool } => vec![Grant::Tool { name: format!("{server}/{tool}") }],
            Access::Run { command: line } => {
                let whole = || vec![Grant::Line { line: line.clone() }];
                let Ok(found) = commands(line) else { return whole() };
                let asked = found.iter().filter_map(|command| {
                    let ruling = self.command(mode, tool, command, false);
                    (ruling.answer == Answer::Ask).then(|| match ruling.by {
                        // The program's verb says nothing of the files.
                        DecidedBy::Outside | DecidedBy::Unsure => None,
                        _ => prefix(command),
                    })
                });
                let prefixes: Option<Vec<Grant>> = asked.collect();
                prefixes
                    .filter(|grants| self.is_confined && !grants.is_empty())
                    .unwrap_or_else(whole)
            }
            Access::Other => Vec::new(),
        }
    }
}

/// The words of a command whose like is granted; nothing where that is not
/// clear.
fn prefix(command: &SimpleCommand) -> Option<Grant> {
    let is_plain = command.assignments.iter().all(|(name, _)| is_harmless(name))
        && command.redirects.is_empty()
        && !command.is_open;
    let program = command.words.first().filter(|_| is_plain)?;
    let length = match system_name(program).unwrap_or(program) {
        name if WITH_SCRIPT.contains(&name)
            && command.words.get(1).is_some_and(|verb| verb == "run") =>
        {
            3
        }
        name if WITH_SCRIPT.contains(&name) || WITH_VERB.contains(&name) => 2,
        _ => return None,
    };
    let words = command.words.get(..length)?;
    let is_verb = words[1..].iter().all(|word| !word.starts_with('-'));
    is_verb.then(|| Grant::Prefix { words: words.to_vec() })
}
