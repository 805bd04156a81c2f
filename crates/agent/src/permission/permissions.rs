use std::sync::{Mutex, PoisonError};

use super::config::PermissionConfig;
use super::reader::{is_harmless, only_reads};
use super::ruling::{Answer, DecidedBy, Grant, RuleSource, Ruling};
use super::rules::{PermissionError, Rule, rules};
use super::shell::SimpleCommand;
use super::wrapper::{commands, system_name};
use crate::session::{Mode, Policy, Verdict};
use crate::tool::Access;

/// Places whose change is asked for in every mode: they decide what git and
/// this program do next.
const GUARDED: [&str; 2] = [".git", ".mlx-code"];

/// Programs whose first argument says what they do, so that it belongs to what
/// is granted; and those of which the second does too.
const WITH_VERB: [&str; 22] = [
    "git", "cargo", "go", "docker", "podman", "kubectl", "pip", "pip3", "uv", "poetry", "dotnet",
    "gradle", "./gradlew", "mvn", "make", "just", "rake", "bundle", "composer", "mix", "gh", "deno",
];
const WITH_SCRIPT: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];

/// Decides what a session may do.
///
/// ```
/// use mlxcode_agent::permission::{Answer, PermissionConfig, PermissionRule, Permissions};
/// use mlxcode_agent::{Access, Mode};
///
/// let mut user = PermissionConfig::default();
/// user.allow.push(PermissionRule::command("cargo test"));
/// let permissions = Permissions::new(&user, None, true)?;
/// let run = |line: &str| {
///     let access = Access::Run { command: line.to_owned() };
///     permissions.decide(Mode::Ask, "run", &access).answer
/// };
/// assert_eq!(run("cargo test --lib | tail -n 3"), Answer::Allow);
/// assert_eq!(run("cargo test; rm -rf target"), Answer::Ask);
/// # Ok::<(), mlxcode_agent::permission::PermissionError>(())
/// ```
#[derive(Debug)]
pub struct Permissions {
    rules: Vec<Rule>,
    /// The user's mode, where one is configured.
    mode: Option<Mode>,
    /// The most that the project lets a session do.
    ceiling: Option<Mode>,
    /// Whether commands are confined on this machine.
    is_confined: bool,
    grants: Mutex<Vec<Grant>>,
}

impl Permissions {
    /// The rules of the user and, on top, of the project. `is_confined` tells
    /// whether commands run in a sandbox; without one each is asked for.
    pub fn new(
        user: &PermissionConfig,
        project: Option<&PermissionConfig>,
        is_confined: bool,
    ) -> Result<Self, PermissionError> {
        let mut all = rules(user, RuleSource::User)?;
        if let Some(project) = project {
            all.extend(rules(project, RuleSource::Project)?);
        }
        let ceiling = project.and_then(|project| project.mode);
        Ok(Self { rules: all, mode: user.mode, ceiling, is_confined, grants: Mutex::default() })
    }

    /// The mode that a session begins in.
    pub fn mode(&self) -> Mode {
        self.within(self.mode.unwrap_or_default())
    }

    /// The stricter of a mode and the project's.
    fn within(&self, mode: Mode) -> Mode {
        let rank = |mode: Mode| Mode::ALL.iter().position(|other| *other == mode).unwrap_or(0);
        self.ceiling.filter(|ceiling| rank(*ceiling) < rank(mode)).unwrap_or(mode)
    }

    /// What was allowed in this session.
    pub fn grants(&self) -> Vec<Grant> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Allows something for the rest of the session. It does not go before a
    /// refusal, nor before a question about something more exact.
    pub fn grant(&self, grant: Grant) {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }

    /// Decides, and says by what.
    pub fn decide(&self, mode: Mode, tool: &str, access: &Access) -> Ruling {
        let mode = self.within(mode);
        let by_access = match access {
            Access::Read { path } => self.file(mode, tool, path, false),
            Access::Write { paths } => paths
                .iter()
                .map(|path| self.file(mode, tool, path, true))
                .reduce(Ruling::and)
                .unwrap_or_else(|| by_mode(Answer::Ask, mode)),
            Access::Run { command } => self.line(mode, tool, command),
            Access::Mcp { server, tool } => self.served(mode, &format!("{server}/{tool}")),
            Access::Other => by_mode(Answer::Allow, mode),
        };
        // A rule about the tool itself, beside what it is used for.
        match self.of_tool(tool).map(ruled) {
            Some(ruling) if ruling.answer > Answer::Allow => ruling.and(by_access),
            Some(ruling) if by_access.answer == Answer::Ask && by_mode_alone(&by_access, mode) => ruling,
            _ => by_access,
        }
    }

    /// The strictest rule about a tool itself.
    fn of_tool(&self, name: &str) -> Option<&Rule> {
        let about = self.rules.iter().filter(|rule| rule.is_of_tool(name));
        about.reduce(|first, other| if other.answer > first.answer { other } else { first })
    }

    fn served(&self, mode: Mode, name: &str) -> Ruling {
        if let Some(rule) = self.of_tool(name) {
            let granted = self.granted(|grant| matches!(grant, Grant::Tool { name: own } if own == name));
            return match (rule.answer, granted) {
                (Answer::Ask, Some(grant)) => grant,
                _ => ruled(rule),
            };
        }
        if mode == Mode::ReadOnly {
            return by_mode(Answer::Deny, mode);
        }
        self.granted(|grant| matches!(grant, Grant::Tool { name: own } if own == name))
            .unwrap_or_else(|| by_mode(if mode == Mode::Full { Answer::Allow } else { Answer::Ask }, mode))
    }

    /// One file that is read or changed.
    fn file(&self, mode: Mode, tool: &str, path: &str, writes: bool) -> Ruling {
        let fitting = |answer| {
            self.rules.iter().find(|rule| rule.answer == answer && rule.is_of_path(tool, path))
        };
        if let Some(rule) = fitting(Answer::Deny) {
            return ruled(rule);
        }
        if writes && mode == Mode::ReadOnly {
            return by_mode(Answer::Deny, mode);
        }
        let granted = self.granted(|grant| {
            matches!(grant, Grant::Path { path: own, writes: may } if own == path && (*may || !writes))
        });
        if let Some(ruling) = granted {
            return ruling;
        }
        if let Some(rule) = fitting(Answer::Ask) {
            return ruled(rule);
        }
        if is_outside(path) {
            return Ruling::new(Answer::Ask, format!("{path} lies outside of the root"), DecidedBy::Outside);
        }
        if writes && is_guarded(path) {
            let why = format!("{path} decides what other programs do");
            return Ruling::new(Answer::Ask, why, DecidedBy::Guarded);
        }
        if let Some(rule) = fitting(Answer::Allow) {
            return ruled(rule);
        }
        let may = !writes || matches!(mode, Mode::AutoEdit | Mode::Full);
        by_mode(if may { Answer::Allow } else { Answer::Ask }, mode)
    }

    /// A line for the shell.
    fn line(&self, mode: Mode, tool: &str, line: &str) -> Ruling {
        let found = match commands(line) {
            Ok(found) => found,
            Err(unsure) => return self.unsure(mode, line, unsure.0),
        };
        let mut ruling: Option<Ruling> = None;
        let mut has_moved = false;
        for command in &found {
            let one = self.command(mode, tool, command, has_moved);
            ruling = Some(match ruling {
                Some(before) => before.and(one),
                None => one,
            });
            has_moved |= command.words.first().is_some_and(|word| word == "cd" || word == "pushd" || word == "popd");
        }
        let ruling = ruling.unwrap_or_else(|| by_mode(Answer::Ask, mode));
        let whole = |grant: &Grant| matches!(grant, Grant::Line { line: own } if own == line);
        match ruling.answer {
            Answer::Ask if !matches!(ruling.by, DecidedBy::Rule { .. }) => {
                self.granted(whole).unwrap_or(ruling)
            }
            Answer::Allow if !self.is_confined => self.granted(whole).unwrap_or_else(|| {
                Ruling::new(Answer::Ask, "commands are not confined here", DecidedBy::Unconfined)
            }),
            _ => ruling,
        }
    }

    /// A line that cannot be read for sure.
    fn unsure(&self, mode: Mode, line: &str, why: &'static str) -> Ruling {
        if mode == Mode::ReadOnly {
            return by_mode(Answer::Deny, mode);
        }
        let granted = self.granted(|grant| matches!(grant, Grant::Line { line: own } if own == line));
        if let Some(ruling) = granted {
            return ruling;
        }
        // What may be refused is not looked through in vain.
        let has_rules = self.rules.iter().any(|rule| {
            rule.answer > Answer::Allow && (rule.has_path() || !rule.words.is_empty())
        });
        if mode == Mode::Full && self.is_confined && !has_rules {
            return by_mode(Answer::Allow, mode);
        }
        Ruling::new(Answer::Ask, format!("it is not sure what it runs: {why}"), DecidedBy::Unsure)
    }

    /// One command of a line, with the files that it is sent to.
    fn command(&self, mode: Mode, tool: &str, command: &SimpleCommand, has_moved: bool) -> Ruling {
        let mut ruling = self.words(mode, tool, command, has_moved);
        for redirect in &command.redirects {
            if is_device(&redirect.path) {
                continue;
            }
            if has_moved {
                let why = format!("it is not sure which file {} is", redirect.path);
                ruling = ruling.and(Ruling::new(Answer::Ask, why, DecidedBy::Unsure));
            }
            ruling = ruling.and(self.file(mode, tool, &redirect.path, redirect.writes));
        }
        ruling
    }

    fn words(&self, mode: Mode, tool: &str, command: &SimpleCommand, has_moved: bool) -> Ruling {
        let fitting = |answer| {
            self.rules.iter().find(|rule| rule.answer == answer && rule.is_of_command(tool, command))
        };
        if let Some(rule) = fitting(Answer::Deny) {
            return ruled(rule);
        }
        let is_plain = command.assignments.iter().all(|(name, _)| is_harmless(name)) && !command.is_open;
        let sets_nothing = command.words.is_empty() && is_plain;
        let reads = only_reads(command) || sets_nothing;
        if mode == Mode::ReadOnly && !reads {
            return by_mode(Answer::Deny, mode);
        }
        let named = if reads { self.operands(tool, command, has_moved) } else { None };
        if let Some(ruling) = named {
            return ruling;
        }
        let grants = |grant: &Grant| match grant {
            Grant::Prefix { words } => is_plain && command.words.starts_with(words),
            _ => false,
        };
        if let Some(rule) = fitting(Answer::Ask) {
            // Who has said yes to exactly what is asked for is not asked again.
            let exact = |grant: &Grant| {
                grants(grant)
                    && matches!(grant, Grant::Prefix { words } if words.starts_with(&rule.words))
            };
            return self.granted(exact).unwrap_or_else(|| ruled(rule));
        }
        if let Some(rule) = fitting(Answer::Allow).filter(|_| is_plain) {
            return ruled(rule);
        }
        if let Some(ruling) = self.granted(grants) {
            return ruling;
        }
        if reads {
            return Ruling::new(Answer::Allow, "it only reads", DecidedBy::OnlyReads);
        }
        by_mode(if mode == Mode::Full { Answer::Allow } else { Answer::Ask }, mode)
    }

    /// A rule about a file that a reading command names. Folders that it goes
    /// through by itself are not looked at.
    fn operands(&self, tool: &str, command: &SimpleCommand, has_moved: bool) -> Option<Ruling> {
        let strict = || self.rules.iter().filter(|rule| rule.answer > Answer::Allow && rule.has_path());
        if has_moved && strict().next().is_some() {
            let why = "it is not sure which files it reads";
            return Some(Ruling::new(Answer::Ask, why, DecidedBy::Unsure));
        }
        let parts = command.words.iter().skip(1).flat_map(|word| {
            let value = word.split_once('=').map(|(_, value)| value);
            [Some(word.as_str()), value]
        });
        let named = parts.flatten().map(|path| path.trim_start_matches("./"));
        named
            .filter_map(|path| strict().find(|rule| rule.is_of_path(tool, path)))
            .map(ruled)
            .max_by_key(|ruling| ruling.answer)
    }

    fn granted(&self, fits: impl Fn(&Grant) -> bool) -> Option<Ruling> {
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = grants.iter().find(|grant| fits(grant))?.clone();
        Some(Ruling::new(Answer::Allow, "it was allowed for this session", DecidedBy::Grant { grant }))
    }

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
                let asked = found
                    .iter()
                    .filter(|command| self.command(mode, tool, command, false).answer == Answer::Ask);
                let prefixes: Option<Vec<Grant>> = asked.map(prefix).collect();
                prefixes.filter(|grants| self.is_confined && !grants.is_empty()).unwrap_or_else(whole)
            }
            Access::Other => Vec::new(),
        }
    }
}

impl Policy for Permissions {
    fn judge(&self, mode: Mode, tool: &str, access: &Access) -> Verdict {
        self.decide(mode, tool, access).verdict()
    }

    fn remember(&self, tool: &str, access: &Access) {
        for grant in self.offered(Mode::Ask, tool, access) {
            self.grant(grant);
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
        name if WITH_SCRIPT.contains(&name) && command.words.get(1).is_some_and(|verb| verb == "run") => 3,
        name if WITH_SCRIPT.contains(&name) || WITH_VERB.contains(&name) => 2,
        _ => return None,
    };
    let words = command.words.get(..length)?;
    let is_verb = words[1..].iter().all(|word| !word.starts_with('-'));
    is_verb.then(|| Grant::Prefix { words: words.to_vec() })
}

fn ruled(rule: &Rule) -> Ruling {
    let source = rule.source;
    Ruling::new(rule.answer, clause(rule), DecidedBy::Rule { source, rule: rule.written.clone() })
}

/// A rule as a clause.
fn clause(rule: &Rule) -> String {
    let written = &rule.written;
    let parts = [("tool", &written.tool), ("path", &written.path), ("command", &written.command)];
    let parts =
        parts.into_iter().filter_map(|(key, value)| Some(format!("{key} `{}`", value.as_ref()?)));
    let whose = match rule.source {
        RuleSource::User => "your",
        RuleSource::Project => "the project's",
    };
    let list = match rule.answer {
        Answer::Allow => "allow",
        Answer::Ask => "ask",
        Answer::Deny => "deny",
    };
    format!("{whose} rule `{list}` for {}", parts.collect::<Vec<_>>().join(", "))
}

fn by_mode(answer: Answer, mode: Mode) -> Ruling {
    Ruling::new(answer, format!("the mode is {}", mode.as_str()), DecidedBy::Mode { mode })
}

fn by_mode_alone(ruling: &Ruling, mode: Mode) -> bool {
    ruling.by == DecidedBy::Mode { mode }
}

/// Files that a line may be sent to without anything being written.
fn is_device(path: &str) -> bool {
    ["/dev/null", "/dev/stdout", "/dev/stderr"].contains(&path)
}

fn is_outside(path: &str) -> bool {
    path.starts_with(['/', '~', '\\']) || path.split(['/', '\\']).any(|part| part == "..")
}

fn is_guarded(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| {
        GUARDED.iter().any(|name| {
            let part = part.to_ascii_lowercase();
            part == *name || (*name == ".mlx-code" && part.starts_with(name))
        })
    })
}

#[cfg(test)]
#[path = "permissions_tests.rs"]
mod tests;
